import { beforeEach, describe, expect, it } from 'vitest';
import { createMemoryStore } from '../../store/memory/memory-store.ts';
import type { Store } from '../../store/store.ts';
import { createManualClock, type ManualClock } from '../../testing/manual-clock.ts';
import { createSessionStore, type SessionStore, type SessionStoreOptions } from './session-store.ts';

const SECRET = 'a secret of thirty-two characters at least';

let clock: ManualClock;
let store: Store;
let sessions: SessionStore;

const made = (options: Partial<SessionStoreOptions> = {}) =>
  createSessionStore({ store, secrets: [SECRET], clock, ...options });

beforeEach(() => {
  clock = createManualClock();
  store = createMemoryStore({ maxBytes: 1 << 20, clock });
  sessions = made();
});

describe('a store of sessions', () => {
  it('creates, finds, changes and deletes them', async () => {
    const { id } = await sessions.create({ user: 'ada', roles: ['editor'], data: { n: 1, m: 1 } });
    const found = await sessions.get(id);
    expect(found).toMatchObject({ version: 1, user: 'ada', roles: ['editor'], createdAt: clock.now() });
    expect(Object.fromEntries(found!.data)).toEqual({ n: 1, m: 1 });
    const changed = await sessions.set(id, { n: 2, m: undefined });
    expect([changed!.version, Object.fromEntries(changed!.data)]).toEqual([2, { n: 2 }]);
    expect(await sessions.delete(id)).toBe(true);
    expect(await sessions.delete(id)).toBe(false);
    expect([await sessions.get(id), await sessions.set(id, { n: 3 }), await sessions.touch(id)]).toEqual([
      ...[null, null, false],
    ]);
  });

  it.each([
    { user: '' },
    { user: 'u'.repeat(257) },
    { user: 7 as never },
    { roles: [''] },
    { roles: 'a' as never },
  ])('refuses %j: nobody could read it again', async (session) => {
    await expect(sessions.create(session)).rejects.toMatchObject({ code: 'ERR_SESSION_VALUE' });
  });

  it.each(['', 'x', 'AAAAAAAAAAAAAAAAAAAAAA', '../../etc/passwd', '{}'])(
    'knows nothing of %j',
    async (id) => {
      expect(await sessions.get(id)).toBeNull();
      expect(await sessions.delete(id)).toBe(false);
    },
  );

  it('keeps a session for its idle lifetime, and never past its absolute one', async () => {
    const { id } = await sessions.create();
    clock.advance(1_799_000);
    expect(await sessions.touch(id)).toBe(true);
    clock.advance(1_800_000);
    expect(await sessions.get(id)).toBeNull();
    sessions = made({ idleTtlSeconds: 100, absoluteTtlSeconds: 150 });
    const other = await sessions.create();
    clock.advance(90_000);
    expect(await sessions.touch(other.id)).toBe(true);
    clock.advance(60_000);
    expect(await sessions.get(other.id)).toBeNull();
  });

  it('lists and deletes those of a user, by every secret', async () => {
    await sessions.create({ user: 'ada' });
    sessions = made({ secrets: ['a newer secret of thirty-two characters', SECRET] });
    await sessions.create({ user: 'ada' });
    const { id } = await sessions.create({ user: 'bob' });
    const users: (string | null)[] = [];
    let cursor: string | null = null;
    do {
      const part: Awaited<ReturnType<SessionStore['listByUser']>> = await sessions.listByUser('ada', cursor);
      users.push(...part.sessions.map(({ user }) => user));
      cursor = part.cursor;
    } while (cursor !== null);
    expect(users).toEqual(['ada', 'ada']);
    expect(await sessions.deleteByUser('ada')).toBe(2);
    expect((await sessions.get(id))!.user).toBe('bob');
  });
});
