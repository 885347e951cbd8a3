import { endToEndFields, type FieldList, fieldLines, isConnectionField } from '../http/fields.ts';

/**
 * What of a trailer section may travel on: end-to-end fields, but none that frames, routes, authorises, controls or
 * describes the message, since whoever acts on those has done so with the header section (RFC 9110 §6.5.1).
 *
 * @param header the header section before it, whose `Connection` may name a field of the trailer section too
 */
export function trailerFields(received: FieldList, header: FieldList): FieldList {
  if (received.length === 0) return received;
  const nominated = fieldLines(header, 'connection').flatMap((options) => ['Connection', options]);
  const fields = endToEndFields([...nominated, ...received]);
  const kept: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    const lowerName = fields[i]!.toLowerCase();
    if (!isConnectionField(lowerName) && !FORBIDDEN.has(lowerName)) kept.push(fields[i]!, fields[i + 1]!);
  }
  return kept;
}

const FORBIDDEN: ReadonlySet<string> = new Set([
  ...['host', 'forwarded', 'location', 'max-forwards', 'via'],
  ...['authorization', 'cookie', 'set-cookie', 'www-authenticate', 'authentication-info'],
  ...['age', 'cache-control', 'cache-status', 'cdn-cache-control', 'surrogate-control', 'pragma', 'warning'],
  ...['date', 'expires', 'retry-after', 'vary'],
  ...['content-encoding', 'content-language', 'content-location', 'content-range', 'content-type'],
  ...['accept-ranges', 'expect', 'range'],
]);
