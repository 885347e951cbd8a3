import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Answer, errorAnswer } from '../gateway/answer.ts';

/** The 417 of an expectation that is none but `100-continue` (RFC 9110 §10.1.1); `null` for that one. */
export function refusedExpectation({ headers }: IncomingMessage): Answer | null {
  const members = (headers.expect ?? '').toLowerCase().split(',');
  const isMet = members.every((member) => member.trim() === '100-continue');
  return isMet ? null : errorAnswer(417, 'Expectation not supported');
}

/**
 * Says 100 (Continue) when somebody first asks for the content, so that a request that is refused is refused without
 * it. Node closes behind an answer that came without 100: whether the content follows is then anyone's guess.
 */
export function continueOnRead(message: IncomingMessage, response: ServerResponse): void {
  const read = message._read;
  message._read = (size) => {
    message._read = read;
    // Content that is there already was not held back for this.
    if (!response.headersSent && message.readableLength === 0) response.writeContinue();
    message._read(size);
  };
}
