// Every subpath has types that compile, those of what it depends on included.
import { type Config, type RunningServer, startServer } from 'cachegate';
import { type Cachegate, createCachegate, hasCode } from 'cachegate/app';
import { cachegateMiddleware as forExpress } from 'cachegate/express';
import { createExpressSessionStore } from 'cachegate/express-session-store';
import { cachegatePlugin } from 'cachegate/fastify';
import { createFastifySessionStore } from 'cachegate/fastify-session-store';
import { cachegateMiddleware as forHono } from 'cachegate/hono';
import { withCachegate as forNode } from 'cachegate/node';
import { createSessionStore, type Session } from 'cachegate/session';
import { storeContract } from 'cachegate/testing';
import { withCachegate as forWeb } from 'cachegate/web';

declare module 'cachegate/session' {
  interface SessionData {
    visits: number;
  }
}

export const modules = [
  ...[forExpress, forHono, forNode, forWeb, cachegatePlugin, createExpressSessionStore],
  ...[createFastifySessionStore, createSessionStore, storeContract],
];

export async function serve(config: Config): Promise<RunningServer> {
  return startServer(config, { env: {} });
}

export async function application(): Promise<Cachegate> {
  const cachegate = await createCachegate({ sessions: {}, rate_limit: { limit: 20, window_seconds: 60 } });
  // @ts-expect-error a number is meant
  await createCachegate({ rate_limit: { limit: '20', window_seconds: 60 } });
  return cachegate;
}

export async function visit(session: Session): Promise<number> {
  const visits: number | undefined = session.get('visits');
  // @ts-expect-error what an application has declared is a number
  session.set('visits', 'three');
  return session.update('visits', (before = 0) => before + (visits === undefined ? 1 : 0));
}

export function isAway(error: unknown): boolean {
  // @ts-expect-error no code of cachegate
  return hasCode(error, 'ERR_STORE_UNAVAILABLE') || hasCode(error, 'ERR_NONE');
}
