import type { CompiledConfig } from '../compiled/compiled-config.ts';
import { hasCode } from '../errors.ts';
import { refusal } from '../gateway/answer.ts';
import { isLog } from '../observe/is-log.ts';
import type { Log } from '../observe/known-logs.ts';
import { requireGateOptions } from './gate-options.ts';
import { type OpenGate, openGate } from './open-gate.ts';
import { createPlainLog } from './plain-log.ts';
import type { PlatformContext, ReadContext, WaitUntil } from './request-context.ts';
import { WebRequest } from './web-request.ts';
import { sendAnswer, wholeResponse } from './web-response.ts';

export type { CompiledConfig } from '../compiled/compiled-config.ts';

export interface GateOptions {
  /** Keeps the instance alive for what follows an answer, where the platform does not hand that over with each request. */
  readonly waitUntil?: WaitUntil | null;
  /** Where the configuration's variables are read; the process's environment by default. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The application's own log, a pino logger; by default JSON lines on standard output. */
  readonly log?: Log;
}

/** @param context what the platform hands over with a request; not needed where it hands over nothing */
export type FetchHandler = (request: Request, context?: PlatformContext | object) => Promise<Response>;

export interface Gate {
  /** Answers a request. Never rejects. */
  readonly fetch: FetchHandler;
  /** The same as route handlers, for frameworks that have one export for each method. */
  readonly handlers: Readonly<Record<RouteMethod, FetchHandler>>;
  /**
   * Starts the gate, as the first request does else.
   * @throws ConfigError (`ERR_CONFIG_INVALID`) with a line for each fault of the configuration or the environment
   */
  ready(): Promise<void>;
  /** Lets what is under way finish, then lets go of the store; for processes that end. Requests are refused from then on. */
  close(): Promise<void>;
}

const ROUTE_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
export type RouteMethod = (typeof ROUTE_METHODS)[number];

/**
 * The configured gate as a function of the fetch standard. It is opened by the first request, once for all that come
 * meanwhile; one that can't be says why in the log, and answers each request with 500.
 * @param compiled what `cachegate build` has written
 */
export function createGateOn(
  compiled: CompiledConfig,
  { waitUntil = null, env = process.env, log }: GateOptions,
  readContext: ReadContext,
): Gate {
  let opening: Promise<OpenGate> | null = null;
  let closing: Promise<void> | null = null;

  async function start(): Promise<OpenGate> {
    requireGateOptions({ waitUntil, env, log });
    return openGate(compiled, { env, log });
  }

  function open(): Promise<OpenGate> {
    if (opening === null) {
      opening = start();
      opening.catch((error: unknown) =>
        tellFaults(error, isLog(log) ? log! : createPlainLog({ level: 'aggregate' })),
      );
    }
    return opening;
  }

  async function answer(gate: OpenGate, request: Request, given: unknown): Promise<Response> {
    const context = readContext(request, given);
    const asked = new WebRequest(request, context.peer);
    const answered = await gate.gateway.handle(asked);
    let sent: Promise<void> | null = null;
    try {
      const sending = sendAnswer(asked, answered);
      sent = sending.sent;
      return sending.response;
    } finally {
      gate.follow(context.waitUntil ?? waitUntil, sent);
    }
  }

  const fetch: FetchHandler = async (request, context) => {
    if (closing !== null) return failure();
    let gate: OpenGate;
    try {
      gate = await open();
    } catch {
      return failure();
    }
    try {
      return await answer(gate, request, context);
    } catch (error) {
      gate.log.error({ err: error }, 'An answer could not be sent');
      return failure();
    }
  };

  return {
    fetch,
    handlers: Object.fromEntries(ROUTE_METHODS.map((method) => [method, fetch])) as Gate['handlers'],
    async ready() {
      await open();
    },
    close() {
      closing ??= opening === null ? Promise.resolve() : opening.then((gate) => gate.close()).catch(() => {});
      return closing;
    },
  };
}

/** In the gate's own words; what is wrong is nobody's to know but the operator's. */
function failure(): Response {
  const { status, fields, body } = refusal(500);
  return wholeResponse(status, fields, body as Buffer);
}

/** A line for each, as `cachegate check` says it. */
function tellFaults(error: unknown, log: Log): void {
  if (!hasCode(error, 'ERR_CONFIG_INVALID')) log.error({ err: error }, 'The gate could not be started');
  else for (const line of (error as Error).message.split('\n')) log.error(line);
}
