import { type BareItem, type InnerList, type Item, parseDictionary } from 'structured-headers';
import {
  type CacheControl,
  type Draft,
  FLAGS,
  limitedTo,
  MAX_DELTA_SECONDS,
  noDirectives,
  parseDeltaSeconds,
  SECONDS,
} from './cache-control.ts';

// What a directive of `Surrogate-Control` for this cache alone is targeted at.
const SURROGATE_TARGET = 'cachegate';

/**
 * Reads a field that carries the directives of `Cache-Control` for caches like this one alone; `undefined` when it is
 * to be ignored. `Surrogate-Control` is read as the W3C's Edge Architecture Specification has it (§2.2, §2.3, §4.2),
 * any other as a targeted field (RFC 9213 §2.1, §2.2). Never throws.
 */
export function parseTargeted(lowerFieldName: string, value: string): CacheControl | undefined {
  return lowerFieldName === 'surrogate-control' ? parseSurrogateControl(value) : parseTargetedField(value);
}

function parseTargetedField(value: string): CacheControl | undefined {
  const members = dictionaryOf(value);
  if (members === undefined || members.size === 0) return undefined;
  const decimals = decimalMembers(value);
  const found = noDirectives();
  for (const [name, [member]] of members) {
    const isDecimal = typeof member === 'number' && decimals.has(name);
    if (!isDecimal) applyMember(found, name, member);
  }
  return found;
}

function dictionaryOf(value: string): ReadonlyMap<string, Item | InnerList> | undefined {
  try {
    return parseDictionary(value);
  } catch {
    return undefined;
  }
}

/** A member of another type than its directive has counts for nothing (RFC 9213 §2.1). */
function applyMember(found: Draft, name: string, member: BareItem | readonly Item[]): void {
  const seconds = SECONDS.get(name);
  const flag = FLAGS.get(name);
  if (seconds !== undefined) {
    if (typeof member === 'number' && member >= 0) found[seconds] = saturated(member);
  } else if (flag !== undefined) {
    if (member === true) found[flag] = true;
  } else if (name === 'no-cache' || name === 'private') {
    const key = name === 'private' ? 'private' : 'noCache';
    if (member === true) found[key] = true;
    else if (typeof member === 'string') found[key] = limitedTo(false, member);
  }
}

// Not -0, which an Integer may be.
function saturated(seconds: number): number {
  return Math.abs(Math.min(seconds, MAX_DELTA_SECONDS));
}

const STRINGS = /%"[^"]*"|"[^"\\]*(?:\\.[^"\\]*)*"/g;
const NUMBERS = /(?:^|,)[ \t]*([a-z*][a-z0-9_.*-]*)=-?[0-9]+(\.?)/g;

/**
 * The members of a valid dictionary that are Decimals. Parsed they are numbers like Integers, and RFC 9213 §2.1 allows
 * a number of seconds to be an Integer only.
 */
function decimalMembers(value: string): ReadonlySet<string> {
  const names = new Set<string>();
  if (!value.includes('.')) return names;
  for (const [, name, point] of value.replace(STRINGS, '""').matchAll(NUMBERS)) {
    // The last of several members of a name counts (RFC 8941 §4.2.2).
    if (point === '') names.delete(name!);
    else names.add(name!);
  }
  return names;
}

/**
 * `undefined` when nothing that is known here is said to this cache. `content` is for surrogates that process bodies,
 * and `no-store-remote` for those far from the origin, which this one stands beside (§4.2).
 */
function parseSurrogateControl(value: string): CacheControl | undefined {
  const general: string[] = [];
  const own: string[] = [];
  // Capabilities hold no quote, so nothing is escaped here; that keeps the time linear.
  for (const member of value.replace(/"[^"]*"/g, '""').split(',')) {
    const [directive, ...targets] = member.split(';').map((part) => part.trim());
    if (targets.length === 0) general.push(directive!.toLowerCase());
    else if (targets.includes(SURROGATE_TARGET)) own.push(directive!.toLowerCase());
  }
  const found = noDirectives();
  // A directive targeted at this cache overrides the same one for all (§2.3), and the first of several counts.
  for (const directive of [...own, ...general]) applySurrogateDirective(found, directive);
  return found.noStore || found.maxAgeSeconds !== undefined ? found : undefined;
}

const MAX_AGE = /^max-age=([0-9]+)(?:\+([0-9]+))?$/;

function applySurrogateDirective(found: Draft, directive: string): void {
  if (directive === 'no-store') found.noStore = true;
  const match = found.maxAgeSeconds === undefined ? MAX_AGE.exec(directive) : null;
  if (match === null) return;
  found.maxAgeSeconds = parseDeltaSeconds(match[1]!);
  // What follows the plus is how long it may be used stale (§4.2.3).
  found.staleWhileRevalidateSeconds = match[2] === undefined ? undefined : parseDeltaSeconds(match[2]);
}
