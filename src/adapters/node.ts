import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Answer } from '../gateway/answer.ts';
import type { Gateway } from '../gateway/gateway.ts';
import { isEnding } from './connection-end.ts';
import { answerLast } from './last-answer.ts';
import { NodeRequest } from './node-request.ts';
import { mustWait } from './pipelining.ts';
import { inspectHead } from './request-head.ts';
import { fail, send } from './send.ts';

/** Told of the origin's end of the connection where 101 is to be sent. */
type Join = (answer: Answer, tunnel: Duplex) => void;

/**
 * A request listener for `node:http` and `node:https` servers.
 * @param join only where the request may change the connection's protocol
 */
export type NodeListener = (message: IncomingMessage, response: ServerResponse, join?: Join) => void;

/** @param onError told of an answer that Node would not send; the client gets 500 */
export function createNodeListener(gateway: Gateway, onError: (error: unknown) => void): NodeListener {
  // Answers that are at hand are sent at the end of the turn, one right after the other: a write to a socket wakes
  // its reader, which is cheaper for many at once than for each between two requests (docs/performance.md).
  let atHand: [ServerResponse, Socket, Answer][] = [];
  const sendOrFail = (response: ServerResponse, socket: Socket, answer: Answer, join?: Join) => {
    try {
      if (answer.tunnel === undefined || join === undefined) send(response, socket, answer);
      else join(answer, answer.tunnel);
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
  const serve = (message: IncomingMessage, response: ServerResponse, hasContent: boolean, join?: Join) => {
    const { socket } = message;
    const answer = gateway.handle(new NodeRequest(message, response, hasContent, join !== undefined));
    if (answer instanceof Promise) void answer.then((result) => sendOrFail(response, socket, result, join));
    else if (atHand.push([response, socket, answer]) === 1) setImmediate(sendAll);
  };
  return (message, response, join) => {
    // Behind a request that was refused may stand what its sender thinks of as content.
    if (isEnding(message.socket)) return;
    const hasContent = inspectHead(message);
    if (typeof hasContent !== 'boolean') answerLast(response, hasContent);
    else if (mustWait(message, response)) {
      // Its content may have turned out broken meanwhile.
      response.once('socket', (socket) => {
        if (message.complete || !isEnding(socket)) serve(message, response, hasContent, join);
      });
    } else serve(message, response, hasContent, join);
  };
}
