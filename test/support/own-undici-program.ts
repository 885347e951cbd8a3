import { serviceAt, startOrigin } from './cached-fetch.ts';
import { createInterceptedParts } from './intercepted.ts';

// The undici that Node has within, of which only the global dispatcher shows: 6 in Node 20, 7 in 24, 8 in 26. Prints what two
// requests of each of its clients come to.

interface OwnDispatcher {
  compose(interceptor: unknown): OwnDispatcher;
  request(options: object): Promise<{ headers: Record<string, string>; body: { text(): Promise<string> } }>;
  stream(options: object, sink: () => NodeJS.WritableStream): Promise<unknown>;
  close(): Promise<void>;
}

// It is made when it is first needed.
await fetch('data:,').then((response) => response.text());
const global = globalThis as unknown as Record<symbol, OwnDispatcher | undefined>;
const own =
  global[Symbol.for('undici.globalDispatcher.2')] ?? global[Symbol.for('undici.globalDispatcher.1')];

const origin = await startOrigin((_, response) => {
  const fields = { 'Cache-Control': 'max-age=60', 'Set-Cookie': ['a=1', 'b=2'], Trailer: 'X-Sum' };
  response.writeHead(200, fields).write(`answer ${origin.asked.length}`);
  response.addTrailers({ 'X-Sum': '42' });
  response.end();
});
const { interceptor, failures, settle } = createInterceptedParts([
  serviceAt(origin.url, { policy: { ...serviceAt(origin.url).policy, mode: 'rfc' } }),
]);
const agent = own!.compose(interceptor);

const printed: string[] = [];
for (let i = 0; i < 2; i++) {
  const { headers, body } = await agent.request({ origin: origin.url, path: '/request', method: 'GET' });
  printed.push(
    `request ${await body.text()} ${headers['set-cookie']} ${headers['cache-status']!.split(';')[1]}`,
  );
  await settle();
  const response = await fetch(`${origin.url}/fetch`, { dispatcher: agent } as RequestInit);
  const cookies = response.headers.getSetCookie();
  printed.push(
    `fetch ${await response.text()} ${cookies} ${response.headers.get('cache-status')!.split(';')[1]}`,
  );
  await settle();
}
const posted = await fetch(`${origin.url}/fetch`, {
  method: 'POST',
  body: 'x',
  dispatcher: agent,
} as RequestInit);
printed.push(`post ${await posted.text()}`);
await settle();
console.log(JSON.stringify({ version: process.versions.undici, printed, asked: origin.asked, failures }));
await origin.close();
