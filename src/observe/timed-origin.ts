import { hasCode } from '../errors.ts';
import type { RequestObserver, RequestTiming } from './observer.ts';

export interface TimedOrigin {
  readonly service: string;
  readonly observer: RequestObserver;
  readonly timing: RequestTiming;
  /** Aborted when nobody waits any more, so that the end says nothing of the origin. */
  readonly signal: AbortSignal;
}

/**
 * Waits for an origin's answer, and tells how long its header section took, without the time that its budget held the
 * request back (`heldMs`). Fails as `asked` does; what the budget refused was no exchange.
 */
export async function timedOrigin<Response extends { readonly status: number; readonly heldMs?: number }>(
  asked: Promise<Response>,
  { service, observer, timing, signal }: TimedOrigin,
): Promise<Response> {
  const startedAt = performance.now();
  const tell = (status: number | null, heldMs = 0) => {
    const durationMs = performance.now() - startedAt - heldMs;
    timing.originMs = (timing.originMs ?? 0) + durationMs;
    observer.originAnswered?.(service, status, durationMs);
  };
  try {
    const response = await asked;
    tell(response.status, response.heldMs);
    return response;
  } catch (error) {
    if (!signal.aborted && !hasCode(error, 'ERR_ORIGIN_BUDGET')) tell(null);
    throw error;
  }
}
