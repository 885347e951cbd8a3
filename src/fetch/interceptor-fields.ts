import type { FieldList } from '../http/fields.ts';
import type { ParsedFields, RawFields } from './interceptor-dispatch.ts';

/** The fields of a request, in any of the forms that undici takes; `null` for what it would refuse. */
export function requestFields(headers: unknown): FieldList | null {
  if (headers === undefined || headers === null) return [];
  if (typeof headers !== 'object') return null;
  const fields: string[] = [];
  for (const pair of pairsOf(headers)) {
    if (!Array.isArray(pair) || pair.length !== 2 || typeof pair[0] !== 'string') return null;
    const [name, value] = pair as [string, unknown];
    if (value === undefined) continue;
    for (const line of Array.isArray(value) ? value : [value]) {
      if (typeof line === 'object' && line !== null) return null;
      fields.push(name, line === null ? '' : String(line));
    }
  }
  return fields;
}

function* pairsOf(headers: object): Iterable<unknown> {
  if (!Array.isArray(headers)) {
    yield* Symbol.iterator in headers ? (headers as Iterable<unknown>) : Object.entries(headers);
    return;
  }
  if (Array.isArray(headers[0])) yield* headers;
  else for (let i = 0; i < headers.length; i += 2) yield headers.slice(i, i + 2);
}

/**
 * A received field section, each byte a character (RFC 9110 §5.5), without the white space that parsers leave behind values.
 * @param parsed what it has become beneath, by interceptors that decode contents, say; left out: nothing else
 */
export function receivedFields(raw: RawFields, parsed?: ParsedFields): FieldList {
  const isUntouched = Array.isArray(raw) && (parsed === undefined || isAlike(raw, parsed));
  const list = isUntouched ? raw : Object.entries(parsed ?? raw ?? {}).flat(1);
  const fields: string[] = [];
  for (let i = 0; i + 1 < list.length; i += 2) {
    const name = textOf(list[i]);
    for (const line of linesOf(list[i + 1])) fields.push(name, trimmed(textOf(line)));
  }
  return fields;
}

/** Whether undici has parsed these fields so; older ones take their bytes for UTF-8. */
function isAlike(raw: readonly unknown[], parsed: ParsedFields): boolean {
  const lines = new Map<string, unknown[]>();
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = textOf(raw[i]).toLowerCase();
    lines.set(name, [...(lines.get(name) ?? []), ...linesOf(raw[i + 1])]);
  }
  const names = Object.keys(parsed);
  return (
    names.length === lines.size &&
    names.every((name) => {
      const values = linesOf(parsed[name]);
      const own = lines.get(name.toLowerCase());
      return own?.length === values.length && own.every((line, i) => isText(line, String(values[i])));
    })
  );
}

function isText(line: unknown, text: string): boolean {
  if (trimmed(textOf(line)) === trimmed(text)) return true;
  return Buffer.isBuffer(line) && trimmed(line.toString()) === trimmed(text);
}

function trimmed(text: string): string {
  return text.replace(/[ \t]+$/, '');
}

function linesOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

function textOf(value: unknown): string {
  return Buffer.isBuffer(value) ? value.toString('latin1') : String(value);
}

/** As undici's parser gives it to handlers. */
export function rawFields(fields: FieldList): Buffer[] {
  return fields.map((text) => Buffer.from(text, 'latin1'));
}

/** By lower-case name; the values of a name that is there more than once in order. */
export function parsedFields(fields: FieldList): ParsedFields {
  const parsed: ParsedFields = Object.create(null);
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]!.toLowerCase();
    const value = fields[i + 1]!;
    const before = parsed[name];
    parsed[name] =
      before === undefined ? value : Array.isArray(before) ? [...before, value] : [before, value];
  }
  return { ...parsed };
}
