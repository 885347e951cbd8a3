import { Counter, type Registry } from 'prom-client';

/** A count since it was last asked for. To be added to. */
export interface Tally {
  count: number;
}

export interface TalliedCounterOptions<Label extends string> {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly Label[];
  /** Called before the counts are told. */
  readonly prepare?: () => void;
}

/** The tally of these labels, which is told from now on, with 0 too. */
export type TallyOf<Label extends string> = (labels: Readonly<Record<Label, string>>) => Tally;

/**
 * A counter of prom-client's whose counts are plain numbers until somebody asks for them: what happens with every hit costs
 * an addition, where `inc` looks for its labels each time.
 */
export function createTalliedCounter<Label extends string>(
  registry: Registry,
  { name, help, labelNames, prepare }: TalliedCounterOptions<Label>,
): TallyOf<Label> {
  const all: { readonly tally: Tally; readonly tell: (count: number) => void }[] = [];
  const counter = new Counter<Label>({
    name,
    help,
    labelNames: [...labelNames],
    registers: [registry],
    collect() {
      prepare?.();
      for (const { tally, tell } of all) {
        tell(tally.count);
        tally.count = 0;
      }
    },
  });
  return (labels) => {
    const tally = { count: 0 };
    const bound = counter.labels(labels);
    all.push({ tally, tell: (count) => bound.inc(count) });
    // What has not happened yet is 0, not unknown.
    bound.inc(0);
    return tally;
  };
}
