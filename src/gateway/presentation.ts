import { endToEndFields, type FieldList } from '../http/fields.ts';

export interface PresentationOptions {
  /** Fields set on every answer of the service, in the place of the origin's. */
  readonly ownFields: Readonly<Record<string, string>>;
  /** The gate speaks CORS itself, so the origin's is left out. */
  readonly ownCors: boolean;
  /** Only callers that were let in may see it, so no other cache may keep it for others. */
  readonly gated: boolean;
  /** Fields in lower case that speak to some caches before `Cache-Control` does. */
  readonly targetedFields: readonly string[];
}

// Trailers are announced by who sends them, and Surrogate-Control is for here (Edge Architecture §2.2).
const NEVER = ['trailer', 'surrogate-control'];

/** Makes of an origin's fields those that clients see: the same for every client, so made once for a stored response. */
export function createPresentation(options: PresentationOptions): (fields: FieldList) => FieldList {
  const own: Record<string, string> = {
    ...(options.gated && { 'Cache-Control': 'private, no-cache' }),
    ...options.ownFields,
  };
  const replaced = new Set([...NEVER, ...Object.keys(own).map((name) => name.toLowerCase())]);
  // What would let a cache in front of the gate share an answer all the same (RFC 9213 §2.2).
  if (options.gated) for (const name of ['expires', ...options.targetedFields]) replaced.add(name);
  const ownFields = Object.entries(own).flat();
  return (fields) => {
    const result: string[] = [];
    const received = endToEndFields(fields);
    for (let i = 0; i < received.length; i += 2) {
      const lowerName = received[i]!.toLowerCase();
      if (replaced.has(lowerName)) continue;
      if (options.ownCors && lowerName.startsWith('access-control-')) continue;
      result.push(received[i]!, received[i + 1]!);
    }
    result.push(...ownFields);
    return result;
  };
}
