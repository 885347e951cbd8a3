import { type CachegateOptions, createCachegate } from '../../src/app/create-cachegate.ts';
import { createLog } from '../../src/observe/log.ts';
import type { OpenedSession } from '../../src/session/own/session.ts';

/** An application with own sessions, in this process. */
export interface SessionApplication {
  /** The cookie, as a browser sends it, of somebody who has just logged in; `null`: of a visitor who has left something. */
  cookieOf(user: string | null, roles?: readonly string[]): Promise<string>;
  open(cookie?: string): Promise<OpenedSession>;
  close(): Promise<void>;
}

export async function startSessionApplication(options: CachegateOptions): Promise<SessionApplication> {
  const log = createLog({ level: 'minimal', destination: { write: () => {} } });
  const cachegate = await createCachegate(options, { env: {}, log });
  const open = async (cookie?: string) =>
    cachegate.sessions!.open({
      ...{ method: 'POST', cookie, origin: undefined, fetchSite: undefined, host: 'localhost' },
    });
  return {
    open,
    async cookieOf(user, roles = []) {
      const opened = await open();
      if (user === null) opened.session.set('basket', 1);
      else await opened.session.login(user, { roles });
      const [cookie] = await opened.commit();
      return cookie!.split(';')[0]!;
    },
    close: () => cachegate.close(),
  };
}
