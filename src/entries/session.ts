export { CachegateError, type ErrorCode, hasCode } from '../errors.ts';
export type { OwnSessionObserver } from '../observe/observer.ts';
// All of it: an application's declaration of `SessionData` reaches only what is exported so.
export * from '../session/own/session.ts';
export type { SameSite, SessionCookieOptions } from '../session/own/session-cookie.ts';
export { createSessionManager, type SessionManagerOptions } from '../session/own/session-manager.ts';
export type { SessionRecord } from '../session/own/session-record.ts';
export {
  createSessionStore,
  type NewSession,
  type SessionStore,
  type SessionStoreOptions,
} from '../session/own/session-store.ts';
