import { SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.ts';
import type { FieldList } from '../http/fields.ts';
import type { Identity } from '../session/identity.ts';
import type { MaybePromise } from '../store/store.ts';
import { type IdentityPassing, type PassedParts, passed } from './identity-passing.ts';

const IDENTITY = 'X-Cachegate-Identity';
const VALID_SECONDS = 60;
const REMEMBERED = 10_000;

export interface SignedPassingOptions {
  readonly parts: PassedParts;
  /** The audience: whose origin it is meant for. */
  readonly service: string;
  /** Known to the origin. */
  readonly secret: string;
  readonly clock: Clock;
}

/** As a signed token (JWS with HS256), for an origin that others can reach too. */
export function createSignedPassing({
  parts,
  service,
  secret,
  clock,
}: SignedPassingOptions): IdentityPassing {
  const key = new TextEncoder().encode(secret);
  /** Signing takes longer than all else that a request needs: a token serves for half of its life. */
  const signed = new LRUCache<string, { readonly until: number; readonly fields: MaybePromise<FieldList> }>({
    max: REMEMBERED,
  });
  const nameOf = (identity: Identity | null) => {
    const { user, roles } = passed(identity, parts);
    return JSON.stringify([user, ...roles]);
  };

  async function sign({ user, roles }: Identity, now: number): Promise<FieldList> {
    const issuedAt = Math.floor(now / 1000);
    const token = new SignJWT({ roles: [...roles] })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setAudience(service)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + VALID_SECONDS);
    return [IDENTITY, await (user === null ? token : token.setSubject(user)).sign(key)];
  }

  return {
    names: new Set([IDENTITY.toLowerCase()]),
    fieldsFor(identity) {
      const now = clock.now();
      const name = nameOf(identity);
      const known = signed.get(name);
      if (known !== undefined && known.until > now) return known.fields;
      const until = now + (VALID_SECONDS / 2) * 1000;
      const signing = sign(passed(identity, parts), now).then((fields) => {
        signed.set(name, { until, fields });
        return fields;
      });
      signed.set(name, { until, fields: signing });
      return signing;
    },
    standing: (identity) => nameOf(identity),
    likeness: nameOf,
  };
}
