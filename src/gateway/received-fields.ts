import type { Dispatcher } from 'undici';
import { endToEndFields, type FieldList, isConnectionField } from '../http/fields.ts';

/** A field section as undici's HTTP/1.1 parser gives it: in bytes, each of them a character (RFC 9110 §5.5). */
export function receivedFields(raw: Dispatcher.DispatchController['rawHeaders']): string[] {
  return ((raw ?? []) as Buffer[]).map((bytes) => bytes.toString('latin1'));
}

/** Takes away, in place, the white space after values, which the parser leaves and which is no part of them. */
export function trimmed(fields: string[]): FieldList {
  for (let i = 1; i < fields.length; i += 2) {
    const value = fields[i]!;
    let end = value.length;
    while (end > 0 && (value[end - 1] === ' ' || value[end - 1] === '\t')) end -= 1;
    if (end < value.length) fields[i] = value.slice(0, end);
  }
  return fields;
}

/** What of an interim response may travel on; it has no content that a length could be of. */
export function interimFields(fields: FieldList): FieldList {
  const kept: string[] = [];
  const endToEnd = endToEndFields(fields);
  for (let i = 0; i < endToEnd.length; i += 2) {
    if (!isConnectionField(endToEnd[i]!.toLowerCase())) kept.push(endToEnd[i]!, endToEnd[i + 1]!);
  }
  return kept;
}
