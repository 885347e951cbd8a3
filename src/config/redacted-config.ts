import { redactUrl } from '../store/store-url.ts';
import { isSecretName } from './found.ts';
import { isMapping, type Path } from './path.ts';
import { type Config, configSchema } from './schema.ts';
import { expectationAt } from './schema-lookup.ts';

const REDACTED = '[redacted]';
// Fields that are the user's own: an API key may stand in any of them, whatever its name.
const OF_FIELDS: ReadonlySet<string> = new Set(['request_headers', 'response_headers', 'options']);

/** A configuration for people to read: no secret is in it, and code stands there as `[code]`. */
export function redactedConfig(config: Config): object {
  return shown(config, []) as object;
}

function shown(value: unknown, path: Path): unknown {
  if (value === undefined || value === null) return value;
  if (typeof value === 'function') return '[code]';
  if (path.length > 0 && isSecret(path)) return REDACTED;
  if (path.length === 1 && path[0] === 'store') return redactUrl(String(value));
  if (Array.isArray(value)) return value.map((each, index) => shown(each, [...path, index]));
  if (isMapping(value)) return mapping(value, path);
  return typeof value === 'string' ? withoutCredentials(value) : value;
}

function mapping(value: Record<string, unknown>, path: Path): object {
  // A service may have any name.
  const isOwn = OF_FIELDS.has(String(path.at(-1))) && !isService(path);
  const entries = Object.entries(value).map(([name, each]) => [
    name,
    isOwn ? REDACTED : shown(each, [...path, name]),
  ]);
  return Object.fromEntries(entries);
}

function isService(path: Path): boolean {
  return path.length === 2 && path[0] === 'services';
}

function isSecret(path: Path): boolean {
  const { secret, accepted } = expectationAt(configSchema, path);
  return secret || (accepted === undefined && isSecretName(String(path.at(-1))));
}

/** A URL may have a user, a password, or a key in its query. */
function withoutCredentials(text: string): string {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text) || !URL.canParse(text)) return text;
  const url = new URL(text);
  if (url.username === '' && url.password === '' && url.search === '') return text;
  const query = url.search === '' ? '' : '?…';
  url.username = '';
  url.password = '';
  url.search = '';
  url.hash = '';
  return url.href + query;
}
