import { validateHeaderName, validateHeaderValue } from 'node:http';
import { CachegateError } from '../errors.ts';
import type { GateRequest } from '../gateway/request.ts';
import { fieldValue } from '../http/fields.ts';
import { parseRequestTarget } from '../http/request-target.ts';
import type { ExplainRequest } from './explanation.ts';

const METHOD = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/;
const NEVER = new AbortController().signal;

/**
 * The request that is asked about, as an adapter would hand it over: without content, from nowhere.
 * @throws CachegateError `ERR_EXPLAIN_INVALID` for what no client could send
 */
export function askedRequest({ url, method = 'GET', headers = {} }: ExplainRequest): GateRequest {
  const parsed = parseRequestTarget(url);
  if (!parsed.ok && parsed.reason === 'form') throw invalid('url: a path that begins with /, or a URL');
  if (!METHOD.test(method)) throw invalid('method: a method of HTTP, such as GET');
  const fields = Object.entries(headers).flat();
  for (const [name, value] of Object.entries(headers)) checkField(name, value);
  return {
    method,
    target: url,
    peer: '',
    field: (name) => fieldValue(fields, name),
    fields,
    body: null,
    signal: NEVER,
    upgrade: null,
    inform() {},
  };
}

function checkField(name: string, value: string): void {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
  } catch {
    throw invalid('headers: names and values as a field of HTTP can have them');
  }
}

function invalid(accepted: string): CachegateError {
  return new CachegateError(
    'ERR_EXPLAIN_INVALID',
    `This request can’t be explained; accepted as ${accepted}`,
  );
}
