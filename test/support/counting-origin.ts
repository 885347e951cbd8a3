import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An origin that counts how often it is asked for each target, and answers as it is told. */
export interface CountingOrigin {
  readonly url: string;
  readonly counts: ReadonlyMap<string, number>;
  /** Requests in all. */
  asked(): number;
  /** When each request came, in milliseconds of `performance.now()`. */
  readonly times: readonly number[];
  /** Requests under way at the same time, at most. */
  most(): number;
  close(): Promise<void>;
}

export type OriginAnswer = (request: IncomingMessage, response: ServerResponse) => void;

/** @param answer of each request, after `delayMs`; without it, 200 */
export async function startCountingOrigin(
  delayMs: number,
  answer: OriginAnswer = (_request, response) => void response.end('ok'),
): Promise<CountingOrigin> {
  const counts = new Map<string, number>();
  const times: number[] = [];
  let now = 0;
  let most = 0;
  const server = createServer((request, response) => {
    const target = request.url!;
    counts.set(target, (counts.get(target) ?? 0) + 1);
    times.push(performance.now());
    now += 1;
    most = Math.max(most, now);
    response.once('close', () => {
      now -= 1;
    });
    setTimeout(() => answer(request, response), delayMs);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    counts,
    times,
    asked: () => times.length,
    most: () => most,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
