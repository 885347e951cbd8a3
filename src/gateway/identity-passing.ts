import type { FieldList } from '../http/fields.ts';
import type { Identity } from '../session/identity.ts';
import type { MaybePromise } from '../store/store.ts';

/** Tells an origin whose the session is. No origin ever sees a client's fields of these names (`forwarding.ts`). */
export interface IdentityPassing {
  /** In lower case, the fields that it sets. */
  readonly names: ReadonlySet<string>;
  /** The fields of a request to the origin. Never rejects. */
  fieldsFor(identity: Identity | null): MaybePromise<FieldList>;
  /** What stands for a field's value where requests are compared (`Vary`): the same for the same identity. */
  standing(identity: Identity | null, lowerName: string): string | undefined;
  /** What tells the requests of one identity from another's. */
  likeness(identity: Identity | null): string;
}

/** What of an identity goes on. */
export interface PassedParts {
  readonly user: boolean;
  readonly roles: boolean;
}

const NOBODY: Identity = { user: null, roles: [] };

/** What of an identity goes on, by what the service says of it. */
export function passed(identity: Identity | null, parts: PassedParts): Identity {
  const { user, roles } = identity ?? NOBODY;
  return { user: parts.user ? user : null, roles: parts.roles ? roles : NOBODY.roles };
}

const USER = 'X-Cachegate-User';
const ROLES = 'X-Cachegate-Roles';

/** As plain fields, for an origin that only the gate can reach. */
export function createTrustedPassing(parts: PassedParts): IdentityPassing {
  function fieldsFor(identity: Identity | null): FieldList {
    const { user, roles } = passed(identity, parts);
    return [
      ...(user === null ? [] : [USER, fieldText(user)]),
      ...(roles.length === 0 ? [] : [ROLES, roles.map(fieldText).join(',')]),
    ];
  }
  return {
    names: new Set([USER.toLowerCase(), ROLES.toLowerCase()]),
    fieldsFor,
    standing(identity, lowerName) {
      const fields = fieldsFor(identity);
      const at = fields.findIndex((name, i) => i % 2 === 0 && name.toLowerCase() === lowerName);
      return at === -1 ? undefined : fields[at + 1];
    },
    likeness: (identity) => fieldsFor(identity).join('\n'),
  };
}

// What a list, or whoever decodes the value, would take for something else is encoded too.
const PLAIN = /^[!"#$&'()*+\-./0-9:;<=>?@A-Z[\\\]^_`a-z{|}~]*$/;

/** A text as visible ASCII without commas: all other characters percent-encoded as UTF-8, `%` among them. */
function fieldText(text: string): string {
  return PLAIN.test(text)
    ? text
    : [...text].map((character) => (PLAIN.test(character) ? character : encoded(character))).join('');
}

function encoded(character: string): string {
  return [...Buffer.from(character)]
    .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
    .join('');
}
