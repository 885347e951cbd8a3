import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One origin of several gates, which counts: each answer's body is the number of its request among those for a target. */
export interface FleetOrigin {
  /** An address for each gate, so that it is known which of them asked. */
  readonly urls: readonly string[];
  /** The requests for a target, in order; `number` is the place in it. */
  asked(target: string): readonly OriginRequest[];
  close(): Promise<void>;
}

export interface OriginRequest {
  readonly target: string;
  readonly number: number;
  /** The place of the gate that asked. */
  readonly gate: number;
  /** When it came, in milliseconds of `performance.now()`. */
  readonly at: number;
}

export interface OriginAnswer {
  readonly fields: Readonly<Record<string, string>>;
  readonly delayMs?: number;
  /** Settles when it may be answered; with `false`, it never is. */
  readonly when?: Promise<unknown> | false;
}

// Thousands of gates' connections may come at once.
const BACKLOG = 4_096;

export async function startFleetOrigin(
  gates: number,
  answer: (request: OriginRequest) => OriginAnswer,
): Promise<FleetOrigin> {
  const byTarget = new Map<string, OriginRequest[]>();
  const asked = (target: string) => {
    const known = byTarget.get(target) ?? [];
    byTarget.set(target, known);
    return known;
  };
  const handle = async (gate: number, { url }: IncomingMessage, response: ServerResponse) => {
    const target = url!;
    const request = { target, gate, number: asked(target).length, at: performance.now() };
    asked(target).push(request);
    const { fields, delayMs = 0, when } = answer(request);
    response.on('error', () => {});
    if (when === false) return;
    await when;
    const body = `${target} ${request.number}`;
    const send = () => response.writeHead(200, { 'Content-Length': body.length, ...fields }).end(body);
    if (delayMs > 0) setTimeout(send, delayMs);
    else send();
  };
  const servers = await Promise.all(
    Array.from({ length: gates }, (_, gate) =>
      listening((request, response) => void handle(gate, request, response)),
    ),
  );
  return {
    urls: servers.map((server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    asked,
    async close() {
      await Promise.all(
        servers.map((server) => {
          server.close();
          server.closeAllConnections();
          return once(server, 'close');
        }),
      );
    },
  };
}

async function listening(handle: (request: IncomingMessage, response: ServerResponse) => void) {
  const server: Server = createServer({ keepAliveTimeout: 60_000 }, handle);
  server.listen({ port: 0, host: '127.0.0.1', backlog: BACKLOG });
  await once(server, 'listening');
  return server;
}
