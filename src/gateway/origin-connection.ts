import type { Socket } from 'node:net';
import { type buildConnector, Client, type Dispatcher } from 'undici';

/** The socket that a connection uses now; another one after it broke. */
export interface HeldSocket {
  socket: Socket | null;
}

/** What goes over a connection and wants to know of which. */
export interface Carried {
  /** Told before anything is sent. */
  takenBy(connection: HeldSocket): void;
}

export interface CarriedOptions extends Dispatcher.DispatchOptions {
  readonly carried: Carried;
}

export interface ConnectionOptions extends Client.Options {
  readonly connect: buildConnector.connector;
}

/**
 * undici's client of one connection, with its socket in view: undici does not tell whether a request went over a fresh
 * or a used one, nor whether a body that only the close delimits was ended by a reset.
 */
export class OriginConnection extends Client {
  readonly #held: HeldSocket;

  constructor(origin: URL, options: ConnectionOptions, held: HeldSocket = { socket: null }) {
    super(origin, { ...options, connect: holding(options.connect, held) });
    this.#held = held;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    (options as CarriedOptions).carried.takenBy(this.#held);
    return super.dispatch(options, handler);
  }
}

function holding(connect: buildConnector.connector, held: HeldSocket): buildConnector.connector {
  return (options, done) =>
    connect(options, (...result) => {
      held.socket = result[1];
      done(...result);
    });
}
