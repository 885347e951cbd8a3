import { KEYS_OF_AUTHORITIES } from './authority-keys.ts';
import { type Fault, faultAt } from './fault.ts';
import { quote } from './found.ts';
import { entriesAt, isMapping, type Path, valueAt } from './path.ts';

/** Faults between the values of `session` blocks, and between them and what stands around them. */
export function gateConflicts(tree: unknown): Fault[] {
  return entriesAt(tree, ['services']).flatMap(([name, service]) => [
    ...blockConflicts(valueAt(service, ['session']), ['services', name, 'session'], tree),
    ...sharingConflicts(service, ['services', name]),
    ...passedTwice(service, ['services', name]),
    ...logoutElsewhere(service, name, tree),
  ]);
}

/** Faults within one block, wherever it stands; `tree` is what has `sessions`. */
export function blockConflicts(block: unknown, path: Path, tree: unknown): Fault[] {
  if (!isMapping(block) || typeof block.authority !== 'string') return [];
  const { authority } = block;
  return [
    ...otherAuthoritiesKeys(block, authority, path),
    ...missingKeys(block, authority, path),
    ...ownWithoutSessions(authority, path, tree),
    ...passedFromNowhere(block, authority, path),
    ...lookedForInNothing(block, path),
    ...sentTwice(block, authority, path),
  ];
}

type Block = Record<string, unknown>;

function otherAuthoritiesKeys(block: Block, authority: string, path: Path): Fault[] {
  return Object.entries(KEYS_OF_AUTHORITIES).flatMap(([key, owners]: [string, readonly string[]]) => {
    if (block[key] === undefined || owners.includes(authority) || !isKnown(authority)) return [];
    return [
      faultAt([...path, key], [], `found beside authority ${authority}`, `only beside ${listed(owners)}`),
    ];
  });
}

const KNOWN: ReadonlySet<string> = new Set(Object.values(KEYS_OF_AUTHORITIES).flat());
const isKnown = (authority: string) => KNOWN.has(authority);

function listed(names: readonly string[]): string {
  const last = names.at(-1);
  return names.length === 1 ? `${last}` : `${names.slice(0, -1).join(', ')} or ${last}`;
}

const NEEDED = {
  wagtail: 'url',
  django: 'url',
  http: 'url',
  token: 'jwks_url',
} as Readonly<Record<string, string>>;

function missingKeys(block: Block, authority: string, path: Path): Fault[] {
  const needed = Object.hasOwn(NEEDED, authority) ? NEEDED[authority]! : undefined;
  const faults: Fault[] = [];
  if (needed !== undefined && block[needed] === undefined) {
    faults.push(faultAt([...path, needed], [], 'missing', `the authority's URL, needed for ${authority}`));
  }
  if (block.pass_identity === 'signed' && block.identity_secret === undefined) {
    const accepted = 'a secret of 32 to 1024 characters, needed because pass_identity is signed';
    faults.push(faultAt([...path, 'identity_secret'], [], 'missing', accepted));
  }
  return faults;
}

function ownWithoutSessions(authority: string, path: Path, tree: unknown): Fault[] {
  if (authority !== 'own' || isMapping(valueAt(tree, ['sessions']))) return [];
  return [faultAt([...path, 'authority'], [], 'found "own" without sessions', 'own where sessions is set')];
}

function passedFromNowhere(block: Block, authority: string, path: Path): Fault[] {
  if (!isPassed(block)) return [];
  if (tells(block, authority, 'user') || tells(block, authority, 'roles')) return [];
  const found = `found ${quote(String(block.pass_identity))} where nothing of it is known`;
  return [faultAt([...path, 'pass_identity'], [], found, identityAccepted(authority, 'off'))];
}

function lookedForInNothing(block: Block, path: Path): Fault[] {
  if (block.method !== 'HEAD') return [];
  return entriesAt(block, ['identity']).flatMap(([part, source]) => {
    if (typeof source !== 'string' || !source.startsWith('json:')) return [];
    const found = `found ${quote(source)}, though the answer to HEAD has no content`;
    return [faultAt([...path, 'identity', part], [], found, 'header:NAME, or method: GET or POST')];
  });
}

/** The authority would choose which of two ids it looks at, and the caller has made one of them up. */
function sentTwice(block: Block, authority: string, path: Path): Fault[] {
  const named = block.cookie ?? (block.bearer === true ? undefined : 'sessionid');
  const cookies = valueAt(block, ['forward', 'cookies']);
  if (authority !== 'http' || !Array.isArray(cookies)) return [];
  return cookies.flatMap((cookie, index) => {
    if (cookie !== named) return [];
    const found = `found ${quote(cookie)}, in which the id is sent already`;
    return [faultAt([...path, 'forward', 'cookies', index], [], found, 'another cookie')];
  });
}

/** The origin would be told of two people. */
function passedTwice(service: unknown, path: Path): Fault[] {
  const block = valueAt(service, ['session']);
  if (!isMapping(block) || !isPassed(block)) return [];
  return entriesAt(service, ['request_headers']).flatMap(([name]) => {
    if (!PASSED_FIELD.test(name)) return [];
    const found = 'found beside pass_identity';
    return [faultAt([...path, 'request_headers', name], [], found, 'another field, or pass_identity: off')];
  });
}

/** A request goes to the service with the longest `path` that it is below; it may be another. */
function logoutElsewhere(service: unknown, name: string, tree: unknown): Fault[] {
  const logoutPath = valueAt(service, ['session', 'logout_path']);
  if (typeof logoutPath !== 'string') return [];
  const prefix = prefixOf(service);
  const path = prefix + logoutPath;
  const taker = entriesAt(tree, ['services']).find(([, other]) => {
    const longer = prefixOf(other);
    return longer.length > prefix.length && (path === longer || path.startsWith(`${longer}/`));
  });
  if (taker === undefined) return [];
  const found = `found ${quote(logoutPath)}, which is below the path of services.${taker[0]}`;
  const at = ['services', name, 'session', 'logout_path'];
  return [faultAt(at, [], found, 'a path that leads to this service')];
}

/** A service's `path` without closing slash. */
function prefixOf(service: unknown): string {
  const path = valueAt(service, ['path']);
  return typeof path === 'string' ? path.replace(/\/$/, '') : '';
}

const PASSED_FIELD = /^x[^a-z0-9]cachegate[^a-z0-9](?:user|roles|identity)$/i;

/** What a key does not cover must not shape what is stored under it. */
function sharingConflicts(service: unknown, path: Path): Fault[] {
  const cache = valueAt(service, ['cache']);
  const sharedBy = valueAt(cache, ['shared_by']) ?? 'all';
  const block = valueAt(service, ['session']);
  const at = [...path, 'cache', 'shared_by'];
  if (!isMapping(block)) {
    if (sharedBy !== 'role' && sharedBy !== 'session') return [];
    return [
      faultAt(at, [], `found "${sharedBy}" without a session`, 'all, or another where there is a session'),
    ];
  }
  const { authority } = block;
  if (cache === 'off' || typeof authority !== 'string') return [];
  if (sharedBy === 'role' && !tells(block, authority, 'roles')) {
    return [
      faultAt(at, [], 'found "role" where no roles are known', identityAccepted(authority, 'all or session')),
    ];
  }
  if (!isPassed(block)) return [];
  const passed = (part: 'user' | 'roles') => passes(block, part) && tells(block, authority, part);
  if (passed('user') && sharedBy !== 'session') {
    const found = `found ${quote(String(sharedBy))}, though the origin is told the user`;
    return [faultAt(at, [], found, 'session, or cache: off, or passed: [roles]')];
  }
  if (passed('roles') && sharedBy === 'all') {
    return [
      faultAt(at, [], 'found "all", though the origin is told the roles', 'role or session, or cache: off'),
    ];
  }
  return [];
}

function identityAccepted(authority: string, otherwise: string): string {
  return authority === 'http' ? `${otherwise}, or identity set` : `${otherwise} beside ${authority}`;
}

const isPassed = ({ pass_identity: how }: Block) => how === 'trusted' || how === 'signed';

function passes({ passed }: Block, part: 'user' | 'roles'): boolean {
  return !Array.isArray(passed) || passed.includes(part);
}

function tells({ identity }: Block, authority: string, part: 'user' | 'roles'): boolean {
  if (authority === 'token' || authority === 'own') return true;
  return authority === 'http' && isMapping(identity) && identity[part] !== undefined;
}
