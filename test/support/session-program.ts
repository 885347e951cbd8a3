import { createCachegate } from '../../src/app/create-cachegate.ts';
import type { OpenedSession } from '../../src/session/own/session.ts';

// What test/support/session-process.ts starts: an application with sessions of its own, which answers messages as it would
// requests.

interface Asked {
  readonly id: number;
  readonly kind: keyof typeof requests;
  readonly cookie: string | undefined;
  readonly fields: readonly string[];
}

const cachegate = createCachegate(JSON.parse(process.argv[2]!), { env: {} });

/** Requests, one for each field, all under way at once. */
const requests = {
  login: (opened: OpenedSession, user: string) => opened.session.login(user),
  logout: (opened: OpenedSession) => opened.session.logout(),
  /** Reads a field and sets it, as most handlers do. */
  add({ session }: OpenedSession, field: string) {
    session.set(field, Number(session.get(field) ?? 0) + 1);
  },
  count: ({ session }: OpenedSession, field: string) =>
    session.update(field, (before) => Number(before ?? 0) + 1),
  read: ({ session }: OpenedSession, field: string) => (field === '' ? session.user : session.get(field)),
};

process.on('disconnect', () => process.exit());
process.on('message', (asked: Asked) => {
  Promise.all(asked.fields.map((field) => answer(asked, field))).then(
    (answers) => process.send!({ id: asked.id, answers }),
    (error: { code?: string; message: string }) =>
      process.send!({ id: asked.id, error: `${error.code}: ${error.message}` }),
  );
});

async function answer({ kind, cookie }: Asked, field: string): Promise<unknown> {
  const { sessions } = await cachegate;
  const [origin, fetchSite] = [undefined, undefined];
  const opened = await sessions!.open({ method: 'POST', cookie, origin, fetchSite, host: 'localhost' });
  const value = (await requests[kind](opened, field)) ?? null;
  return { value, cookies: opened.needsCommit() ? await opened.commit() : [] };
}
