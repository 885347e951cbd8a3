import { unreadableOrigin } from '../response-cache/origin-error.ts';

/** One request on its way, its answer's content included. */
export interface Exchange {
  /** Aborted with whoever asks, and when all is closed. */
  readonly signal: AbortSignal;
  abort(reason: Error): void;
  /** What is to be done once it has ended. */
  whenEnded(work: () => void): void;
  /** It has ended; may be said more than once. */
  readonly end: () => void;
}

/** All that is under way with an origin. */
export interface Exchanges {
  /** @throws CachegateError `ERR_ORIGIN_PROTOCOL` once it is closed */
  begin(signal: AbortSignal): Exchange;
  /** Nothing begins any more; resolves when what is under way has ended. */
  drain(): Promise<void>;
  /** Nothing begins any more, and what is under way is aborted. */
  close(): Promise<void>;
}

export function createExchanges(): Exchanges {
  const underWay = new Set<Exchange>();
  let isClosed = false;
  let whenIdle: (() => void)[] = [];

  function left(exchange: Exchange): void {
    if (!underWay.delete(exchange) || underWay.size > 0) return;
    for (const tell of whenIdle) tell();
    whenIdle = [];
  }

  return {
    begin(signal) {
      if (isClosed) throw unreadableOrigin(CLOSED);
      const own = new AbortController();
      const leave = () => own.abort(signal.reason);
      const works: (() => void)[] = [];
      const exchange: Exchange = {
        signal: own.signal,
        abort: (reason) => own.abort(reason),
        whenEnded: (work) => void works.push(work),
        end() {
          signal.removeEventListener('abort', leave);
          for (const work of works.splice(0)) work();
          left(exchange);
        },
      };
      if (signal.aborted) leave();
      else signal.addEventListener('abort', leave);
      underWay.add(exchange);
      return exchange;
    },
    async drain() {
      isClosed = true;
      if (underWay.size > 0) await new Promise<void>((resolve) => whenIdle.push(resolve));
    },
    async close() {
      isClosed = true;
      for (const exchange of underWay) exchange.abort(unreadableOrigin(CLOSED));
    },
  };
}

const CLOSED = 'the gate is closed';
