/**
 * A field section as received: name, value, name, value, … in order, names in their own case (RFC 9110 §6.3).
 * The functions here take names in lower case.
 */
export type FieldList = readonly string[];

/** The value of a field, several lines combined (RFC 9110 §5.3); `undefined` when it is not there. */
export function fieldValue(fields: FieldList, lowerName: string): string | undefined {
  let combined: string | undefined;
  for (let i = 0; i < fields.length; i += 2) {
    if (!isNamed(fields[i]!, lowerName)) continue;
    const line = fields[i + 1]!;
    combined = combined === undefined ? line : combined + separator(lowerName) + line;
  }
  return combined;
}

// Cookie is no list: its lines are combined as RFC 9113 §8.2.3 says.
function separator(lowerName: string): string {
  return lowerName === 'cookie' ? '; ' : ', ';
}

/** The values of a field's lines, in order. */
export function fieldLines(fields: FieldList, lowerName: string): string[] {
  const lines: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    if (isNamed(fields[i]!, lowerName)) lines.push(fields[i + 1]!);
  }
  return lines;
}

export function hasField(fields: FieldList, lowerName: string): boolean {
  for (let i = 0; i < fields.length; i += 2) {
    if (isNamed(fields[i]!, lowerName)) return true;
  }
  return false;
}

/** The fields whose names are not in `lowerNames`. */
export function withoutFields(fields: FieldList, lowerNames: ReadonlySet<string>): string[] {
  const kept: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    if (!lowerNames.has(fields[i]!.toLowerCase())) kept.push(fields[i]!, fields[i + 1]!);
  }
  return kept;
}

/** `fields` with every line of a name that `replacements` has gone, and `replacements` at the end. */
export function replaceFields(fields: FieldList, replacements: FieldList): string[] {
  const replaced = new Set<string>();
  for (let i = 0; i < replacements.length; i += 2) replaced.add(replacements[i]!.toLowerCase());
  return [...withoutFields(fields, replaced), ...replacements];
}

/**
 * What may travel on: without the fields of this connection (RFC 9110 §7.6.1), those that `Connection` names, and
 * those of a proxy's own authentication (§11.7), which end at the next hop and are never stored (RFC 9111 §3.1).
 */
export function endToEndFields(fields: FieldList): string[] {
  const nominated = connectionOptions(fieldValue(fields, 'connection'));
  const kept: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    const lowerName = fields[i]!.toLowerCase();
    if (!HOP_BY_HOP.has(lowerName) && !nominated.has(lowerName)) kept.push(fields[i]!, fields[i + 1]!);
  }
  return kept;
}

/** The options of a `Connection` value in lower case; each may name a field of this connection alone. */
export function connectionOptions(connection: string | undefined): ReadonlySet<string> {
  if (connection === undefined) return NONE;
  return new Set(connection.split(',').map((option) => option.trim().toLowerCase()));
}

const NONE: ReadonlySet<string> = new Set();

const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
]);

/** Whether a field is the connection's or frames the message (RFC 9110 §7.6.1, §8.6), so that nobody else may set it. */
export function isConnectionField(lowerName: string): boolean {
  return CONNECTION_FIELDS.has(lowerName);
}

const CONNECTION_FIELDS: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

// Most names differ in length, which is cheaper to see than their case is to fold.
function isNamed(name: string, lowerName: string): boolean {
  return name.length === lowerName.length && (name === lowerName || name.toLowerCase() === lowerName);
}
