/**
 * What happened in a fleet of gates, and whether that is allowed: no gate answers with a response that was fetched before
 * a purge that was acknowledged long enough before the request. Instants are milliseconds of one clock, and are taken
 * so that doubt speaks for the gates: a request's before it is sent, an acknowledgement's after it came.
 */
export interface History {
  readonly reads: readonly Read[];
  readonly purges: readonly Purge[];
  readonly disturbances: readonly Disturbance[];
  /** When the origin was asked for a key the n-th time. */
  askedAt(key: string, number: number): number | undefined;
  /** How long its answers of a key are fresh, in milliseconds. */
  freshMs(key: string): number;
}

export interface Read {
  readonly gate: number;
  readonly key: string;
  readonly sentAt: number;
  readonly status: number | null;
  /** Which of the origin's answers it was; `null`: none. */
  readonly number: number | null;
  readonly about: string;
}

export interface Purge {
  readonly gate: number;
  /** What was asked for, for people. */
  readonly about: string;
  readonly keys: readonly string[];
  readonly sentAt: number;
  /** `null`: it was not acknowledged, so that nothing follows from it. */
  readonly ackedAt: number | null;
  readonly wait: boolean;
}

/** The link between a gate and the store did not do what links do. */
export interface Disturbance {
  readonly gate: number;
  readonly about: string;
  readonly from: number;
  readonly to: number;
}

export interface Bounds {
  /** How long after a purge's acknowledgement another gate may still answer with what was purged. */
  readonly promptMs: number;
  /** The same for a gate whose link to the store was disturbed. */
  readonly disturbedMs: number;
}

export const BOUNDS: Bounds = { promptMs: 250, disturbedMs: 1_000 };

export interface Violation {
  readonly read: Read;
  readonly why: string;
}

// An age is told in whole seconds.
const AGE_SLACK_MS = 1_000;

export function violationsOf(history: History, bounds: Bounds = BOUNDS): Violation[] {
  const purged = new PurgedBefore(history, bounds);
  return history.reads.flatMap((read) => {
    const why = faultOf(read, history, purged);
    return why === null ? [] : [{ read, why }];
  });
}

function faultOf(read: Read, history: History, purged: PurgedBefore): string | null {
  if (read.status !== 200 || read.number === null) return `answered with ${read.status}: ${read.about}`;
  const askedAt = history.askedAt(read.key, read.number);
  if (askedAt === undefined) return `answered with what the origin never said: ${read.about}`;
  const purge = purged.latest(read);
  if (purge !== null && purge.sentAt > askedAt) return toldOf(read, askedAt, purge, history.disturbances);
  const staleMs = read.sentAt - askedAt - history.freshMs(read.key);
  return staleMs > AGE_SLACK_MS ? `stale for ${ms(staleMs)}` : null;
}

function toldOf(read: Read, askedAt: number, purge: Purge, disturbances: readonly Disturbance[]): string {
  const times = [
    `fetched ${ms(purge.sentAt - askedAt)} before a purge that was sent ${ms(read.sentAt - purge.sentAt)} before the request`,
    `and acknowledged ${ms(read.sentAt - purge.ackedAt!)} before it`,
  ];
  const links = disturbances
    .filter(({ from, to }) => from < read.sentAt && to > askedAt - BOUNDS.disturbedMs)
    .map(
      ({ gate, about, from, to }) =>
        `gate ${gate}: ${about} from ${ms(from - read.sentAt)} to ${ms(to - read.sentAt)}`,
    );
  return `${times.join(' ')} (${purge.about} by gate ${purge.gate}; ${links.join(', ')})`;
}

const ms = (value: number) => `${Math.round(value)} ms`;

/** For each key and gate, the purges in the order in which they bind the gate. */
class PurgedBefore {
  readonly #lists = new Map<string, { readonly bindsAt: number; latest: Purge }[]>();

  constructor({ purges, disturbances }: History, bounds: Bounds) {
    const gates = new Map<number, Disturbance[]>();
    for (const each of disturbances) gates.set(each.gate, [...(gates.get(each.gate) ?? []), each]);
    for (const purge of purges) {
      if (purge.ackedAt === null) continue;
      for (const key of purge.keys) this.#add(`any ${key}`, purge.ackedAt + bounds.disturbedMs, purge);
      this.#addPrompt(purge, purge.ackedAt, gates, bounds);
    }
    for (const list of this.#lists.values()) {
      list.sort((a, b) => a.bindsAt - b.bindsAt);
      for (let i = 1; i < list.length; i += 1) list[i]!.latest = later(list[i]!.latest, list[i - 1]!.latest);
    }
  }

  #addPrompt(
    purge: Purge,
    ackedAt: number,
    disturbances: ReadonlyMap<number, readonly Disturbance[]>,
    bounds: Bounds,
  ): void {
    const bindsAt = purge.wait ? ackedAt : ackedAt + bounds.promptMs;
    // A gate may take as long to notice that its link is gone.
    const isDisturbed = ({ from, to }: Disturbance) =>
      from <= bindsAt && to + bounds.disturbedMs >= purge.sentAt;
    for (let gate = 0; gate < GATES_AT_MOST; gate += 1) {
      const disturbed = disturbances.get(gate)?.some(isDisturbed) === true;
      if (!purge.wait && disturbed) continue;
      // What is on its way to a gate that hears nothing may be joined for as long as a gate may take to notice that.
      const name = disturbed ? copiesOf(gate) : `${gate}`;
      for (const key of purge.keys) this.#add(`${name} ${key}`, bindsAt, purge);
    }
  }

  #add(name: string, bindsAt: number, latest: Purge): void {
    const list = this.#lists.get(name);
    if (list === undefined) this.#lists.set(name, [{ bindsAt, latest }]);
    else list.push({ bindsAt, latest });
  }

  /** The purge that was sent last of those that bind this read. */
  latest({ gate, key, sentAt, about }: Read): Purge | null {
    const names = ['any', `${gate}`, ...(about.includes('collapsed') ? [] : [copiesOf(gate)])];
    return names
      .map((name) => this.#latestOf(`${name} ${key}`, sentAt))
      .reduce((one, other) => (one === null || other === null ? (one ?? other) : later(one, other)), null);
  }

  #latestOf(name: string, sentAt: number): Purge | null {
    const list = this.#lists.get(name) ?? [];
    let [low, high] = [0, list.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (list[middle]!.bindsAt < sentAt) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? null : list[low - 1]!.latest;
  }
}

const later = (a: Purge, b: Purge) => (a.sentAt > b.sentAt ? a : b);

const GATES_AT_MOST = 8;

function copiesOf(gate: number): string {
  return `copies of ${gate}`;
}
