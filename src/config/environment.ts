export type Environment = Readonly<Record<string, string | undefined>>;

/** A `${NAME}` or `${NAME:-default}` found in a text. */
export interface Reference {
  readonly name: string;
  readonly fallback: string | undefined;
  /** Where its text came from; `unset` and `empty` when there was none. */
  readonly from: 'variable' | 'fallback' | 'unset' | 'empty';
}

export interface Expansion {
  readonly text: string;
  readonly references: readonly Reference[];
  /** The text was one reference and nothing else. */
  readonly whole: boolean;
  /** A `${` that begins no reference. */
  readonly malformed: boolean;
}

export const REFERENCE_FORMS = `\${NAME}, \${NAME:-default}, or $\${ for a plain \${`;

const TOKENS = /\$\$\{|\$\{([^}]*)(\}?)/g;
const REFERENCE = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;

/**
 * Replaces `${NAME}` and `${NAME:-default}` by the environment's values; `$${` stands for a plain `${`. As in the
 * shell, the default applies when the variable is unset or empty. Never throws: what is wrong is in the answer.
 */
export function expandText(text: string, env: Environment): Expansion {
  const references: Reference[] = [];
  let malformed = false;
  const expanded = text.replace(TOKENS, (token, body?: string, end?: string) => {
    if (body === undefined) return '${';
    const parsed = end === '}' ? parseReference(body) : null;
    if (parsed === null) {
      malformed = true;
      return token;
    }
    const { value, reference } = resolve(parsed, env);
    references.push(reference);
    return value;
  });
  const whole = references.length === 1 && /^\$\{[^}]*\}$/.test(text);
  return { text: expanded, references, whole, malformed };
}

interface ParsedReference {
  readonly name: string;
  readonly fallback: string | undefined;
}

function parseReference(body: string): ParsedReference | null {
  const match = REFERENCE.exec(body);
  // A reference within a default would end at the inner brace: refused instead of half read.
  if (match === null || match[2]?.includes('${')) return null;
  return { name: match[1] as string, fallback: match[2] };
}

function resolve(
  { name, fallback }: ParsedReference,
  env: Environment,
): { value: string; reference: Reference } {
  const value = variable(env, name);
  if (value !== undefined && value !== '') return { value, reference: { name, fallback, from: 'variable' } };
  if (fallback !== undefined) return { value: fallback, reference: { name, fallback, from: 'fallback' } };
  return { value: '', reference: { name, fallback, from: value === undefined ? 'unset' : 'empty' } };
}

/** A variable's value; names that every object inherits, such as `toString`, are not variables. */
export function variable(env: Environment, name: string): string | undefined {
  return Object.hasOwn(env, name) ? env[name] : undefined;
}

/** Text that `expandText` turns back into `text`. */
export function escapeReferences(text: string): string {
  return text.replaceAll('${', () => '$${');
}
