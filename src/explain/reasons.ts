import type { RequestFacts } from '../engine/assessment.ts';
import { currentAgeMs, remainingFreshnessMs } from '../engine/freshness.ts';
import type { StoredEntry } from '../response-cache/entry.ts';
import type { Foresight } from '../response-cache/foresight.ts';
import { seconds } from './explained-response.ts';

/** Why a request comes to what is foreseen of it: a sentence each, in the order in which it is decided. */
export function reasonsOf(facts: RequestFacts, foresight: Foresight): string[] {
  return [
    ...storeReasons(foresight),
    ...requestReasons(facts),
    ...planReasons(foresight),
    ...nextReasons(foresight),
  ];
}

function* storeReasons({ planned, isDropped }: Foresight): Generator<string> {
  const { entry, variants, away } = planned.found;
  if (isDropped) yield 'What is stored is not used: the store has yet to hear that it is invalid.';
  else if (away) yield 'The store could not be asked.';
  else if (entry !== null) yield* entryReasons(entry, planned.now);
  else if (variants !== null) yield 'No response is stored for the values of the request by which they vary.';
  else yield 'Nothing is stored for it.';
}

function* entryReasons({ assessment, staleAt }: StoredEntry, now: number): Generator<string> {
  const remainingMs = remainingFreshnessMs(assessment, now);
  const arithmetic = `lifetime ${inSeconds(assessment.freshnessLifetimeMs)}, age ${inSeconds(currentAgeMs(assessment, now))}`;
  yield remainingMs > 0
    ? `The stored response is fresh for ${inSeconds(remainingMs)} more: ${arithmetic}.`
    : `The stored response has been stale for ${inSeconds(-remainingMs)}: ${arithmetic}.`;
  if (staleAt !== null) yield 'An operator has called it stale (a soft purge).';
  if (assessment.heuristic) yield 'Its lifetime is a guess, which counts for nobody who sends cookies.';
  if (assessment.noCache) yield 'Its origin asks for a validation before each use (no-cache).';
  if (assessment.mustRevalidate) {
    yield 'It is never used stale (must-revalidate, proxy-revalidate or s-maxage).';
  }
  if (assessment.part !== null) yield 'A part of the representation is stored, not all of it.';
}

const OF_REQUEST = ['cache-control', 'pragma', 'range', 'if-range', 'if-none-match', 'if-modified-since'];

function* requestReasons(facts: RequestFacts): Generator<string> {
  for (const name of OF_REQUEST) {
    const value = facts.field(name);
    if (value !== undefined) yield `The request says ${name}: ${value}`;
  }
}

function* planReasons({ planned: { plan } }: Foresight): Generator<string> {
  switch (plan.action) {
    case 'reuse':
      if (!plan.stale) yield 'So it is used as it is.';
      else if (plan.revalidateInBackground)
        yield 'It may be used stale while it is validated behind the answer.';
      else yield 'The request accepts it stale (max-stale).';
      return;
    case 'unsatisfied':
      yield 'The request wants a stored response or none (only-if-cached), and none may be used.';
      return;
    case 'validate':
      yield 'So it is validated: the origin is asked with its validators as conditions.';
      return;
    case 'complete':
      yield 'The origin is asked for what is missing of it.';
      return;
    case 'forward':
      yield plan.mayStore
        ? 'The origin is asked, and what it answers is stored if it may be.'
        : 'The origin is asked, and what it answers is not stored.';
  }
}

function* nextReasons({ next, planned: { plan }, onError, onSilence }: Foresight): Generator<string> {
  switch (next.kind) {
    case 'answers':
      if (next.revalidates === 'yes') yield 'A validation is begun behind the answer.';
      if (next.revalidates === 'held') {
        yield 'No validation is begun now: one is under way, or the origin is not to be asked.';
      }
      if (plan.action === 'reuse' && next.answer.status === 304)
        yield 'The condition of the request holds: 304.';
      return;
    case 'joins':
      yield 'An answer to the same is on its way: the request waits for it, and takes it if it fits.';
      break;
    case 'held':
      yield next.answer.outcome.hit
        ? 'The origin has asked for a pause (Retry-After): a stale response stands in.'
        : 'The origin has asked for a pause (Retry-After), and nothing stored may stand in.';
      return;
    case 'asks':
  }
  if (onError !== null) yield 'If the origin fails or gives no answer, the stored response stands in.';
  else if (onSilence !== null) yield 'If the origin gives no answer at all, the stored response stands in.';
}

function inSeconds(ms: number): string {
  return `${seconds(ms)} s`;
}
