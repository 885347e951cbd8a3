import type { AskedRequest, AskedResponse, Asker } from './asker.ts';

/** What is asked of an authority at one time, in one exchange or more, within one deadline. */
export interface Inquiry {
  /** @throws as `Asker.ask` does */
  ask(target: URL, request: Omit<AskedRequest, 'signal'>): Promise<AskedResponse>;
  /** Its content is not wanted; nobody waits until it is gone. */
  discard(response: AskedResponse, maxBytes: number): void;
  readonly isLate: boolean;
  /** Why there is no answer, for a log. */
  failureOf(error: unknown): string;
  /** Nothing is left of it once what is discarded is gone: no timer that a platform would have to wait for. */
  end(): void;
}

export function openInquiry(asker: Asker, timeoutMs: number): Inquiry {
  const deadline = new AbortController();
  const { signal } = deadline;
  const timer = setTimeout(() => deadline.abort(), timeoutMs);
  const discarded: Promise<void>[] = [];
  return {
    ask: (target, request) => asker.ask(target, { ...request, signal }),
    discard: (response, maxBytes) => void discarded.push(response.discard(maxBytes)),
    get isLate() {
      return signal.aborted;
    },
    failureOf: (error) => (signal.aborted ? `no answer within ${timeoutMs} ms` : reasonOf(error)),
    end: () => void Promise.all(discarded).then(() => clearTimeout(timer)),
  };
}

function reasonOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : 'connection failed';
}
