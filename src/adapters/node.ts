import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Answer } from '../gateway/answer.ts';
import type { Gateway } from '../gateway/gateway.ts';
import { endAfterAnswer, isEnding } from './connection-end.ts';
import { NodeRequest } from './node-request.ts';
import { inspectHead } from './request-head.ts';
import { fail, send } from './send.ts';

/**
 * A request listener for `node:http` and `node:https` servers.
 * @param join where the request may change the connection's protocol: told of the origin's end once 101 is to be sent
 */
export type NodeListener = (
  message: IncomingMessage,
  response: ServerResponse,
  join?: (answer: Answer, tunnel: Duplex) => void,
) => void;

/** @param onError told of an answer that Node would not send; the client gets 500 */
export function createNodeListener(gateway: Gateway, onError: (error: unknown) => void): NodeListener {
  // Answers that are at hand are sent at the end of the turn, one right after the other: a write to a socket wakes
  // its reader, which is cheaper for many at once than for each between two requests (docs/performance.md).
  let atHand: [ServerResponse, Socket, Answer][] = [];
  const sendOrFail = (response: ServerResponse, socket: Socket, answer: Answer) => {
    try {
      send(response, socket, answer);
    } catch (error) {
      onError(error);
      fail(response, answer);
    }
  };
  const sendAll = () => {
    const answers = atHand;
    atHand = [];
    for (const each of answers) sendOrFail(...each);
  };
  return (message, response, join) => {
    const { socket } = message;
    // Behind a request that was refused may stand what its sender thinks of as content.
    if (isEnding(socket)) return;
    const head = inspectHead(message);
    if (typeof head !== 'boolean') {
      refuse(response, socket, head)
      return;
    }
    const answer = gateway.handle(new NodeRequest(message, response, head, join !== undefined));
    if (answer instanceof Promise) void answer.then((result) => sendOrFail(response, socket, result));
    else if (atHand.push([response, socket, answer]) === 1) setImmediate(sendAll);
  };
}
