import { acceptableAt } from './acceptable.ts';
import { expandText } from './environment.ts';
import { type Fault, faultAt } from './fault.ts';
import { type FileReference, leavesIn, textsIn } from './file-references.ts';
import { describeFound, isSecretName, showUnquoted } from './found.ts';
import { entriesAt, type Path, valueAt } from './path.ts';
import { configSchema } from './schema.ts';
import { expectationAt } from './schema-lookup.ts';
import { FUNCTION_STORES, isFunctionStore } from './text-forms.ts';
import { isHttpUrl } from './urls.ts';

/**
 * What a function can't be given, or can't do.
 * @param raw the configuration as it is written, without what says nothing to a function
 */
export function functionFaults(raw: unknown, references: readonly FileReference[]): Fault[] {
  return [
    ...otherStore(raw, references),
    ...references.flatMap(uncheckable),
    ...writtenSecrets(raw),
    ...notPlain(raw),
  ];
}

function otherStore(raw: unknown, references: readonly FileReference[]): Fault[] {
  const store = valueAt(raw, ['store']);
  if (typeof store !== 'string' || isFunctionStore(store)) return [];
  const { whole = false, references: found = [] } = references.find(({ path }) => path[0] === 'store') ?? {};
  if (whole && isFunctionStore(found[0]?.fallback ?? 'none:')) return [];
  const accepted = `${FUNCTION_STORES}; or nothing here, and a server's is named by CACHE_URL`;
  const names = found.map(({ name }) => name);
  return [faultAt(['store'], names, describeFound(store, false), accepted)];
}

// What else becomes of a service follows from these.
const DECIDING: ReadonlySet<string> = new Set(['authority', 'bearer']);

/** Where it runs there is no schema to hold the value against. */
function uncheckable({ path, references }: FileReference): Fault[] {
  const isDeciding = path.length === 4 && path[2] === 'session' && DECIDING.has(String(path[3]));
  const acceptable = isDeciding ? null : acceptableAt(path, '');
  if (acceptable !== null && acceptable.kind !== 'list') return [];
  const names = [...new Set(references.map(({ name }) => name))];
  const found = 'found a variable, which can be checked here only where the file itself is read';
  return [faultAt(path, names, found, 'the value itself')];
}

const SECRET_FORM = `a variable such as \${NAME}, since what is built holds no secret`;

/** A file that is deployed with the code holds none; the environment does. */
function writtenSecrets(raw: unknown): Fault[] {
  return textsIn(raw).flatMap(({ path, value: text }) => {
    const { references } = expandText(text, {});
    const defaults = references.map(({ name, fallback = '' }) => isSecret(path, fallback, name));
    if (!(references.length === 0 ? isSecret(path, text) : defaults.includes(true))) return [];
    const found = references.length === 0 ? describeFound(text, true) : 'found a default of a secret';
    return [faultAt(path, [], found, SECRET_FORM)];
  });
}

/** @param variable the one whose default it is, which may say of itself that it is secret */
function isSecret(path: Path, text: string, variable = ''): boolean {
  if (text === '') return false;
  if (showUnquoted(text, false) === undefined) return true;
  const block = ownBlockOf(path);
  if (block === undefined) return expectationAt(configSchema, path).secret;
  const name = String(path.findLast((key) => typeof key === 'string'));
  if (block !== 'transform') return isSecretName(name) || isSecretName(variable) || SECRET_FIELD.test(name);
  // An option may well be called `sort_key`, or `token_url`.
  return (isSecretName(name) || isSecretName(variable)) && text.length >= MIN_SECRET && !isHttpUrl(text);
}

const MIN_SECRET = 16;
const SECRET_FIELD = /cookie|auth(?!or)/i;

/** Fields and options have names of the user's own: only these tell what is a secret. */
function ownBlockOf(path: Path): string | undefined {
  const block = path[0] === 'services' ? String(path[2]) : '';
  return ['request_headers', 'response_headers', 'transform'].find((own) => own === block);
}

const PLAIN = 'text, numbers, true, false, null, and lists and mappings of them';

/** What code can give, and text can't say. The schema leaves it open in transforms only. */
function notPlain(raw: unknown): Fault[] {
  return entriesAt(raw, ['services']).flatMap(([service, policy]) =>
    leavesIn(valueAt(policy, ['transform']), ['services', service, 'transform']).flatMap(
      ({ path, value }) => {
        if (value === null || !['object', 'function', 'bigint', 'symbol'].includes(typeof value)) return [];
        const isCode = path.length === 4 && typeof value === 'function';
        const accepted = isCode ? 'transform: { module: FILE }, a file whose default export has it' : PLAIN;
        const found = typeof value === 'object' ? nameOfClass(value) : typeof value;
        return [faultAt(path, [], `found a ${found}`, accepted)];
      },
    ),
  );
}

function nameOfClass({ constructor: made }: object): string {
  return typeof made === 'function' && made.name !== '' ? made.name : 'value of a class';
}
