import { budgetConflicts } from './budget-conflicts.ts';
import { type Fault, faultAt } from './fault.ts';
import { quote } from './found.ts';
import { gateConflicts } from './gate-conflicts.ts';
import { entriesAt, isMapping, valueAt } from './path.ts';
import { missingSecrets, sessionsConflicts } from './sessions-conflicts.ts';
import type { Sources } from './source.ts';

/**
 * Faults between values that are each acceptable, but for those of a server's own addresses. Works on any tree, so that
 * they show beside other faults.
 */
export function conflictFaults(tree: unknown, sources: Sources = new Map()): Fault[] {
  return [
    ...budgetConflicts(tree),
    ...purgedByNobody(tree),
    ...incompleteStoreTls(tree),
    ...missingSecrets(tree),
    ...sessionsConflicts(tree, sources),
    ...gateConflicts(tree),
    ...samePaths(tree),
    ...forcedWithoutTtl(tree),
    ...refusedKeyedMethods(tree),
    ...transformedUpgrades(tree),
    ...mixedTransforms(tree),
  ];
}

function purgedByNobody(tree: unknown): Fault[] {
  const purge = valueAt(tree, ['purge']);
  if (!isMapping(purge) || purge.token !== undefined) return [];
  const { addresses } = purge;
  if (addresses !== undefined && !(Array.isArray(addresses) && addresses.length === 0)) return [];
  const accepted = 'off, or a mapping of addresses, token or both';
  return [faultAt(['purge'], [], 'found neither an address nor a token', accepted)];
}

const PLAIN_SCHEME = /^(?:redis|valkey)(?:\+|:)/;

function incompleteStoreTls(tree: unknown): Fault[] {
  const tls = valueAt(tree, ['store_tls']);
  if (!isMapping(tls)) return [];
  const faults: Fault[] = [];
  const store = valueAt(tree, ['store']);
  if (typeof store === 'string' && PLAIN_SCHEME.test(store)) {
    faults.push(
      faultAt(['store_tls'], [], 'found beside a store without TLS', 'a store of rediss or valkeys'),
    );
  }
  for (const [key, other] of [
    ['key_file', 'cert_file'],
    ['cert_file', 'key_file'],
  ] as const) {
    if (tls[key] !== undefined || tls[other] === undefined) continue;
    faults.push(faultAt(['store_tls', key], [], 'missing', `a readable file, needed beside ${other}`));
  }
  return faults;
}

function samePaths(tree: unknown): Fault[] {
  const owners = new Map<string, string>();
  return entriesAt(tree, ['services']).flatMap(([name, service]) => {
    const written = valueAt(service, ['path']) ?? '/';
    if (typeof written !== 'string') return [];
    const prefix = written.replace(/(?<=.)\/$/, '');
    const owner = owners.get(prefix);
    if (owner === undefined) {
      owners.set(prefix, name);
      return [];
    }
    const found = `found ${quote(written)}, which services.${owner} has too`;
    return [faultAt(['services', name, 'path'], [], found, 'a path that no other service has, default /')];
  });
}

function forcedWithoutTtl(tree: unknown): Fault[] {
  return entriesAt(tree, ['services']).flatMap(([name, service]) => {
    const forced = valueAt(service, ['cache', 'force']) === true;
    if (!forced || valueAt(service, ['cache', 'ttl_seconds']) !== undefined) return [];
    const path = ['services', name, 'cache', 'ttl_seconds'];
    return [faultAt(path, [], 'missing', 'a whole number of seconds, needed because force is true')];
  });
}

function refusedKeyedMethods(tree: unknown): Fault[] {
  return entriesAt(tree, ['services']).flatMap(([name, service]) => {
    const allowed = valueAt(service, ['methods']);
    const keyed = valueAt(service, ['cache', 'methods']);
    if (!Array.isArray(allowed) || !Array.isArray(keyed)) return [];
    return keyed.flatMap((method, index) => {
      if (typeof method !== 'string' || allowed.includes(method)) return [];
      const found = `found ${quote(method)}, which services.${name}.methods does not have`;
      const path = ['services', name, 'cache', 'methods', index];
      return [faultAt(path, [], found, 'a method that the service lets through')];
    });
  });
}

// A transform answers with what it has made, which a connection of another protocol has no place for.
function transformedUpgrades(tree: unknown): Fault[] {
  return entriesAt(tree, ['services']).flatMap(([name, service]) => {
    const upgrade = valueAt(service, ['upgrade']);
    if (!Array.isArray(upgrade) || upgrade.length === 0) return [];
    if (valueAt(service, ['transform']) === undefined) return [];
    const path = ['services', name, 'upgrade'];
    return [faultAt(path, [], 'found a list beside transform', 'off where there is a transform')];
  });
}

function mixedTransforms(tree: unknown): Fault[] {
  return entriesAt(tree, ['services']).flatMap(([name, service]) => {
    const keys = entriesAt(service, ['transform']).map(([key]) => key);
    const functions = keys.filter((key) => key === 'request' || key === 'response');
    if (typeof valueAt(service, ['transform']) !== 'object') return [];
    if (keys.includes('module') !== functions.length > 0) return [];
    const found = functions.length > 0 ? `found module beside ${functions.join(' and ')}` : 'found neither';
    return [
      faultAt(['services', name, 'transform'], [], found, 'either module, or request and response functions'),
    ];
  });
}
