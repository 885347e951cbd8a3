import { type ClientRequest, type IncomingMessage, request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';
import type { Duplex, Readable } from 'node:stream';
import { type FieldList, fieldValue, hasField } from '../http/fields.ts';
import type { OriginBudget } from '../origin-budget/origin-budget.ts';
import { lateOrigin, originError, unreadableOrigin } from '../response-cache/origin-error.ts';

// An origin that is gone without a word is found by TCP's own probes, since there is no limit on silence.
const PROBE_AFTER_MS = 60_000;

export interface UpgradeRequest {
  readonly method: string;
  /** Path and query, below the origin's own path. */
  readonly target: string;
  /** End-to-end fields; `Host` is added where there is none. */
  readonly fields: FieldList;
  /** The protocol that is asked for, in lower case. */
  readonly protocol: string;
  readonly signal: AbortSignal;
}

export interface UpgradeResponse {
  readonly status: number;
  readonly fields: FieldList;
  readonly body: Readable;
  /** With 101 only: the connection, which begins with what the origin said in the new protocol. */
  readonly tunnel: Duplex | undefined;
}

/**
 * Asks an origin to change the protocol of a connection of its own (RFC 9110 §7.8).
 * @throws CachegateError `ERR_ORIGIN_CONNECT`, `ERR_ORIGIN_TIMEOUT`, `ERR_ORIGIN_PROTOCOL` or `ERR_ORIGIN_BUDGET`
 */
export type UpgradeClient = (request: UpgradeRequest) => Promise<UpgradeResponse>;

/**
 * @param deadlineMs for connecting and the answer's header section together
 * @param budget how often the origin may be asked; `null`: as often as it is
 */
export type OpenUpgradeClient = (
  origin: URL,
  deadlineMs: number,
  budget: OriginBudget | null,
) => UpgradeClient;

/** By a connection for each, since undici's pool gives none away. */
export const createUpgradeClient: OpenUpgradeClient = (origin, deadlineMs, budget) => {
  const send = origin.protocol === 'https:' ? requestTls : requestPlain;
  const basePath = origin.pathname.replace(/\/$/, '');
  return async ({ method, target, fields, protocol, signal }) => {
    if (budget !== null) await budget.admit({ signal });
    const host = hasField(fields, 'host') ? [] : ['Host', origin.host];
    const outgoing = send({
      host: origin.hostname.replace(/^\[|\]$/g, ''),
      port: origin.port === '' ? undefined : Number(origin.port),
      method,
      path: basePath + target,
      headers: [...host, ...fields, 'Connection', 'Upgrade', 'Upgrade', protocol],
      agent: false,
      signal,
    });
    return answerTo(outgoing, protocol, deadlineMs);
  };
};

function answerTo(request: ClientRequest, protocol: string, deadlineMs: number): Promise<UpgradeResponse> {
  return new Promise((resolve, reject) => {
    const deadline = setTimeout(() => request.destroy(lateOrigin()), deadlineMs);
    const answer = (response: IncomingMessage, tunnel?: Duplex) => {
      clearTimeout(deadline);
      resolve({ status: response.statusCode!, fields: response.rawHeaders, body: response, tunnel });
    };
    request.once('response', (response) => {
      if (response.statusCode === 101) request.destroy(unreadableOrigin('101 without a protocol'));
      else answer(response);
    });
    request.once('upgrade', (response, socket, head) => {
      // Until somebody has it, its failure is nobody's.
      socket.on('error', () => {});
      socket.setKeepAlive(true, PROBE_AFTER_MS);
      if (!changedTo(response, protocol)) {
        socket.destroy();
        reject(unreadableOrigin('101 with a protocol that was not asked for'));
        return;
      }
      if (head.length > 0) socket.unshift(head);
      answer(response, socket);
    });
    request.once('close', () => clearTimeout(deadline));
    request.on('error', (error) => reject(originError(error)));
    request.end();
  });
}

function changedTo({ statusCode, rawHeaders }: IncomingMessage, protocol: string): boolean {
  return statusCode === 101 && fieldValue(rawHeaders, 'upgrade')?.toLowerCase() === protocol;
}
