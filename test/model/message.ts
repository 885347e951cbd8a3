/** A field line, its name in lower case. */
export type Field = readonly [name: string, value: string];

/** The fields of a request, each with one line, by their names in lower case. */
export type RequestFields = ReadonlyMap<string, string>;

/** A field's value, several lines combined; `undefined` when it is not there. */
export function valueIn(fields: readonly Field[], name: string): string | undefined {
  const lines = fields.filter(([each]) => each === name).map(([, value]) => value);
  return lines.length === 0 ? undefined : lines.join(', ');
}

export function without(fields: readonly Field[], names: readonly string[]): Field[] {
  return fields.filter(([name]) => !names.includes(name));
}

/** From `name, value, name, value, …`, as the product keeps fields. */
export function fromList(list: readonly string[]): Field[] {
  const fields: Field[] = [];
  for (let i = 0; i < list.length; i += 2) fields.push([list[i]!.toLowerCase(), list[i + 1]!]);
  return fields;
}

export function toList(fields: readonly Field[]): string[] {
  return fields.flat();
}

/** In milliseconds since the epoch; `undefined` for what is no date. The generator writes dates in one format only. */
export function instantOf(fields: readonly Field[], name: string): number | undefined {
  const value = valueIn(fields, name);
  const instant = value === undefined ? Number.NaN : Date.parse(value);
  return Number.isNaN(instant) ? undefined : instant;
}

export function httpDate(ms: number): string {
  return new Date(ms).toUTCString();
}

const OF_PARTS = [
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'if-range',
  'range',
];

/** Without the fields that ask for a part, or only for what is new. */
export function wholeRequest(request: RequestFields): RequestFields {
  return new Map([...request].filter(([name]) => !OF_PARTS.includes(name)));
}

/** The same for requests that look the same to an origin, which part of a resource ever they ask for. */
export function likenessOf(request: RequestFields): string {
  return [...wholeRequest(request)].map(([name, value]) => `${name}: ${value}`).join('\n');
}
