import type { OpenedSession, Session, SessionRequest, Sessions } from '../../src/session/own/session.ts';

/** A browser without a network: keeps the session's cookie, and presents it with each request. */
export interface SessionBrowser {
  /** `name=value`; `undefined` when it has none. */
  cookie: string | undefined;
  /** One whole request: opens the session, handles it, commits. Answers the session as it was for the handler. */
  request(
    sessions: Sessions,
    handle?: (session: Session) => unknown,
    more?: Partial<SessionRequest>,
  ): Promise<Session>;
  /** The beginning of one, for requests that stay under way. */
  open(sessions: Sessions, more?: Partial<SessionRequest>): Promise<OpenedSession>;
  /** The end of one. Answers the `Set-Cookie` values, as sent. */
  send(opened: OpenedSession): Promise<readonly string[]>;
  /** Who is logged in. */
  user(sessions: Sessions): Promise<string | null>;
}

const GET = { method: 'GET', origin: undefined, fetchSite: undefined, host: 'app.example' };

export function createSessionBrowser(cookie?: string): SessionBrowser {
  const browser: SessionBrowser = {
    cookie,
    open: async (sessions, more = {}) => sessions.open({ ...GET, cookie: browser.cookie, ...more }),
    async send(opened) {
      const cookies = opened.needsCommit() ? await opened.commit() : [];
      for (const each of cookies) {
        const [pair = ''] = each.split(';');
        browser.cookie = pair.endsWith('=') ? undefined : pair;
      }
      return cookies;
    },
    async request(sessions, handle = () => {}, more = {}) {
      const opened = await browser.open(sessions, more);
      await handle(opened.session);
      await browser.send(opened);
      return opened.session;
    },
    user: async (sessions) => (await browser.request(sessions)).user,
  };
  return browser;
}
