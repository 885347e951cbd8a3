import { type FieldList, fieldValue, replaceFields, withoutFields } from '../../http/fields.ts';
import type { Authority, Validation } from '../authority.ts';
import type { PresentedSession } from '../presented-session.ts';
import type { AskedResponse, OpenAsker } from './asker.ts';
import { isJsonType, readJson } from './bounded-json.ts';
import { createIdentityReader, type IdentitySources } from './identity-sources.ts';
import { type Inquiry, openInquiry } from './inquiry.ts';
import { createStatusSet, type StatusRange } from './status-set.ts';

export interface HttpAuthorityOptions {
  readonly name: string;
  /** Redirects are not followed, but for one of a `GET` or `HEAD` that only adds a closing slash. */
  readonly url: URL;
  /** Default: `GET`. */
  readonly method?: 'GET' | 'HEAD' | 'POST';
  /** In which cookie, field and `Authorization` the id is sent: one of them at least. */
  readonly cookieName?: string;
  readonly fieldName?: string;
  readonly bearer?: boolean;
  /** Statuses that say that the session is valid. Default: 200-299. */
  readonly valid?: readonly StatusRange[];
  /** Statuses that say that it is not; any other says nothing about it. Default: 401, 403 and 300-399. */
  readonly invalid?: readonly StatusRange[];
  /** Where a valid answer says whose the session is; left out: it is not looked for. */
  readonly identity?: IdentitySources;
  /** Milliseconds for the whole exchange, a followed redirect and a body that is looked at included. */
  readonly timeoutMs: number;
  /** By whom it is asked. */
  readonly openAsker: OpenAsker;
}

// A body that says nothing here is not read to its end if it is longer: its connection is closed.
const MAX_DISCARDED_BYTES = 128 * 1024;
const MAX_READ_BYTES = 64 * 1024;
const CONNECTIONS = 32;

const VALID: readonly StatusRange[] = ['200-299'];
const INVALID: readonly StatusRange[] = [401, 403, '300-399'];

/**
 * An authority that is asked over HTTP with the caller's session id, as Wagtail's and Django's admin are: by default,
 * 2xx is valid; 401, 403 and a redirect (to a login page) are not; any other answer says nothing about the session.
 *
 * @throws CachegateError `ERR_CONFIG_INVALID` for invalid statuses or sources
 */
export function createHttpAuthority(options: HttpAuthorityOptions): Authority {
  const { url, method = 'GET', timeoutMs } = options;
  const asker = options.openAsker({ connections: CONNECTIONS, connectMs: timeoutMs });
  const isValid = createStatusSet(options.valid ?? VALID);
  const isInvalid = createStatusSet(options.invalid ?? INVALID);
  const identity = options.identity === undefined ? null : createIdentityReader(options.identity);

  /** Asks, and a second time where a slash was missing: that says nothing of the session. */
  async function answerTo(session: PresentedSession, told: FieldList, inquiry: Inquiry) {
    const accept = identity?.needsDocument ? 'application/json' : '*/*';
    const fields = fieldsFor(options, session, ['accept', accept, ...told]);
    const first = await inquiry.ask(url, { method, fields });
    const slashed = method === 'POST' || isValid(first.status) ? null : slashOnlyRedirect(url, first);
    if (slashed === null) return first;
    discard(inquiry, first);
    return inquiry.ask(slashed, { method, fields });
  }

  async function identified(response: AskedResponse, inquiry: Inquiry): Promise<Validation> {
    let document: unknown;
    if (identity!.needsDocument) {
      if (!isJsonType(response.lines('content-type'))) {
        discard(inquiry, response);
        return unavailable('an answer that is no JSON');
      }
      const reading = await readJson(response.body, MAX_READ_BYTES);
      if (!reading.ok) return unavailable(reading.lack);
      document = reading.document;
    } else {
      discard(inquiry, response);
    }
    const reading = identity!.read({ lines: response.lines, document });
    return reading.ok ? { verdict: 'valid', identity: reading.identity } : unavailable(reading.lack);
  }

  async function validate(
    session: PresentedSession,
    correlationId: string,
    traceFields: FieldList = [],
  ): Promise<Validation> {
    const inquiry = openInquiry(asker, timeoutMs);
    try {
      const response = await answerTo(session, ['x-request-id', correlationId, ...traceFields], inquiry);
      const { status } = response;
      if (isValid(status) && identity !== null) return await identified(response, inquiry);
      discard(inquiry, response);
      if (isValid(status)) return { verdict: 'valid' };
      return isInvalid(status) ? { verdict: 'invalid' } : unavailable(`status ${status}`);
    } catch (error) {
      return unavailable(inquiry.failureOf(error));
    } finally {
      inquiry.end();
    }
  }

  return { name: options.name, timeoutMs, validate, close: () => asker.close() };
}

/** The verdict stands with the status line, so a body that breaks off changes nothing. */
function discard(inquiry: Inquiry, response: AskedResponse): void {
  inquiry.discard(response, MAX_DISCARDED_BYTES);
}

function unavailable(detail: string): Validation {
  return { verdict: 'unavailable', detail };
}

const COOKIE: ReadonlySet<string> = new Set(['cookie']);

/** What is sent: `own`, over it what is forwarded, over that the id, which no forwarded value may stand in for. */
function fieldsFor(
  { cookieName, fieldName, bearer }: HttpAuthorityOptions,
  { id, forwarded }: PresentedSession,
  own: readonly string[],
): string[] {
  const cookies = cookieName === undefined ? [] : [`${cookieName}=${id}`];
  const more = fieldValue(forwarded, 'cookie');
  if (more !== undefined) cookies.push(more);
  const carriers = cookies.length === 0 ? [] : ['cookie', cookies.join('; ')];
  if (fieldName !== undefined) carriers.push(fieldName, id);
  if (bearer === true) carriers.push('authorization', `Bearer ${id}`);
  return replaceFields(replaceFields(own, withoutFields(forwarded, COOKIE)), carriers);
}

/** Where a redirect leads that adds nothing but a closing slash on the same origin; else `null`. */
function slashOnlyRedirect(asked: URL, { status, lines }: AskedResponse): URL | null {
  const [location, another] = lines('location');
  if (status < 300 || status >= 400 || location === undefined || another !== undefined) return null;
  if (asked.pathname.endsWith('/') || !URL.canParse(location, asked.href)) return null;
  const target = new URL(location, asked);
  const expected = new URL(asked);
  expected.pathname += '/';
  return target.href === expected.href ? target : null;
}
