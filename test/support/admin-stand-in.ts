import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { WarmReport } from '../../src/warm/warm-job.ts';

export interface AdminRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly authorization: string | undefined;
  /** The JSON of its body; `null` without one. */
  readonly body: unknown;
}

/** Answers a request, or does with it what a test wants. */
export type AdminRoute = (request: AdminRequest, response: ServerResponse) => void;

/** A server that answers as the admin address does, by what a test puts into `routes` (`GET /stats`). */
export interface AdminStandIn {
  readonly url: string;
  readonly routes: Map<string, AdminRoute>;
  readonly asked: AdminRequest[];
  close(): Promise<void>;
  /** Listens again, at the same port. */
  reopen(): Promise<void>;
}

export async function startAdminStandIn(token: string | null = null): Promise<AdminStandIn> {
  const routes = new Map<string, AdminRoute>();
  const asked: AdminRequest[] = [];
  const server = createServer(async (incoming, response) => {
    const request = await read(incoming);
    asked.push(request);
    if (token !== null && request.authorization !== `Bearer ${Buffer.from(token).toString('latin1')}`) {
      return problem(response, 401, 'This address asks for a token');
    }
    const route = routes.get(`${request.method} ${request.path}`);
    if (route === undefined) return problem(response, 404, 'There is nothing here');
    route(request, response);
  });
  const listen = (port: number) =>
    new Promise<void>((resolve) => server.listen(port, '127.0.0.1', () => resolve()));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    routes,
    asked,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
    reopen: () => listen(port),
  };
}

async function read(incoming: IncomingMessage): Promise<AdminRequest> {
  let text = '';
  for await (const chunk of incoming) text += String(chunk);
  const url = new URL(incoming.url!, 'http://localhost');
  return {
    method: incoming.method!,
    path: url.pathname,
    query: url.searchParams,
    authorization: incoming.headers.authorization,
    body: text === '' ? null : JSON.parse(text),
  };
}

export function answering(value: unknown, status = 200): AdminRoute {
  return (_, response) => {
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
  };
}

export function problem(response: ServerResponse, status: number, detail: string, code?: string): void {
  response
    .writeHead(status, { 'Content-Type': 'application/problem+json' })
    .end(JSON.stringify({ type: 'about:blank', title: 'Error', status, detail, ...(code && { code }) }));
}

/** A job as the routes of warming report it, moved by the test. */
export interface JobStandIn {
  report(): WarmReport;
  /** Tells it to all that follow. */
  change(part: Partial<WarmReport>): void;
  /** Breaks the streams off. */
  breakOff(): void;
  /** How many have followed it so far. */
  followers(): number;
}

/** Adds the routes of a job to a stand-in; `DELETE` cancels it. */
export function addJob({ routes }: AdminStandIn, part: Partial<WarmReport> = {}): JobStandIn {
  const streams = new Set<ServerResponse>();
  let followers = 0;
  let report: WarmReport = {
    ...{ id: 'job-1', state: 'running', warmed_count: 0, failed_count: 0, total_requested: 100 },
    ...{ duplicates: 0, rate_per_second: 12.5, seconds_left: 8, created_at: '2026-05-01T12:00:00.000Z' },
    ...{ ended_at: null, failures: [] },
    ...part,
  };
  const tell = (stream: ServerResponse) => {
    stream.write(`event: progress\ndata: ${JSON.stringify(report)}\n\n`);
    if (report.state !== 'running') stream.end(`event: end\ndata: ${JSON.stringify(report)}\n\n`);
  };
  const change = (changed: Partial<WarmReport>) => {
    report = { ...report, ...changed };
    for (const stream of streams) tell(stream);
  };
  const path = `/warm/${report.id}`;
  routes.set('POST /warm', (request, response) => answering(report, 202)(request, response));
  routes.set('GET /warm', (request, response) => answering({ jobs: [report] })(request, response));
  routes.set(`GET ${path}`, (request, response) => answering(report)(request, response));
  routes.set(`DELETE ${path}`, (request, response) => {
    if (report.state === 'running') change({ state: 'cancelled', ended_at: '2026-05-01T12:01:00.000Z' });
    answering(report)(request, response);
  });
  routes.set(`GET ${path}/events`, (_, response) => {
    followers += 1;
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    streams.add(response);
    response.once('close', () => streams.delete(response));
    tell(response);
  });
  return {
    report: () => report,
    change,
    breakOff() {
      for (const stream of streams) stream.destroy();
    },
    followers: () => followers,
  };
}
