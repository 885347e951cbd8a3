import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { refusal } from '../gateway/answer.ts';
import { inTurn } from './connection-end.ts';
import { continueOnRead, refusedExpectation } from './expectation.ts';
import { answerLast, writeLastAnswer } from './last-answer.ts';
import { answerMalformed } from './malformed.ts';
import type { NodeListener } from './node.ts';
import { holdBackBehind } from './pipelining.ts';
import { MAX_FIELDS } from './request-head.ts';
import { createUpgradeListener } from './upgrade.ts';

export interface HttpServerOptions {
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | null;
  readonly listener: NodeListener;
  /** Protocols that some service passes on (RFC 9110 §7.8), in lower case; by default none. */
  readonly upgrades?: readonly string[] | undefined;
  readonly limits?: RequestLimits | undefined;
}

/** For so long a client may take, in milliseconds; 408 then. */
export interface RequestLimits {
  /** From a connection's or request's beginning to the end of its header section. */
  readonly headersMs: number;
  /** To the end of its content. */
  readonly requestMs: number;
  /** How often that is looked at. */
  readonly checkMs: number;
}

// A header section comes in one go but from those who trickle it (others allow 10 to 60 s); content may be long.
const LIMITS: RequestLimits = { headersMs: 30_000, requestMs: 3_600_000, checkMs: 5_000 };
// Request line and header section together (other servers have 8 to 32 KiB); 414 or 431 beyond.
const MAX_HEAD_BYTES = 16 * 1024;
// Longer than the idle time of common load balancers (60 s), so that it is they who close.
const KEEP_ALIVE_MS = 65_000;

/** Node's server with every way in which it hands over what a client sent: the good to `listener`, the rest refused. */
export function createHttpServer(options: HttpServerOptions): Server {
  const { listener, upgrades, limits = LIMITS } = options;
  const server = createPlainOrTls(options, limits);
  server.on('request', listener);
  server.on('checkContinue', (message, response) => {
    const refused = refusedExpectation(message);
    if (refused === null) {
      // Its refusal would be the last answer.
      holdBackBehind(response);
      continueOnRead(message, response);
      listener(message, response);
    } else {
      answerLast(response, refused);
    }
  });
  server.on('checkExpectation', (message, response) => answerLast(response, refusedExpectation(message)!));
  server.on('connect', (_message, socket) => {
    // Nobody here is a tunnel's way (RFC 9110 §9.3.6).
    inTurn(socket as Socket, () => writeLastAnswer(socket as Socket, refusal(405)));
  });
  const upgrade = createUpgradeListener({ listener, upgrades: new Set(upgrades), serveAgain });
  server.on('upgrade', (message, socket, head) => upgrade(message, socket as Socket, head));
  server.on('clientError', (error, socket) => answerMalformed(error, socket as Socket));

  function serveAgain(socket: Socket): void {
    server.emit(connectionEvent(options), socket);
  }
  return server;
}

/** The event by which a connection comes to a server's parser. */
export function connectionEvent({ tls }: Pick<HttpServerOptions, 'tls'>): 'connection' | 'secureConnection' {
  return tls === null ? 'connection' : 'secureConnection';
}

function createPlainOrTls({ tls }: HttpServerOptions, limits: RequestLimits): Server {
  const options = {
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: MAX_HEAD_BYTES,
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    connectionsCheckingInterval: limits.checkMs,
    insecureHTTPParser: false,
    // Judged in request-head.ts, for every version.
    requireHostHeader: false,
  };
  const server = tls === null ? createServer(options) : createTlsServer({ ...options, ...tls });
  // Node drops what is beyond in silence, so it must let one more through for the excess to be seen.
  server.maxHeadersCount = MAX_FIELDS + 1;
  return server;
}
