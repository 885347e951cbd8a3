import { CachegateError } from '../../errors.ts';
import type { Identity } from '../identity.ts';
import { isIdentityText, rolesOf } from '../identity-values.ts';
import { type JsonPointer, parseJsonPointer, pointedAt } from './json-pointer.ts';

/** Where a value stands in an authority's answer: in a header field, or in a JSON body (a pointer, RFC 6901). */
export type IdentitySource = { readonly header: string } | { readonly json: string };

export interface IdentitySources {
  /** A text or a whole number. Left out: users are not told apart. */
  readonly user?: IdentitySource;
  /** A list of texts, or one text with commas. Left out, or not there: no roles. */
  readonly roles?: IdentitySource;
}

/** What an authority has answered. */
export interface IdentityAnswer {
  /** The values of a field by its lower-case name, one for each line, every byte a character. */
  lines(lowerName: string): readonly string[];
  readonly document: unknown;
}

export type IdentityReading =
  | { readonly ok: true; readonly identity: Identity }
  /** `lack` names what is not there or unusable, and never the value found. */
  | { readonly ok: false; readonly lack: string };

export interface IdentityReader {
  /** Whether `document` is looked at. */
  readonly needsDocument: boolean;
  read(answer: IdentityAnswer): IdentityReading;
}

/** @throws CachegateError `ERR_CONFIG_INVALID` for a text that is no JSON pointer */
export function createIdentityReader({ user, roles }: IdentitySources): IdentityReader {
  const places = { user: user && placeOf(user, oneLine), roles: roles && placeOf(roles, allLines) };
  return {
    needsDocument: [user, roles].some((source) => source !== undefined && 'json' in source),
    read(answer) {
      const who = places.user === undefined ? null : userFrom(places.user.find(answer));
      if (who === undefined) return { ok: false, lack: `no user ${places.user!.name}` };
      const found = places.roles?.find(answer);
      const may = found === undefined || found === null ? [] : rolesFrom(found, ',');
      if (may === null) return { ok: false, lack: `no usable roles ${places.roles!.name}` };
      return { ok: true, identity: { user: who, roles: may } };
    },
  };
}

interface Place {
  /** As in "no user …". */
  readonly name: string;
  find(answer: IdentityAnswer): unknown;
}

type Lines = readonly string[];

// Which of two users would it be?
const oneLine = (lines: Lines) => (lines.length === 1 ? utf8Text(lines[0]!) : undefined);
const allLines = (lines: Lines) => (lines.length === 0 ? undefined : utf8Text(lines.join(',')));

// Read in two ways, one name could be made to look like another.
function utf8Text(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8');
}

function placeOf(source: IdentitySource, textOf: (lines: Lines) => string | undefined): Place {
  if ('header' in source) {
    const lowerName = source.header.toLowerCase();
    return { name: `in the field ${source.header}`, find: ({ lines }) => textOf(lines(lowerName)) };
  }
  const pointer: JsonPointer | null = parseJsonPointer(source.json);
  if (pointer === null) {
    throw new CachegateError('ERR_CONFIG_INVALID', `${JSON.stringify(source.json)} is no JSON pointer`);
  }
  const name = `at ${source.json || 'the root of the body'}`;
  return { name, find: ({ document }) => pointedAt(document, pointer) };
}

/** A user as found: a text, or a number that stands for itself alone; `undefined` for anything else. */
export function userFrom(found: unknown): string | undefined {
  if (Number.isSafeInteger(found)) return String(found);
  return isIdentityText(found) ? found : undefined;
}

/** Roles as found: a list of texts, or a text that is cut at `separator`; `null` for anything else. */
export function rolesFrom(found: unknown, separator: ',' | ' '): readonly string[] | null {
  if (typeof found === 'string') return cut(found, separator);
  if (!Array.isArray(found)) return null;
  return rolesOf(found);
}

function cut(text: string, separator: string): readonly string[] | null {
  const parts = text.split(separator).map((part) => part.trim());
  return rolesOf(parts.filter((part) => part !== ''));
}
