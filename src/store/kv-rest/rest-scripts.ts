import { fusedCall, isFusable, LIFETIME } from './fused-script.ts';
import { bytesOfCall, type TextCall } from './rest-command.ts';
import { fromErrorReply, otherAnswer } from './rest-errors.ts';
import type { RestQueue } from './rest-queue.ts';

/** The scripts' calls of one turn of the event loop, as one command. */
export interface RestScripts {
  /** The call's reply. */
  run(call: TextCall): Promise<unknown>;
  /** A key's PTTL, along with the other calls of the turn where there are any. */
  lifetimeOf(key: string): Promise<number>;
}

interface Waiting {
  readonly call: TextCall;
  readonly bytes: number;
  resolve(reply: unknown): void;
  reject(error: unknown): void;
}

/** So many are carried out in one command at most: it holds up the service's other callers. */
const MAX_CALLS = 100;
const MAX_BYTES = 100_000;

/** @param maxRequestBytes of which a command takes a part that leaves room for its script's text */
export function createRestScripts(queue: RestQueue, maxRequestBytes: number): RestScripts {
  const maxBytes = Math.min(MAX_BYTES, maxRequestBytes / 4);
  let turn: Waiting[] = [];

  function add(call: TextCall): Promise<unknown> {
    if (turn.length === 0) queue.atEndOfTurn(endTurn, 'last');
    return new Promise((resolve, reject) => {
      turn.push({ call, bytes: bytesOfCall(call), resolve, reject });
    });
  }

  function endTurn(): void {
    const all = turn;
    turn = [];
    for (let at = 0, size = 0; at < all.length; at += size) {
      size = sizeOfPart(all, at, maxBytes);
      void send(all.slice(at, at + size));
    }
  }

  async function send(part: readonly Waiting[]): Promise<void> {
    try {
      const replies = await ask(part.map(({ call }) => call));
      for (const [at, { resolve, reject }] of part.entries()) {
        const [done, reply] = replies[at]!;
        if (Number(done) === 1) resolve(reply);
        else reject(fromErrorReply(String(reply)));
      }
    } catch (error) {
      for (const { reject } of part) reject(error);
    }
  }

  /** For each call whether it was carried out, and its reply. */
  async function ask(calls: readonly TextCall[]): Promise<readonly (readonly unknown[])[]> {
    const [first] = calls;
    // Alone it needs no script, which a service charges more for.
    if (calls.length === 1 && first!.script === LIFETIME) {
      return [[1, await queue.run({ name: 'pttl', key: first!.keys[0]! })]];
    }
    const replies = await queue.run({ name: 'script', call: fusedCall(calls) });
    const isAnswer = Array.isArray(replies) && replies.length === calls.length && replies.every(isPair);
    if (!isAnswer) throw otherAnswer();
    return replies;
  }

  return {
    run: (call) => (isFusable(call) ? add(call) : queue.run({ name: 'script', call })),
    lifetimeOf: async (key) => Number(await add({ script: LIFETIME, keys: [key], args: [] })),
  };
}

function isPair(reply: unknown): reply is readonly unknown[] {
  return Array.isArray(reply) && reply.length === 2;
}

/** How many of the calls go together from `from` on. */
function sizeOfPart(all: readonly Waiting[], from: number, maxBytes: number): number {
  let [size, bytes] = [0, 0];
  while (size < MAX_CALLS && from + size < all.length) {
    bytes += all[from + size]!.bytes;
    if (bytes > maxBytes && size > 0) break;
    size += 1;
  }
  return size;
}
