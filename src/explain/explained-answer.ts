import type { Foresight } from '../response-cache/foresight.ts';
import type { ExplainedAnswer } from './explanation.ts';

/** Of a request that the gate answers by itself. */
export function refusal(status: number, because: readonly string[]): ExplainedAnswer {
  const cache_status = { hit: false, detail: 'gate' } as const;
  return { action: 'refuse', cache_status, status, stale_on: NEVER_STALE, because };
}

/** Of a request that goes to the origin whatever is stored. */
export function forwarded(fwd: 'bypass' | 'method', because: readonly string[]): ExplainedAnswer {
  const cache_status = { hit: false, fwd } as const;
  return { action: 'forward', cache_status, status: null, stale_on: NEVER_STALE, because };
}

/** Of a request of which too little is known. */
export function depends(because: string): ExplainedAnswer {
  return { action: 'depends', cache_status: null, status: null, stale_on: NEVER_STALE, because: [because] };
}

const NEVER_STALE = { error: false, silence: false };

/** Of a request that the cache has a part in. */
export function answerOf(foresight: Foresight, because: readonly string[]): ExplainedAnswer {
  const { next, onError, onSilence } = foresight;
  const stale_on = { error: onError !== null, silence: onSilence !== null };
  return { ...heading(foresight), status: 'answer' in next ? next.answer.status : null, stale_on, because };
}

function heading({ next, planned: { plan } }: Foresight): Pick<ExplainedAnswer, 'action' | 'cache_status'> {
  const fwd = 'fwd' in plan ? { fwd: plan.fwd } : {};
  switch (next.kind) {
    case 'answers': {
      const { outcome } = next.answer;
      if (!outcome.hit) return { action: 'refuse', cache_status: outcome };
      return { action: next.revalidates === 'yes' ? 'reuse-and-revalidate' : 'reuse', cache_status: outcome };
    }
    case 'held': {
      const { outcome } = next.answer;
      return { action: outcome.hit ? 'reuse' : 'refuse', cache_status: outcome };
    }
    case 'joins':
      return { action: 'wait', cache_status: { hit: false, ...fwd, collapsed: true } };
    case 'asks':
      return { action: plan.action, cache_status: { hit: false, ...fwd } };
  }
}
