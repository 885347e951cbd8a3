import { endToEndFields, type FieldList } from '../http/fields.ts';

export interface PresentationOptions {
  /** Fields set on every answer of the service, in the place of the origin's. */
  readonly ownFields: Readonly<Record<string, string>>;
  /** The gate speaks CORS itself, so the origin's is left out. */
  readonly ownCors: boolean;
  /** Only callers that were let in may see it, so no other cache may keep it for others. */
  readonly gated: boolean;
}

/** Makes of an origin's fields those that clients see: the same for every client, so made once for a stored response. */
export function createPresentation(options: PresentationOptions): (fields: FieldList) => FieldList {
  const own: Record<string, string> = {
    ...(options.gated && { 'Cache-Control': 'private, no-cache' }),
    ...options.ownFields,
  };
  // Trailers are not passed on, so they are not announced either.
  const replaced = new Set(['trailer', ...Object.keys(own).map((name) => name.toLowerCase())]);
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
