import { STATUS_CODES } from 'node:http';
import type { FastifyReply } from 'fastify';

/** Answers with an error in the form of RFC 9457; `code` is ours, for programs. */
export function sendProblem(
  reply: FastifyReply,
  status: number,
  detail: string,
  code?: string,
): FastifyReply {
  const problem = {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail,
    ...(code !== undefined && { code }),
  };
  return reply.code(status).type('application/problem+json').send(JSON.stringify(problem));
}

/** What an error that a part has thrown means to who asked; one without a code of ours is a bug, and not told about. */
export function sendError(reply: FastifyReply, error: unknown): FastifyReply {
  const { code, message, statusCode } = error as { code?: unknown; message?: string; statusCode?: number };
  if (typeof code === 'string' && /^ERR_(?:STORE|SERVER)_/.test(code)) {
    return sendProblem(reply, 503, message ?? '', code);
  }
  if (typeof code === 'string' && code.startsWith('ERR_SESSION_')) {
    return sendProblem(reply, 409, message ?? '', code);
  }
  // Such as a body where there should be none.
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode <= 499) {
    return sendProblem(reply, statusCode, message ?? '');
  }
  return sendProblem(reply, 500, 'Internal error');
}
