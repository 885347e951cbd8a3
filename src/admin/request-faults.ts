/** What a schema finds wrong, as Ajv tells it (with `verbose`). */
export interface SchemaFinding {
  readonly instancePath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly parentSchema?: unknown;
  readonly data?: unknown;
}

interface Schema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly oneOf?: readonly { readonly required?: readonly string[] }[];
}

/** A fault in words: `mode: found "x"; accepted: "hard" or "soft"`. `part` is of the request: `body`, `querystring`. */
export function requestFault(findings: readonly SchemaFinding[], part: string): string {
  // What none of several forms accepts is told last, after what each of them lacks.
  const finding = findings.at(-1);
  if (finding === undefined) return 'The request can not be read';
  const schema = (finding.parentSchema ?? {}) as Schema;
  const path = finding.instancePath.split('/').slice(1);
  const place = (keys: readonly string[]) =>
    keys.join('.') || (part === 'body' ? 'the content' : 'the query');
  const known = listed(Object.keys(schema.properties ?? {}), 'and') || 'none';
  switch (finding.keyword) {
    case 'additionalProperties': {
      const name = String(finding.params.additionalProperty);
      return `${place([...path, cut(name)])}: not known; accepted: ${known}`;
    }
    case 'required': {
      const name = String(finding.params.missingProperty);
      const accepted = acceptedBy(schema.properties?.[name] ?? {});
      return `${place([...path, name])}: missing; accepted: ${accepted}`;
    }
    case 'oneOf':
      return `${place(path)}: ${formsFault(schema, finding.data)}`;
    default:
      return `${place(path)}: found ${shown(finding.data)}; accepted: ${acceptedBy(schema)}`;
  }
}

/** Of an object that has to have exactly one of some properties. */
function formsFault(schema: Schema, data: unknown): string {
  const forms = (schema.oneOf ?? []).flatMap(({ required = [] }) => required);
  const accepted = `exactly one of ${listed(forms, 'and')}`;
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    return `found ${shown(data)}; accepted: an object with ${accepted}`;
  }
  const given = forms.filter((name) => Object.hasOwn(data, name));
  return `found ${listed(given, 'and') || 'none of them'}; accepted: ${accepted}`;
}

const MAX_SHOWN = 60;
const cut = (text: string) => (text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text);

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(cut(value));
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === 'object' ? 'an object' : String(value);
}

/** What a schema accepts, in words. */
function acceptedBy(schema: Schema): string {
  if (schema.enum !== undefined)
    return listed(
      schema.enum.map((each) => JSON.stringify(each)),
      'or',
    );
  const types = [schema.type ?? 'any value'].flat();
  return listed(
    types.map((type) => KINDS[type]?.(schema) ?? type),
    'or',
  );
}

const KINDS: Readonly<Record<string, (schema: Schema) => string>> = {
  string: ({ minLength: low = 0, maxLength: high }) =>
    high === undefined ? 'a text' : `a text of ${low} to ${high} characters`,
  integer: ({ minimum: low, maximum: high }) =>
    `a whole number${low === undefined ? '' : ` from ${low} to ${high}`}`,
  boolean: () => 'true or false',
  array: ({ minItems: low = 0, maxItems: high }) =>
    high === undefined ? 'a list' : `a list of ${low} to ${high}, a text each`,
  object: ({ properties = {} }) => `an object with ${listed(Object.keys(properties), 'and')}`,
};

function listed(words: readonly string[], last: 'and' | 'or'): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`;
}
