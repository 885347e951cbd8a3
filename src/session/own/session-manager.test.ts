import { describe, expect, it } from 'vitest';
import { createMemoryStore } from '../../store/memory/memory-store.ts';
import { createSessionManager, type SessionManagerOptions } from './session-manager.ts';

const clock = { now: () => Date.now() };
const made = (options: Partial<SessionManagerOptions> = {}) =>
  createSessionManager({
    store: createMemoryStore({ maxBytes: 1 << 20, clock }),
    secrets: ['a secret of thirty-two characters at least'],
    ...options,
  });

describe('a manager of sessions', () => {
  it('needs a store and a secret, and sets safe cookies', async () => {
    const sessions = made();
    const opened = await sessions.open({
      ...{ method: 'GET', cookie: undefined, origin: undefined, fetchSite: undefined, host: undefined },
    });
    await opened.session.login('ada');
    const [cookie] = await opened.commit();
    expect(cookie).toMatch(/^__Host-session=\S+; Max-Age=1800; Path=\/; Secure; HttpOnly; SameSite=Lax$/);
    expect(sessions.status()).toEqual({ mode: 'store', degraded: false, kept: 0 });
    await sessions.close();
  });

  it.each([
    { secrets: [] },
    { idleTtlSeconds: Number.NaN },
    { idleTtlSeconds: 0 },
    { absoluteTtlSeconds: '60' as never },
    { jwtOnlySeconds: -1 },
    { mode: 'x' as never },
    { cookie: { sameSite: 'None', secure: false } as const },
    { allowedOrigins: ['shop.example'] },
  ])('names the fault of %j', (options) => {
    expect(() => made(options)).toThrow(expect.objectContaining({ code: 'ERR_CONFIG_INVALID' }));
  });
});
