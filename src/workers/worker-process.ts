import { withCode } from '../config/code-of-config.ts';
import { createLog } from '../observe/log.ts';
import type { RunningServer } from '../server.ts';
import type { Assignment, FromWorker, ToWorker } from './messages.ts';
import { sentError } from './sent-error.ts';
import { answerCall } from './worker-calls.ts';

// The program of a worker. It does as the primary tells it, and Node ends it when the primary is gone.

let started: Promise<RunningServer> | null = null;
/** The last of those that were asked for; each begins when the one before is over, so that the last one stays in force. */
let reloaded: Promise<void> = Promise.resolve();

// A terminal and a service manager send their signals to all processes; what follows is the primary's to say.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
process.on('message', (message) => receive(message as ToWorker));
send({ type: 'hearing' });

function receive(message: ToWorker): void {
  switch (message.type) {
    case 'serve':
      started = start(message.assignment);
      started.then(
        ({ url }) => send({ type: 'ready', url }),
        (error) => send({ type: 'failed', error: sentError(error) }, () => process.exit(1)),
      );
      break;
    case 'report':
      void report(message.id);
      break;
    case 'call':
      void answer(message);
      break;
    case 'reload':
      reloaded = reloaded.then(async () => reload(message));
      break;
    case 'stop':
      void stop(message.deadlineMs);
      break;
  }
}

async function start({ worker, config, source }: Assignment): Promise<RunningServer> {
  const whole = await withCode(config, { ...source, env: process.env });
  const log = createLog({ level: config.logging_level }).child({ worker });
  // Loaded after the code, so that what is wrong with that is told at once.
  const { startServer } = await import('../server.ts');
  return startServer(whole, { env: process.env, log, announced: false });
}

async function report(id: number): Promise<void> {
  const server = await started?.catch(() => null);
  if (!server) return;
  const sessions = (await server.sessions?.status()) ?? null;
  const report = { store: server.storeStatus(), sessions, metrics: await server.metrics() };
  send({ type: 'report', id, report });
}

async function answer({ id, call }: Extract<ToWorker, { type: 'call' }>): Promise<void> {
  const server = await started?.catch(() => null);
  send({ type: 'call', id, answer: await answerCall(server ?? null, call) });
}

async function reload({ id, assignment }: Extract<ToWorker, { type: 'reload' }>): Promise<void> {
  const { config, source } = assignment;
  try {
    const server = await started;
    await server?.reload(withCode(config, { ...source, env: process.env }));
    send({ type: 'reloaded', id, error: null });
  } catch (error) {
    send({ type: 'reloaded', id, error: sentError(error) });
  }
}

async function stop(deadlineMs: number): Promise<void> {
  // One that could not start has said so, and ends by itself.
  const server = await started?.catch(() => null);
  const finished = (await server?.close(deadlineMs)) ?? true;
  send({ type: 'stopped', finished }, () => process.exit(0));
}

/** @param done called when it is sent, or can't be sent because nobody is there to hear it. */
function send(message: FromWorker, done: () => void = () => {}): void {
  if (process.connected) process.send?.(message, done);
  else done();
}
