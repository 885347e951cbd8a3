import { createNodeListener } from '../../src/adapters/node.ts';
import { type NodeServerOptions, startNodeServer } from '../../src/adapters/node-server.ts';
import type { Answer } from '../../src/gateway/answer.ts';
import type { GateRequest } from '../../src/gateway/request.ts';

export interface RunningEdge {
  readonly url: string;
  /** What was handed over, as `METHOD target`. */
  readonly asked: string[];
  /** What could not be sent. */
  readonly errors: unknown[];
  close(deadlineMs?: number): Promise<boolean>;
}

/** The client's side of the server, in front of nothing but a function. */
export async function startEdge(
  handle: (request: GateRequest) => Answer | Promise<Answer>,
  options: Partial<NodeServerOptions> = {},
): Promise<RunningEdge> {
  const asked: string[] = [];
  const errors: unknown[] = [];
  const gateway = {
    handle(request: GateRequest) {
      asked.push(`${request.method} ${request.target}`);
      return handle(request);
    },
  };
  const server = await startNodeServer({
    address: { kind: 'tcp', host: '127.0.0.1', port: 0 },
    tls: null,
    listener: createNodeListener(gateway, (error) => void errors.push(error)),
    ...options,
  });
  return { url: server.url, asked, errors, close: (deadlineMs = 1_000) => server.close(deadlineMs) };
}

/** An answer with its length. */
export function text(content: string, status = 200): Answer {
  const body = Buffer.from(content);
  return { status, fields: ['Content-Length', String(body.length)], body };
}
