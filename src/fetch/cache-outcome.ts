import { isInnerList, type Parameters, parseList, Token } from 'structured-headers';
import type { CacheStatus, ForwardReason } from '../http/cache-status.ts';
import { CACHE_NAME } from '../response-cache/entry.ts';

/** What has header fields: a `Response`, or an answer of another client with its fields in an object. */
export interface WithFields {
  readonly headers: Pick<Headers, 'get'> | Readonly<Record<string, string | readonly string[] | undefined>>;
}

/**
 * How a response came about, in the words of RFC 9211: what the cachegate nearest to the caller says in its `Cache-Status`;
 * `null` where none has.
 */
export function cacheOutcomeOf({ headers }: WithFields): CacheStatus | null {
  const value = fieldOf(headers);
  if (value === undefined) return null;
  try {
    for (const member of parseList(value).reverse()) {
      if (isInnerList(member)) continue;
      const [name, parameters] = member;
      if (textOf(name) === CACHE_NAME) return outcomeOf(parameters);
    }
    return null;
  } catch {
    // No structured field: it is ignored (RFC 8941 §4.2).
    return null;
  }
}

const NAME = 'cache-status';

function fieldOf(headers: WithFields['headers']): string | undefined {
  if (typeof headers.get === 'function') return (headers as Headers).get(NAME) ?? undefined;
  const value = (headers as Record<string, string | readonly string[] | undefined>)[NAME];
  return typeof value === 'object' ? value.join(', ') : value;
}

const REASONS: ReadonlySet<string | undefined> = new Set<ForwardReason>([
  ...(['bypass', 'method', 'uri-miss', 'vary-miss', 'miss', 'request', 'stale', 'partial'] as const),
]);

function outcomeOf(parameters: Parameters): CacheStatus {
  const text = (name: string) => textOf(parameters.get(name));
  const number = (name: string) => {
    const value = parameters.get(name);
    return typeof value === 'number' ? value : undefined;
  };
  const [ttl, key, detail] = [number('ttl'), text('key'), text('detail')];
  const known = {
    ...(ttl !== undefined && { ttl }),
    ...(key !== undefined && { key }),
    ...(detail !== undefined && { detail }),
  };
  if (parameters.get('hit') === true) return { hit: true, ...known };
  const [fwd, fwdStatus] = [text('fwd'), number('fwd-status')];
  return {
    hit: false,
    ...(REASONS.has(fwd) && { fwd: fwd as ForwardReason }),
    ...(fwdStatus !== undefined && { fwdStatus }),
    ...(parameters.get('stored') === true && { stored: true }),
    ...(parameters.get('collapsed') === true && { collapsed: true }),
    ...known,
  };
}

function textOf(value: unknown): string | undefined {
  if (value instanceof Token) return value.toString();
  return typeof value === 'string' ? value : undefined;
}
