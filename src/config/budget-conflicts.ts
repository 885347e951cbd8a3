import { type Fault, faultAt } from './fault.ts';
import { entriesAt, valueAt } from './path.ts';

/** Services with one budget of requests to an origin count in the same way, or what one has counted is lost to the other. */
export function budgetConflicts(tree: unknown): Fault[] {
  const owners = new Map<string, { readonly owner: string; readonly rules: string }>();
  return entriesAt(tree, ['services']).flatMap(([service, settings]) => {
    const written = valueAt(settings, ['origin_limit', 'rules']);
    if (!Array.isArray(written)) return [];
    const name = valueAt(settings, ['origin_limit', 'shared_as']) ?? service;
    const rules = JSON.stringify(written.map(countedBy));
    const known = owners.get(String(name));
    if (known === undefined) owners.set(String(name), { owner: service, rules });
    if (known === undefined || known.rules === rules) return [];
    const found = `found others than those of services.${known.owner}, which has the same budget`;
    const path = ['services', service, 'origin_limit', 'rules'];
    return [faultAt(path, [], found, 'the same rules in the same order, or another shared_as')];
  });
}

const DEFAULT_WINDOW_SECONDS = 1;

function countedBy(rule: unknown): unknown {
  return [valueAt(rule, ['limit']), valueAt(rule, ['window_seconds']) ?? DEFAULT_WINDOW_SECONDS];
}
