import type { Gateway } from '../gateway/gateway.ts';
import type { WarmOne } from '../gateway/warm-request.ts';
import type { OperatedGateway } from './wire-operated.ts';

/** The gateway in force, which another can follow while requests are under way: each goes on as it began. */
export interface LiveGateway extends Gateway {
  readonly current: OperatedGateway;
  /** Fetches ahead as requests are answered: what is under way goes on as it began. */
  readonly warmOne: WarmOne;
  /** New requests go to `next`; the one before is let go of when its last request has been answered. */
  follow(next: OperatedGateway): void;
  close(): Promise<void>;
}

interface Serving {
  readonly wired: OperatedGateway;
  underWay: number;
  /** Told when nothing is under way any more; `null` while it is in force. */
  left: (() => void) | null;
}

// Validations behind an answer begin their exchange a little later than that is given.
const GRACE_MS = 1_000;

export function createLiveGateway(first: OperatedGateway): LiveGateway {
  let serving: Serving = { wired: first, underWay: 0, left: null };
  const leaving = new Map<OperatedGateway, Promise<void>>();
  let closed = false;

  function leave(former: Serving): void {
    const ended = new Promise<void>((resolve) => {
      const soon = () => void setTimeout(resolve, GRACE_MS).unref();
      if (former.underWay === 0) soon();
      else former.left = soon;
    })
      .then(() => (closed ? undefined : former.wired.drain()))
      .catch(() => {})
      .finally(() => leaving.delete(former.wired));
    leaving.set(former.wired, ended);
  }

  function counted<T>(own: Serving, work: Promise<T>): Promise<T> {
    own.underWay++;
    return work.finally(() => {
      own.underWay--;
      if (own.underWay === 0) own.left?.();
    });
  }

  return {
    get current() {
      return serving.wired;
    },
    handle(request) {
      const own = serving;
      const answer = own.wired.gateway.handle(request);
      return answer instanceof Promise ? counted(own, answer) : answer;
    },
    warmOne(url, signal) {
      const own = serving;
      return counted(own, own.wired.warmOne(url, signal));
    },
    follow(next) {
      const former = serving;
      serving = { wired: next, underWay: 0, left: null };
      leave(former);
    },
    async close() {
      closed = true;
      await Promise.all([serving.wired, ...leaving.keys()].map((wired) => wired.close()));
    },
  };
}
