import type { Fetch } from '../fetch/platform-fetch.ts';
import { unreadableOrigin } from '../response-cache/origin-error.ts';

// Deno decodes what it has asked for by itself, and nothing where it is told what to ask for.
const ASKS_BY_ITSELF = 'Deno' in globalThis;
const DECODED: readonly string[] = ASKS_BY_ITSELF ? ['gzip', 'br'] : ['gzip', 'deflate', 'br'];
/** Those that one runtime or another decodes, asked for or not. */
const DECODED_BY_SOME: readonly string[] = ['gzip', 'x-gzip', 'deflate', 'br', 'zstd'];

/**
 * Asks only for codings of a content that this runtime surely decodes, and refuses what may have been decoded or not.
 * @param headers pairs, in which nothing is said of codings
 */
export async function codedFetch(fetch: Fetch, url: string, init: RequestInit): Promise<Response> {
  const pairs = init.headers as [string, string][];
  const codings = acceptedFor(pairs);
  const headers = codings === null ? pairs : [...pairs, ['accept-encoding', codings] as [string, string]];
  const response = await fetch(url, { ...init, headers });
  const coding = response.headers.get('content-encoding');
  if (response.body === null || coding === null || isKnown(coding)) return response;
  response.body.cancel().catch(() => {});
  throw unreadableOrigin(`Content-Encoding: ${coding.slice(0, 100)}`);
}

/** `null`: nothing is to be said. */
function acceptedFor(fields: readonly (readonly [string, string])[]): string | null {
  // A part of a coded content can't be decoded. The standard's fetch says so too, and two words for it do no harm.
  if (fields.some(([name]) => name.toLowerCase() === 'range')) return 'identity';
  return ASKS_BY_ITSELF ? null : DECODED.join(', ');
}

function isKnown(value: string): boolean {
  const codings = value.split(',').map((coding) => coding.trim().toLowerCase());
  if (codings.length === 1 && DECODED.includes(codings[0]!)) return true;
  return !codings.some((coding) => DECODED_BY_SOME.includes(coding));
}
