import { STATUS_CODES } from 'node:http';
import type { FastifyReply } from 'fastify';
import { ANSWER_FIELDS } from './answer-fields.ts';

/** What an error is answered with, in the form of RFC 9457; `code` is ours, for programs. */
export interface Problem {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code?: string;
}

export function problemOf(status: number, detail: string, code?: string): Problem {
  const title = STATUS_CODES[status] ?? 'Error';
  return { type: 'about:blank', title, status, detail, ...(code !== undefined && { code }) };
}

export function sendProblem(
  reply: FastifyReply,
  status: number,
  detail: string,
  code?: string,
): FastifyReply {
  const problem = JSON.stringify(problemOf(status, detail, code));
  return reply.code(status).headers(ANSWER_FIELDS).type('application/problem+json').send(problem);
}

/** What an error means to who asked; one that nobody has made for them is a bug, and not told about (500). */
export function problemOfError(error: unknown): Problem {
  const {
    code,
    message = '',
    statusCode,
  } = error as Partial<Record<'code', unknown>> & {
    readonly message?: string;
    readonly statusCode?: unknown;
  };
  if (typeof code === 'string') {
    const status = statusOf(code);
    if (status !== undefined) return problemOf(status, message, code);
    if (Object.hasOwn(FRAMEWORK, code)) return problemOf(Number(statusCode), FRAMEWORK[code]!);
  }
  // Such as an address that can't be decoded.
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode <= 499) {
    return problemOf(statusCode, message);
  }
  return problemOf(500, 'Internal error');
}

const STATUS: Readonly<Record<string, number>> = {
  ERR_EXPLAIN_INVALID: 400,
  ERR_PURGE_INVALID: 400,
  ERR_WARM_INVALID: 400,
  ERR_PURGE_NO_SERVICE: 404,
  ERR_PURGE_INCOMPLETE: 503,
};

function statusOf(code: string): number | undefined {
  if (Object.hasOwn(STATUS, code)) return STATUS[code];
  if (/^ERR_(?:STORE|SERVER)_/.test(code)) return 503;
  return code.startsWith('ERR_SESSION_') ? 409 : undefined;
}

/** What the framework finds wrong, in words that say what is accepted. */
const FRAMEWORK: Readonly<Record<string, string>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'The content is of a type that is not read; accepted: application/json',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'The content is not as long as Content-Length says',
  FST_ERR_CTP_BODY_TOO_LARGE:
    'The content is too large; accepted: 16 MiB where jobs are started, else 64 KiB',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'The content is empty; accepted: JSON',
  FST_ERR_MAX_PARAM_LENGTH: 'The id in the path is too long; accepted: 100 characters at most',
  FST_ERR_BAD_URL: 'The path can not be decoded',
};
