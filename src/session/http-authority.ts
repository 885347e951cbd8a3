import { Agent, type Dispatcher } from 'undici';
import type { Authority, Validation } from './authority.ts';

export interface HttpAuthorityOptions {
  readonly name: string;
  /** Asked with `GET`; redirects are not followed, but for one that only adds a closing slash. */
  readonly url: URL;
  /** The cookie in which the id is sent. */
  readonly cookieName: string;
  /** Milliseconds for the whole exchange, a followed redirect included. */
  readonly timeoutMs: number;
}

// An answer's body says nothing here; a longer one closes the connection instead of being read.
const MAX_DISCARDED_BYTES = 128 * 1024;
const CONNECTIONS = 32;

/**
 * An authority that is asked over HTTP with the caller's session cookie, as Wagtail's and Django's admin are:
 * 2xx is valid; 401, 403 and a redirect (to a login page) are not; any other answer says nothing about the session.
 */
export function createHttpAuthority(options: HttpAuthorityOptions): Authority {
  const agent = new Agent({ connections: CONNECTIONS, connect: { timeout: options.timeoutMs } });

  async function ask(url: URL, headers: Record<string, string>, signal: AbortSignal) {
    const response = await agent.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: 'GET',
      headers,
      signal,
    });
    // The verdict stands with the status line, so a body that breaks off changes nothing.
    response.body.dump({ limit: MAX_DISCARDED_BYTES }).catch(() => {});
    return response;
  }

  async function validate(sessionId: string, correlationId: string): Promise<Validation> {
    const signal = AbortSignal.timeout(options.timeoutMs);
    const headers = {
      cookie: `${options.cookieName}=${sessionId}`,
      accept: '*/*',
      'x-request-id': correlationId,
    };
    try {
      const first = await ask(options.url, headers, signal);
      const slashed = slashOnlyRedirect(options.url, first);
      return judge((slashed === null ? first : await ask(slashed, headers, signal)).statusCode);
    } catch (error) {
      if (signal.aborted)
        return { verdict: 'unavailable', detail: `no answer within ${options.timeoutMs} ms` };
      return { verdict: 'unavailable', detail: reasonOf(error) };
    }
  }

  return { name: options.name, timeoutMs: options.timeoutMs, validate, close: () => agent.destroy() };
}

function judge(status: number): Validation {
  if (status >= 200 && status < 300) return { verdict: 'valid' };
  if (status === 401 || status === 403 || (status >= 300 && status < 400)) return { verdict: 'invalid' };
  return { verdict: 'unavailable', detail: `status ${status}` };
}

/** Where a redirect leads that adds nothing but a closing slash on the same origin; else `null`. */
function slashOnlyRedirect(asked: URL, response: Dispatcher.ResponseData): URL | null {
  const location = response.headers.location;
  if (response.statusCode < 300 || response.statusCode >= 400 || typeof location !== 'string') return null;
  if (asked.pathname.endsWith('/') || !URL.canParse(location, asked.href)) return null;
  const target = new URL(location, asked);
  const expected = new URL(asked);
  expected.pathname += '/';
  return target.href === expected.href ? target : null;
}

function reasonOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : 'connection failed';
}
