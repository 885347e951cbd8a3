import { once } from 'node:events';
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { WarmReport } from '../warm/warm-job.ts';
import { answeredInTime } from './answered-in-time.ts';
import type { JsonSchema } from './documented.ts';
import type { Operations } from './operations.ts';
import { problemOf, problemOfError, sendProblem } from './problem.ts';

/** In milliseconds. */
export interface StreamTimes {
  readonly interval: number;
  /** How long the job's report may take. */
  readonly poll: number;
  /** For so long the job can't be asked for before the stream ends. */
  readonly patience: number;
  /** For so long nothing of the stream is taken by who reads it. */
  readonly stalled: number;
}

const TIMES: StreamTimes = { interval: 500, poll: 5_000, patience: 60_000, stalled: 30_000 };
/** More than this at once are not served: each asks the store twice a second. */
const MAX_STREAMS = 32;
/** What the server itself listens to on a connection, of one event. */
const SOCKET_LISTENERS = 10;

interface Job {
  readonly first: WarmReport;
  poll(): Promise<WarmReport | null>;
}

/**
 * `GET /warm/{id}/events`: the job's reports as server-sent events. `progress` about twice a second, `end` with the last
 * one, `problem` where the job can't be asked for any more. Whoever reads slowly gets fewer.
 */
export function addWarmEvents(
  server: FastifyInstance,
  { report }: Pick<Operations['warm'], 'report'>,
  shared: JsonSchema,
  times = TIMES,
): void {
  let open = 0;
  server.get('/warm/:id/events', { schema: { ...DOCUMENTED, ...shared } }, async (request, reply) => {
    const { id } = request.params as { id: string };
    const poll = () => answeredInTime(report(id), times.poll);
    const first = await poll();
    if (first === null) return sendProblem(reply, 404, NO_JOB);
    reply.type('text/event-stream; charset=utf-8');
    if (request.method === 'HEAD') return reply.send();
    if (open >= MAX_STREAMS) {
      reply.header('Retry-After', '5');
      return sendProblem(reply, 503, `There are ${MAX_STREAMS} streams of events already`);
    }
    open += 1;
    try {
      await stream(request.raw.socket, reply, { first, poll }, times);
    } finally {
      open -= 1;
    }
  });
}

/** Writes until the job has ended or the reader has left. Never rejects. */
async function stream(socket: Socket, reply: FastifyReply, job: Job, times: StreamTimes): Promise<void> {
  reply.hijack();
  const { raw } = reply;
  // Of the response nothing is heard where the reader left before it began, or before one ahead of it was over.
  const left = new AbortController();
  const leave = () => left.abort();
  // Streams may be asked for one behind another on one connection.
  socket.setMaxListeners(MAX_STREAMS + SOCKET_LISTENERS);
  socket.once('close', leave);
  if (socket.destroyed) leave();
  raw.on('error', () => raw.destroy());
  raw.setTimeout(times.stalled, () => raw.destroy());
  raw.writeHead(200, reply.getHeaders() as OutgoingHttpHeaders);
  try {
    await writeReports(raw, job, times, left.signal);
  } catch (error) {
    if (!left.signal.aborted) raw.write(eventOf('problem', problemOfError(error)));
  }
  socket.off('close', leave);
  raw.end();
}

async function writeReports(raw: ServerResponse, job: Job, times: StreamTimes, signal: AbortSignal) {
  let report = job.first;
  let knownAt = performance.now();
  while (!signal.aborted) {
    if (report.state !== 'running') return void raw.write(eventOf('end', report));
    // Whoever does not read is told again when what was written is on its way; who never does is cut off.
    if (!raw.write(eventOf('progress', report))) await once(raw, 'drain', { signal });
    await pause(times.interval, undefined, { signal });
    try {
      const found = await job.poll();
      if (found === null) return void raw.write(eventOf('problem', problemOf(404, NO_JOB)));
      report = found;
      knownAt = performance.now();
    } catch (error) {
      // What was known last is told again: it is the sign that the stream lives.
      if (performance.now() - knownAt >= times.patience) throw error;
    }
  }
}

// JSON has no line ends of its own.
function eventOf(name: 'progress' | 'end' | 'problem', data: object): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

const NO_JOB = 'No job has this id';

const DOCUMENTED = {
  operationId: 'warmEvents',
  summary: 'How a job goes on, as it does',
  description:
    'Server-sent events with reports as data: `progress` about twice a second, `end` when the job has ended. `problem`, ' +
    'with a problem as data, ends the stream where the job can not be asked for. At most 32 streams at once (503).',
  response: {
    200: {
      description: 'The events',
      content: {
        'text/event-stream': {
          schema: { type: 'string' },
          example: 'event: progress\ndata: {"id":"b3JkZXI","state":"running"}\n\n',
        },
      },
    },
  },
};
