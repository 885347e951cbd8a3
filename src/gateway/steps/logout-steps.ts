import { CachegateError } from '../../errors.ts';
import type { Limiter } from '../../rate-limit/limiter.ts';
import type { MaybePromise } from '../../store/store.ts';
import { type Answer, errorAnswer, refusal } from '../answer.ts';
import type { Cors } from '../cors.ts';
import type { Exchange, Step } from '../exchange.ts';
import type { OwnGate, RemoteGate, SessionGate } from '../session-gate.ts';
import { createCorsStep } from './cors-step.ts';
import { createIdentifyStep } from './identify-step.ts';
import { sessionRequestOf } from './own-session-steps.ts';
import { createRateLimitStep, limitExceeded, noteLimit } from './rate-limit-step.ts';

export interface LogoutOptions {
  readonly cors: Cors | null;
  readonly gate: SessionGate | null;
  readonly limiter: Limiter | null;
  readonly limitKey: (exchange: Exchange) => string;
  /** Limits what a client address may have ended: an id costs nothing to invent. */
  readonly validationLimiter: Limiter | null;
  readonly addressKey: (exchange: Exchange) => string;
}

/** The way of a request to end its session; none where there are no sessions. */
export function createLogoutSteps(options: LogoutOptions): readonly Step[] {
  return options.gate === null ? [] : [...steps(options, options.gate)];
}

function* steps(options: LogoutOptions, gate: SessionGate): Generator<Step> {
  const { cors, limiter, validationLimiter } = options;
  if (cors !== null) yield createCorsStep(cors);
  yield refuseOtherMethods;
  if (gate.kind === 'remote') {
    yield createIdentifyStep(gate);
    if (limiter !== null) yield createRateLimitStep(limiter, options.limitKey);
  }
  if (validationLimiter !== null) yield createAddressStep(validationLimiter, options.addressKey);
  yield gate.kind === 'remote' ? createForgetStep(gate) : createEndStep(gate);
}

/** Sessions end by POST alone: what a link or an image can ask for ends none. */
const refuseOtherMethods: Step = ({ request, destination }) =>
  request.method === 'POST' ? null : destination.refused;

function createAddressStep(limiter: Limiter, addressKey: LogoutOptions['addressKey']): Step {
  return (exchange): MaybePromise<Answer | null> => {
    const taken = limiter.take(addressKey(exchange), exchange);
    const judge = (result: Awaited<typeof taken>) => {
      noteLimit(exchange, limiter.limit, result);
      return result.allowed ? null : limitExceeded(result);
    };
    return taken instanceof Promise ? taken.then(judge) : judge(taken);
  };
}

const DONE: Answer = { status: 204, fields: ['Cache-Control', 'no-store'], body: null };
const RETRY_AFTER = ['Retry-After', '1'];
const INCOMPLETE = 'The store failed: the session may still be let in for a while';

/** Forgets the verdict on a remote session, in every process; whether the session goes on is its authority's matter. */
function createForgetStep({ validations }: RemoteGate): Step {
  return async (exchange) => {
    try {
      await validations.forget(exchange.session!);
      return DONE;
    } catch (error) {
      return incomplete(error);
    }
  };
}

/** Ends an own session, everywhere, and takes the cookie away; one that is over already has ended well. */
function createEndStep({ vouching, isCrossSite }: OwnGate): Step {
  return async ({ request }) => {
    if (isCrossSite(sessionRequestOf(request))) return refusal(403);
    const token = vouching.readToken(request.field('cookie') ?? '');
    const claims = token === null ? null : await vouching.verify(token);
    try {
      if (claims !== null) await vouching.end(claims);
    } catch (error) {
      return incomplete(error);
    }
    return { ...DONE, fields: [...DONE.fields, 'Set-Cookie', vouching.clearedCookie()] };
  };
}

function incomplete(error: unknown): Answer {
  if (!(error instanceof CachegateError)) throw error;
  return errorAnswer(503, INCOMPLETE, RETRY_AFTER);
}
