import { type FieldList, fieldValue } from './fields.ts';

/** The bytes of content that a message says it has (RFC 9110 §8.6); `undefined` where it says nothing that is a number. */
export function contentLength(fields: FieldList): number | undefined {
  const value = fieldValue(fields, 'content-length');
  return value !== undefined && /^[0-9]+$/.test(value) ? Number(value) : undefined;
}
