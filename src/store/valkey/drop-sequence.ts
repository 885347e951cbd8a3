import type { DropSequence } from '../scripts/scripted-groups.ts';

/** How long a fill's beginning waits for the sequence of drops, after which it goes by an earlier number. */
const WAIT_MS = 100;

/**
 * The sequence of drops where it may lie on a master that is away. An earlier number does too: a fence made with it falls
 * for tags that were dropped since, though maybe before the fence was given.
 */
export function createDropSequence(read: () => Promise<number>): DropSequence {
  let known = 0;
  let answering = true;
  let asking = false;

  async function ask(): Promise<number> {
    asking = true;
    try {
      note(await read());
      answering = true;
    } catch {
      answering = false;
    } finally {
      asking = false;
    }
    return known;
  }

  function note(number: number): void {
    known = Math.max(known, number);
  }

  function current(): Promise<number> {
    if (answering) {
      return within(ask(), WAIT_MS, () => {
        answering = false;
        return known;
      });
    }
    // One at a time looks whether it is back, and nobody waits for it.
    if (!asking) void ask();
    return Promise.resolve(known);
  }

  return { current, note };
}

function within(answer: Promise<number>, waitMs: number, late: () => number): Promise<number> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(late()), waitMs);
    void answer.then((number) => {
      clearTimeout(timer);
      resolve(number);
    });
  });
}
