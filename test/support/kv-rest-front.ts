import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'iovalkey';

/** How the front misbehaves; all of it can be changed while it runs. */
export interface FrontFaults {
  /** Answers so many milliseconds later. */
  delayMs: number;
  /** Does nothing and answers with this status, if it is not 200, */
  status: number;
  /** or with this body; without one, such a status goes with an error in JSON. */
  body: string | null;
  /** Reads requests and never answers. */
  hang: boolean;
  /** Cuts the connection: before the commands are carried out, or when they were. */
  cut: 'before' | 'after' | null;
}

/** A service of Redis commands over HTTP, as Vercel KV and Upstash are, in front of a real server. */
export interface KvRestFront {
  readonly url: string;
  readonly token: string;
  /** Lets in whoever only reads, and runs no scripts. */
  readonly readOnlyToken: string;
  readonly faults: FrontFaults;
  /** Requests since the last reset. */
  readonly requests: number;
  /** The commands' names since the last reset, in their order. */
  readonly commands: readonly string[];
  readonly lastHeaders: IncomingMessage['headers'];
  reset(): void;
  close(): Promise<void>;
}

type Command = readonly (string | number)[];
type Answer = { readonly result: unknown } | { readonly error: string };

const NO_FAULTS: FrontFaults = { delayMs: 0, status: 200, body: null, hang: false, cut: null };
const TOKEN = 'front-token-0123456789';
const READ_ONLY_TOKEN = 'front-token-that-only-reads';
const READING: ReadonlySet<string> = new Set(['get', 'mget', 'pttl', 'hgetall', 'ping']);

/**
 * @param serverUrl of the Valkey that carries the commands out.
 * @param maxRequestBytes larger requests are refused as the services do.
 */
export async function startKvRestFront(
  serverUrl: string,
  { maxRequestBytes = 10_000_000 } = {},
): Promise<KvRestFront> {
  const client = new Redis(serverUrl);
  const faults = { ...NO_FAULTS };
  let requests = 0;
  let commands: string[] = [];
  let lastHeaders: IncomingMessage['headers'] = {};

  async function carryOut(path: string, body: unknown, readOnly: boolean): Promise<[number, unknown]> {
    if (path === '/') {
      const answer = await one(body as Command, readOnly);
      return ['error' in answer ? 400 : 200, answer];
    }
    if (path === '/pipeline') return [200, await inOrder(body as Command[], readOnly)];
    if (path === '/multi-exec') return transaction(body as Command[]);
    return [404, { error: 'ERR unknown path' }];
  }

  async function one([name, ...args]: Command, readOnly: boolean): Promise<Answer> {
    const lower = String(name).toLowerCase();
    commands.push(lower);
    if (readOnly && !READING.has(lower)) {
      return { error: `NOPERM this user has no permissions to run the '${lower}' command` };
    }
    return client.callBuffer(String(name), args.map(String)).then(
      (result) => ({ result }),
      (error: Error) => ({ error: error.message }),
    );
  }

  async function inOrder(pipeline: readonly Command[], readOnly: boolean): Promise<Answer[]> {
    return Promise.all(pipeline.map((command) => one(command, readOnly)));
  }

  async function transaction(list: readonly Command[]): Promise<[number, unknown]> {
    const multi = client.multi();
    for (const [name, ...args] of list) {
      commands.push(String(name).toLowerCase());
      multi.callBuffer(String(name), args.map(String));
    }
    const results = await multi.exec();
    return [200, results?.map(([error, result]) => (error === null ? { result } : { error: error.message }))];
  }

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    requests += 1;
    lastHeaders = request.headers;
    const body = await text(request);
    const { delayMs, status, body: faultyBody, hang, cut } = { ...faults };
    if (hang) return;
    if (cut === 'before') return void request.socket.destroy();
    if (delayMs > 0) await sleep(delayMs);
    if (status !== 200 || faultyBody !== null) {
      return send(response, status, faultyBody ?? JSON.stringify({ error: 'internal' }));
    }
    const readOnly = request.headers.authorization === `Bearer ${READ_ONLY_TOKEN}`;
    if (!readOnly && request.headers.authorization !== `Bearer ${TOKEN}`) {
      return send(response, 401, JSON.stringify({ error: 'Unauthorized' }));
    }
    if (body.length > maxRequestBytes) {
      return send(response, 413, JSON.stringify({ error: 'ERR max request size exceeded' }));
    }
    const [code, answer] = await carryOut(request.url ?? '/', JSON.parse(body), readOnly);
    if (cut === 'after') return void request.socket.destroy();
    const encoding = request.headers['upstash-encoding'] === 'base64' ? 'base64' : 'utf8';
    send(response, code, JSON.stringify(written(answer, encoding)));
  }

  const server = createServer((request, response) => {
    respond(request, response).catch(() => send(response, 400, JSON.stringify({ error: 'ERR bad request' })));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token: TOKEN,
    readOnlyToken: READ_ONLY_TOKEN,
    faults,
    get requests() {
      return requests;
    },
    get commands() {
      return commands;
    },
    get lastHeaders() {
      return lastHeaders;
    },
    reset() {
      Object.assign(faults, NO_FAULTS);
      requests = 0;
      commands = [];
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      client.disconnect();
    },
  };
}

function send(response: ServerResponse, status: number, body: string): void {
  if (response.destroyed) return;
  response.writeHead(status, { 'content-type': 'application/json' }).end(body);
}

/** Replies in JSON: what is not UTF-8 is not itself any more, unless base64 was asked for. */
function written(answer: unknown, encoding: 'base64' | 'utf8'): unknown {
  if (Buffer.isBuffer(answer)) return answer.equals(OK) ? 'OK' : answer.toString(encoding);
  if (Array.isArray(answer)) return answer.map((each) => written(each, encoding));
  if (answer === null || typeof answer !== 'object') return answer;
  if ('error' in answer) return answer;
  return 'result' in answer ? { result: written(answer.result, encoding) } : answer;
}

const OK = Buffer.from('OK');
