import type { CachegateError } from '../../errors.ts';
import type { InFlight } from '../in-flight.ts';
import type { ScriptCall } from '../scripts/script.ts';
import { storeClosed } from '../store-errors.ts';
import type { ValkeyClient } from './client.ts';
import type { Connection } from './connection.ts';
import { callScript } from './script-runner.ts';

type Argument = string | number | Buffer;

/** Sends commands at once. All failures are errors of the store. */
export interface Sender {
  /** @throws CachegateError when nothing can be sent now */
  open(): void;
  command(name: string, args: Argument[]): Promise<unknown>;
  script(call: ScriptCall): Promise<unknown>;
  /** From now on nothing is sent. */
  close(): void;
}

export interface SenderOptions {
  readonly client: ValkeyClient;
  readonly connection: Connection;
  readonly inFlight: InFlight;
  readonly toError: (error: unknown) => CachegateError;
}

export function createSender({ client, connection, inFlight, toError }: SenderOptions): Sender {
  let closed = false;

  function open(): void {
    if (closed) throw storeClosed();
    const fault = connection.fault();
    if (fault !== null) throw fault;
  }

  async function send(args: readonly Argument[], call: () => Promise<unknown>): Promise<unknown> {
    open();
    const bytes = bytesOf(args);
    inFlight.enter(1, bytes);
    try {
      return await call();
    } catch (error) {
      throw toError(error);
    } finally {
      inFlight.leave(1, bytes);
    }
  }

  return {
    open,
    command: (name, args) => send(args, () => client.call(name, args)),
    script: (call) => send(call.args, () => callScript(client, call)),
    close: () => {
      closed = true;
    },
  };
}

/** Of the values among them, which alone may be large. */
function bytesOf(args: readonly Argument[]): number {
  let bytes = 0;
  for (const arg of args) if (typeof arg === 'object') bytes += arg.length;
  return bytes;
}
