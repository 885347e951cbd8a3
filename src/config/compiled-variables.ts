import type { Acceptable, CompiledVariable } from '../compiled/compiled-config.ts';
import { acceptableAt } from './acceptable.ts';
import { settingVariables } from './environment-settings.ts';
import type { FileReference } from './file-references.ts';
import type { Path } from './path.ts';
import { configSchema } from './schema.ts';
import { expectationAt } from './schema-lookup.ts';
import { FUNCTION_STORES } from './text-forms.ts';

/** A text of the file with its variables, as it is read where the function runs. */
export function compiledVariable({ path, text, references, whole }: FileReference): CompiledVariable {
  const referenced = whole ? (references[0]?.fallback ?? '') : '';
  return { ...placed(path), text, ...acceptableOf(path, referenced), secret: isSecret(path) };
}

/** The variables that are set over any configuration of these keys. */
export function compiledSettings(raw: object): CompiledVariable[] {
  return settingVariables(raw).map(({ path, name }) => ({
    ...placed(path),
    text: `\${${name}}`,
    optional: true,
    ...acceptableOf(path, ''),
    secret: isSecret(path),
  }));
}

const STORE: Acceptable = { kind: 'text', form: 'function-store', accepted: FUNCTION_STORES };

/** The path that is compiled in, which is never one of symbols. */
function placed(path: Path): Pick<CompiledVariable, 'path'> {
  return { path: path as (string | number)[] };
}

function acceptableOf(path: Path, referenced: string): Acceptable {
  if (path.length === 1 && path[0] === 'store') return STORE;
  const acceptable = acceptableAt(path, referenced);
  if (acceptable === null) throw new TypeError(`Nothing says what is accepted at ${path.join('.')}`);
  return acceptable;
}

function isSecret(path: Path): boolean {
  return expectationAt(configSchema, path).secret;
}
