import { LRUCache } from 'lru-cache';
import type { Identity } from '../../session/identity.ts';
import type { PresentedSession } from '../../session/presented-session.ts';
import type { StoreKeys } from '../../store/keys.ts';
import type { Exchange, Step } from '../exchange.ts';

export interface PartStepOptions {
  /** Whose responses a caller is answered with. */
  readonly sharedBy: 'role' | 'session';
  readonly keys: Pick<StoreKeys, 'hash'>;
  /** The store's key for GET of a target, for a part. */
  readonly keyOf: (target: string, part: string) => string;
}

// Two hashes a request cost more than the rest of a hit.
const REMEMBERED = 10_000;
const LONGEST_REMEMBERED = 2_048;

/** Where a service's responses are not everyone's: leads a request to those of its caller. */
export function createPartStep({ sharedBy, keys, keyOf }: PartStepOptions): Step {
  const partOf = sharedBy === 'role' ? createPartOfRoles(keys) : createPartOfSession(keys);
  const known = new LRUCache<string, string>({ max: REMEMBERED });
  return (exchange) => {
    const part = partOf(exchange);
    const { target, refused } = exchange.destination;
    exchange.part = part;
    if (refused !== null) return null;
    const name = `${part} ${target}`;
    let key = known.get(name);
    if (key === undefined) {
      key = keyOf(target, part);
      // Whoever presents an invented id can ask for anything.
      if (name.length <= LONGEST_REMEMBERED) known.set(name, key);
    }
    exchange.responseKey = key;
    return null;
  };
}

/** The same roles in whatever order are one part; who has none is of the part of those without. */
function createPartOfRoles(keys: Pick<StoreKeys, 'hash'>): (exchange: Exchange) => string {
  const known = new WeakMap<Identity, string>();
  const hash = (roles: readonly string[]) => keys.hash(`roles:${JSON.stringify([...roles].sort())}`);
  const nobody = hash([]);
  return ({ identity }) => {
    if (identity === null) return nobody;
    let part = known.get(identity);
    if (part === undefined) {
      part = hash(identity.roles);
      known.set(identity, part);
    }
    return part;
  };
}

function createPartOfSession(keys: Pick<StoreKeys, 'hash'>): (exchange: Exchange) => string {
  const known = new WeakMap<PresentedSession, string>();
  return ({ session }) => {
    let part = known.get(session!);
    if (part === undefined) {
      part = keys.hash(`session:${session!.storeKey}`);
      known.set(session!, part);
    }
    return part;
  };
}
