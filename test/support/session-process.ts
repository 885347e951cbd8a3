import { fork } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { within } from '../../src/deadline.ts';

/** A request's outcome in another process. */
export interface Answer {
  readonly value: unknown;
  /** `Set-Cookie` values. */
  readonly cookies: readonly string[];
}

/** An application process with sessions of its own. */
export interface SessionProcess {
  /** Logs a visitor without a session in; answers the cookie that the browser has then. */
  login(user: string): Promise<string>;
  /** What the page shows: who has logged in. */
  user(cookie: string): Promise<unknown>;
  logout(cookie: string): Promise<void>;
  /** As many requests at once, each of which reads a field and sets it to one more. */
  add(cookie: string, fields: readonly string[]): Promise<void>;
  /** As many requests at once, each of which makes a field one more by `update`. */
  count(cookie: string, fields: readonly string[]): Promise<void>;
  read(cookie: string, fields: readonly string[]): Promise<unknown[]>;
  close(): Promise<void>;
}

const PROGRAM = resolve(import.meta.dirname, 'session-program.ts');
const HOOKS = resolve(import.meta.dirname, 'typescript-hooks.mjs');
const DEADLINE_MS = 15_000;

/** @param options of `createCachegate` */
export function startSessionProcess(options: object): SessionProcess {
  const child = fork(PROGRAM, [JSON.stringify(options)], {
    execArgv: ['--import', HOOKS],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const waiting = new Map<number, { resolve: (answers: Answer[]) => void; reject: (error: Error) => void }>();
  let asked = 0;
  child.on('message', ({ id, answers, error }: { id: number; answers?: Answer[]; error?: string }) => {
    const asker = waiting.get(id);
    waiting.delete(id);
    if (answers !== undefined) asker?.resolve(answers);
    else asker?.reject(new Error(error));
  });
  child.on('error', () => {});

  function ask(kind: string, cookie: string | undefined, fields: readonly string[]): Promise<Answer[]> {
    const id = asked++;
    const answers = new Promise<Answer[]>((resolve, reject) => waiting.set(id, { resolve, reject }));
    child.send({ id, kind, cookie, fields });
    return within(DEADLINE_MS, answers, () => new Error(`No answer to ${kind}`));
  }

  return {
    async login(user) {
      const [answer] = await ask('login', undefined, [user]);
      return answer!.cookies[0]!.split(';', 1)[0]!;
    },
    user: async (cookie) => (await ask('read', cookie, ['']))[0]!.value,
    logout: async (cookie) => void (await ask('logout', cookie, [''])),
    add: async (cookie, fields) => void (await ask('add', cookie, fields)),
    count: async (cookie, fields) => void (await ask('count', cookie, fields)),
    read: async (cookie, fields) => (await ask('read', cookie, fields)).map(({ value }) => value),
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exit = once(child, 'exit');
      child.disconnect();
      await exit;
    },
  };
}
