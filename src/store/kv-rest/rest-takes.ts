import type { RateRule, RuleState, TakeResult } from '../store.ts';
import { fromErrorReply, otherAnswer } from './rest-errors.ts';
import type { RestQueue } from './rest-queue.ts';
import type { RestScripts } from './rest-scripts.ts';
import { TAKE_SCRIPT } from './take-script.ts';

/** The takes of one turn of the event loop, as one call of a script; those of equal keys are counted together. */
export interface RestTakes {
  take(key: string, rules: readonly RateRule[], count: number): Promise<TakeResult>;
}

interface Take {
  readonly count: number;
  resolve(result: TakeResult): void;
  reject(error: unknown): void;
}

interface KeyTakes {
  readonly key: string;
  readonly rulesText: string;
  readonly ruleCount: number;
  readonly takes: Take[];
}

/** So many keys are taken from in one call at most: a script holds up the service's other callers. */
const MAX_KEYS = 100;

export function createRestTakes(
  queue: Pick<RestQueue, 'atEndOfTurn'>,
  scripts: Pick<RestScripts, 'run'>,
): RestTakes {
  let turn = new Map<string, KeyTakes>();

  function takesOf(key: string, rules: readonly RateRule[]): Take[] {
    const rulesText = rules.map(({ limit, windowMs }) => `${limit}/${windowMs}`).join(',');
    const name = `${rulesText} ${key}`;
    let known = turn.get(name);
    if (known === undefined) {
      if (turn.size === 0) queue.atEndOfTurn(endTurn);
      known = { key, rulesText, ruleCount: rules.length, takes: [] };
      turn.set(name, known);
    }
    return known.takes;
  }

  function endTurn(): void {
    const all = [...turn.values()];
    turn = new Map();
    for (let at = 0; at < all.length; at += MAX_KEYS) void send(all.slice(at, at + MAX_KEYS));
  }

  async function send(keyTakes: readonly KeyTakes[]): Promise<void> {
    const keys = keyTakes.map(({ key }) => key);
    const args = keyTakes.flatMap(({ rulesText, takes }) => [rulesText, sum(takes)]);
    try {
      const reply = await scripts.run({ script: TAKE_SCRIPT, keys, args });
      for (const [at, each] of keyTakes.entries()) settle(each, (reply as unknown[])[at]);
    } catch (error) {
      for (const { takes } of keyTakes) for (const { reject } of takes) reject(error);
    }
  }

  return {
    take: (key, rules, count) =>
      new Promise((resolve, reject) => takesOf(key, rules).push({ count, resolve, reject })),
  };
}

function sum(takes: readonly Take[]): number {
  return takes.reduce((total, { count }) => total + count, 0);
}

/** Gives each take its part of what was allowed, as if they had been counted one after another. */
function settle({ takes, ruleCount }: KeyTakes, reply: unknown): void {
  const numbers = Array.isArray(reply) ? reply.map(Number) : [];
  if (numbers.length !== 2 + 2 * ruleCount || numbers.some(Number.isNaN)) {
    const error = Array.isArray(reply) ? otherAnswer() : fromErrorReply(String(reply));
    for (const { reject } of takes) reject(error);
    return;
  }
  const [allowed, retryAfterMs, ...states] = numbers as [number, number, ...number[]];
  let left = allowed;
  for (const { count, resolve } of takes) {
    const granted = Math.min(count, left);
    left -= granted;
    const all = granted === count;
    resolve({ allowed: all, retryAfterMs: all ? 0 : retryAfterMs, rules: rulesFrom(states, left) });
  }
}

/** The rules' states as they were when `later` of the allowed requests were still to be counted. */
function rulesFrom(states: readonly number[], later: number): RuleState[] {
  const rules: RuleState[] = [];
  for (let at = 0; at < states.length; at += 2) {
    rules.push({ remaining: states[at]! + later, resetAfterMs: states[at + 1]! });
  }
  return rules;
}
