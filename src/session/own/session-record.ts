import { CachegateError } from '../../errors.ts';
import { isName, isRoles } from './session-claims.ts';

/** What the store holds of a session. Instants are in milliseconds since the epoch. */
export interface SessionRecord {
  /** Counts the writes. */
  readonly version: number;
  readonly user: string | null;
  readonly roles: readonly string[];
  readonly createdAt: number;
  /** When a request last touched it; its idle lifetime begins there. */
  readonly seenAt: number;
  /** The end of its absolute lifetime. */
  readonly endsAt: number;
  readonly data: ReadonlyMap<string, unknown>;
}

// The first byte of a value says its form; a value of another form is a session of nobody's here.
const FORM = 1;
const MOVED_FORM = 2;

export function encodeRecord(record: SessionRecord): Buffer {
  const { version, user, roles, createdAt, seenAt, endsAt, data } = record;
  const json = {
    n: version,
    u: user,
    r: roles,
    c: createdAt,
    t: seenAt,
    e: endsAt,
    d: Object.fromEntries(data),
  };
  return withForm(FORM, JSON.stringify(json));
}

function withForm(form: number, text: string): Buffer {
  const length = Buffer.byteLength(text);
  const bytes = Buffer.allocUnsafe(1 + length);
  bytes[0] = form;
  bytes.write(text, 1);
  return bytes;
}

// A copy in this process is the same Buffer each time, so it is decoded once.
const decoded = new WeakMap<Buffer, SessionRecord>();

/** `null` for what is no record of a form known here. The data is frozen: it is others' too. */
export function decodeRecord(bytes: Buffer): SessionRecord | null {
  const known = decoded.get(bytes);
  if (known !== undefined) return known;
  if (bytes[0] !== FORM) return null;
  const record = parseRecord(bytes.toString('utf8', 1));
  if (record !== null) decoded.set(bytes, record);
  return record;
}

function parseRecord(text: string): SessionRecord | null {
  try {
    const { n, u, r, c, t, e, d } = JSON.parse(text);
    if (![n, c, t, e].every((each) => Number.isSafeInteger(each) && each >= 0)) return null;
    // What no token could carry would make every request fail that has to sign one.
    if ((u !== null && !isName(u)) || !isRoles(r)) return null;
    if (typeof d !== 'object' || d === null || Array.isArray(d)) return null;
    const data = new Map(Object.entries(d));
    for (const value of data.values()) freeze(value);
    return { version: n, user: u, roles: Object.freeze(r), createdAt: c, seenAt: t, endsAt: e, data };
  } catch {
    return null;
  }
}

function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  for (const each of Object.values(value)) freeze(each);
  Object.freeze(value);
}

/** What stands in the place of a session that has got a new id, until no request is under way with the old one. */
export function encodeMoved(digest: string): Buffer {
  return withForm(MOVED_FORM, digest);
}

/** Where a session that has moved is now: the digest of its new id. `null`: it has not. */
export function movedTo(bytes: Buffer): string | null {
  return bytes[0] === MOVED_FORM ? bytes.toString('utf8', 1) : null;
}

const MAX_FIELD_LENGTH = 256;
const MAX_DEPTH = 64;

/** @throws CachegateError `ERR_SESSION_VALUE` */
export function checkField(field: string): void {
  if (typeof field === 'string' && field.length >= 1 && field.length <= MAX_FIELD_LENGTH) return;
  const message = `A session's field is named by a text of 1 to ${MAX_FIELD_LENGTH} characters`;
  throw new CachegateError('ERR_SESSION_VALUE', message);
}

/**
 * A frozen copy of a value as JSON carries it.
 * @throws CachegateError `ERR_SESSION_VALUE` for one that JSON would change or leave out
 */
export function snapshot(field: string, value: unknown): unknown {
  if (!isJson(value, 0)) {
    const accepted = 'null, booleans, finite numbers, texts, and arrays and plain objects of these';
    throw new CachegateError('ERR_SESSION_VALUE', `${field}: a session holds JSON values only (${accepted})`);
  }
  if (typeof value !== 'object' || value === null) return value;
  const copy: unknown = JSON.parse(JSON.stringify(value));
  freeze(copy);
  return copy;
}

function isJson(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value);
    case 'object':
      if (value === null) return true;
      // Deeper than any data is what goes in circles.
      if (depth >= MAX_DEPTH) return false;
      return isPlain(value) && Object.values(value).every((each) => isJson(each, depth + 1));
    default:
      return false;
  }
}

function isPlain(value: object): boolean {
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') return false;
  // A hole in an array would become null.
  if (Array.isArray(value)) return Object.keys(value).length === value.length;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
