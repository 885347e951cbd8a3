import { afterEach } from 'vitest';
import type { OriginClient, OriginClientOptions, OriginRequest } from '../../src/gateway/origin-client.ts';
import { clientOf, type RawAnswer, type RawOrigin, requestOf, startRawOrigin, textOf } from './raw-origin.ts';

// One origin of bare sockets and one client of it, for each test of the file that imports this.

export let origin: RawOrigin;
export let client: OriginClient;
/** What is closed when a test is over. */
export const closing: OriginClient[] = [];

/** Starts an origin that answers so, and a client of it. */
export async function start(answer: RawAnswer | string | Buffer, change: Partial<OriginClientOptions> = {}) {
  origin = await startRawOrigin(
    typeof answer === 'function' ? answer : (socket) => void socket.write(answer),
  );
  client = clientOf(origin, change);
  closing.push(client);
}
afterEach(async () => {
  for (const each of closing.splice(0)) await each.close();
  await origin.close();
});

export const ask = (change: Partial<OriginRequest> = {}) => client.fetch(requestOf(change));
export const read = async (change: Partial<OriginRequest> = {}) => textOf((await ask(change)).body);
