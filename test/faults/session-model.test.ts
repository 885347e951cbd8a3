import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Session } from '../../src/session/own/session.ts';
import { createSessions, type OwnSessions } from '../../src/session/own/sessions.ts';
import { createStoreKeys } from '../../src/store/keys.ts';
import type { Store } from '../../src/store/store.ts';
import { openStore } from '../../src/wiring/open-store.ts';
import { untilSo } from '../support/server-process.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { startValkeyServer, type ValkeyServer } from '../support/valkey-server.ts';

// Browsers that send several requests at a time, to two processes on one Valkey that keeps going away; afterwards what they
// were told must be what is there.

const SECRET = 'a secret of thirty-two characters at least';
const BROWSERS = 4;
const WRITERS = 2;
const EPISODES = 5;

const pick = <T>(from: readonly T[]): T => from[Math.floor(Math.random() * from.length)]!;
const sidOf = (cookie: string) =>
  JSON.parse(Buffer.from(cookie.split('.')[1]!, 'base64url').toString()).sid as string;

/** What a browser was told. */
class Model {
  readonly index: number;
  readonly name: string;
  /** As the browser sends it now. */
  jar: string | undefined;
  /** The newest cookie of each id. */
  readonly cookies = new Map<string, string>();
  /** What an id was exchanged for. */
  readonly next = new Map<string, string>();
  /** Ids that are dead. */
  readonly dead = new Set<string>();
  /** Ids whose session was ended, under whatever id it is. */
  readonly ended = new Set<string>();
  /** Writes that were confirmed: id, field, number. */
  readonly writes: { sid: string; field: string; n: number }[] = [];
  readonly faults: string[] = [];

  constructor(index: number) {
    this.index = index;
    this.name = `user-${index}`;
  }

  look(session: Session): void {
    if (session.user !== null && session.user !== this.name) this.faults.push(`saw ${session.user}`);
    for (let i = 0; i < WRITERS; i++) {
      const value = session.get(`f${i}`) as string | undefined;
      if (value !== undefined && !value.startsWith(`${this.name}:`)) this.faults.push(`read ${value}`);
    }
  }

  tipOf(sid: string): string {
    let tip = sid;
    while (this.next.has(tip)) tip = this.next.get(tip)!;
    return tip;
  }

  /** Whether the session was ended under this id, one before or one after it. */
  isEnded(sid: string): boolean {
    const tip = this.tipOf(sid);
    return [...this.ended].some((each) => this.tipOf(each) === tip);
  }
}

describe.each(['refuse', 'queue'] as const)(
  'sessions on a store that comes and goes (%s)',
  (degradedWrites) => {
    let dir: string;
    let valkey: ValkeyServer;
    let proxies: TcpProxy[];
    let stores: Store[];
    let processes: OwnSessions[];
    let told: string[];

    beforeEach(async () => {
      dir = await mkdtemp(join(tmpdir(), 'cachegate-model-'));
      valkey = await startValkeyServer({ dir, args: ['--appendfsync', 'always'] });
      proxies = [await startTcpProxy(valkey), await startTcpProxy(valkey)];
      [stores, processes, told] = [[], [], []];
      for (const { url } of proxies) await startProcess(url);
    });
    afterEach(async () => {
      await Promise.all(processes.map((each) => each.close(200)));
      await Promise.all(stores.map((store) => store.close()));
      await Promise.all(proxies.map((proxy) => proxy.close()));
      await valkey.stop();
      await rm(dir, { recursive: true, force: true });
    });

    async function startProcess(url: string): Promise<void> {
      const clock = { now: () => Date.now() };
      const { store } = await openStore(
        {
          ...{ store: url, store_timeout_ms: 100, memory_limit_mib: 16, disk_limit_mib: 16, namespace: '' },
          near_cache: { max_age_ms: 1000 },
        },
        { clock, observer: {}, env: {} },
      );
      await untilSo('the store answers', () =>
        store!.ping().then(
          () => true,
          () => false,
        ),
      );
      stores.push(store!);
      const index = processes.length;
      processes.push(
        createSessions({
          ...{
            store: store!,
            keys: createStoreKeys('', SECRET),
            secrets: [SECRET],
            namespace: '',
            mode: 'store',
          },
          ...{ idleMs: 600_000, absoluteMs: 3_600_000, jwtOnlyMs: 900_000, degradedWrites, maxBytes: 65_536 },
          ...{ allowedOrigins: [], clock },
          cookie: { name: 'session', secure: true, sameSite: 'Lax', path: '/' },
          observer: {
            sessionsDegraded: (on) => told.push(`${index} ${on ? 'in' : 'out'}`),
            sessionChangesLost: (lost, error) =>
              told.push(`${index} lost ${lost} ${error.code} ${error.message}`),
          },
        }),
      );
    }

    interface Answered {
      readonly before: string | null;
      readonly after: string | null;
      readonly wasActive: boolean;
      readonly session: Session;
    }

    /** One request; throws what the application would be answered with. */
    async function request(
      model: Model,
      at: OwnSessions,
      act: (session: Session) => unknown,
    ): Promise<Answered> {
      const cookie = model.jar;
      const opened = await at.open({
        ...{ method: 'POST', cookie, origin: undefined, fetchSite: 'same-origin', host: 'app.example' },
      });
      const { session } = opened;
      model.look(session);
      const wasActive = session.createdAt !== null || session.degraded;
      if (Math.random() < 0.3) await delay(Math.random() * 30);
      let failure: unknown = null;
      try {
        await act(session);
      } catch (error) {
        failure = error;
      }
      let sent: readonly string[] = [];
      try {
        sent = opened.needsCommit() ? await opened.commit() : [];
      } catch (error) {
        failure ??= error;
        // As the adapters do: a cookie of before the failure is sent with the refusal.
        sent = opened.needsCommit() ? await opened.commit().catch(() => []) : [];
      }
      model.look(session);
      let after: string | null = null;
      for (const each of sent) {
        const [pair = ''] = each.split(';');
        model.jar = pair.endsWith('=') ? undefined : pair;
        if (model.jar === undefined) continue;
        after = sidOf(pair);
        model.cookies.set(after, pair);
      }
      const before = cookie === undefined ? null : sidOf(cookie);
      if (failure !== null && wasActive && after !== null && before !== null && after !== before) {
        // The change of the id was stored, and what came after it was not.
        model.dead.add(before);
        model.next.set(before, after);
      }
      if (failure !== null) throw failure;
      return { before, after, wasActive, session };
    }

    /** What is kept until the store is back is its own process's, so there a browser stays with one. */
    function placeOf(model: Model, lane = Math.floor(Math.random() * 2)): OwnSessions {
      return processes[(degradedWrites === 'queue' ? model.index : lane) % 2]!;
    }

    /** Writes its own field, each time a larger number. */
    async function write(model: Model, lane: number, until: () => boolean): Promise<void> {
      for (let n = 1; !until(); n++) {
        const field = `f${lane}`;
        try {
          let isWritten = false;
          const { before, after } = await request(model, placeOf(model, lane), async (session) => {
            // A write that is kept from before a login is not taken along, and the log says so.
            if (degradedWrites === 'queue' && session.user === null) return;
            isWritten = true;
            if (n % 4 === 0) await session.update(field, () => `${model.name}:${n}`);
            else session.set(field, `${model.name}:${n}`);
          });
          // With another id, in a session of its own.
          if (isWritten) model.writes.push({ sid: after ?? before!, field, n });
        } catch (error) {
          expect((error as { code?: string }).code).toMatch(/^ERR_SESSION_(?:DEGRADED|ENDED|CONFLICT)$/);
        }
        await delay(Math.random() * 10);
      }
    }

    /** Logs in, out and in again, changes the id. */
    async function live(model: Model, until: () => boolean): Promise<void> {
      while (!until()) {
        const action = Math.random() < 0.03 ? 'logout' : pick(['login', 'rotate', 'rotate', 'look'] as const);
        try {
          const { before, after, wasActive } = await request(model, placeOf(model), async (session) => {
            if (action === 'login') await session.login(model.name);
            if (action === 'rotate') await session.rotate();
            if (action === 'logout') await session.logout();
          });
          // One that was begun while the store was away is not known to the other process before the store is back.
          if (before === null || !wasActive) continue;
          if (action === 'logout') {
            model.dead.add(before);
            model.ended.add(before);
          } else if (after !== null && after !== before) {
            model.dead.add(before);
            model.next.set(before, after);
          }
        } catch (error) {
          expect((error as { code?: string }).code).toMatch(/^ERR_SESSION_(?:DEGRADED|ENDED|CONFLICT)$/);
        }
        await delay(Math.random() * 40);
      }
    }

    async function fault(): Promise<void> {
      const proxy = pick(proxies);
      const ms = 100 + Math.random() * 500;
      const kinds: (() => unknown)[] = [
        async () => {
          valkey.freeze();
          await delay(ms);
          valkey.thaw();
        },
        async () => {
          await valkey.kill();
          await delay(ms / 2);
          await valkey.restart();
        },
        () => proxy.refuse(),
        () => proxy.swallow(),
        () => proxy.delay(30),
        () => proxy.cut(),
      ];
      await pick(kinds)();
      await delay(ms);
      for (const each of proxies) each.heal();
      await delay(Math.random() * 1_500);
    }

    it('keeps what it has confirmed, ends what it has ended, and shows nobody another', async () => {
      const models = Array.from({ length: BROWSERS }, (_, i) => new Model(i));
      let isOver = false;
      const until = () => isOver;
      const lanes = models.flatMap((model) => [
        live(model, until),
        ...Array.from({ length: WRITERS }, (_, lane) => write(model, lane, until)),
      ]);
      const all = Promise.all(lanes);
      all.catch(() => {});
      for (let i = 0; i < EPISODES; i++) await fault();
      isOver = true;
      await all;

      for (const each of processes) {
        await untilSo('the store is back', async () => {
          const { degraded, kept } = each.status();
          return !degraded && kept === 0;
        });
      }
      await Promise.all(stores.map((store) => store.confirmed()));
      const opened = async (at: OwnSessions, cookie: string) =>
        (
          await at.open({
            method: 'GET',
            cookie,
            origin: undefined,
            fetchSite: undefined,
            host: 'app.example',
          })
        ).session;

      const wrong: string[] = [];
      let checked = 0;
      for (const model of models) {
        wrong.push(...model.faults.map((each) => `${model.name} ${each}`));
        for (const [sid, cookie] of model.cookies) {
          if (!model.dead.has(sid) && !model.isEnded(sid)) continue;
          for (const at of processes) {
            const session = await opened(at, cookie);
            if (session.createdAt !== null || session.degraded) {
              const how = model.dead.has(sid) ? 'dead' : 'ended under another id';
              wrong.push(`${model.name} ${sid} is ${how} and was let in as ${session.user}`);
            }
          }
        }
        for (const { sid, field, n } of model.writes) {
          const tip = model.tipOf(sid);
          if (model.isEnded(sid) || model.dead.has(tip)) continue;
          const session = await opened(processes[0]!, model.cookies.get(tip)!);
          const [, stored = '0'] = String(session.get(field) ?? '').split(':');
          checked += 1;
          if (Number(stored) < n)
            wrong.push(`${model.name} lost ${field}=${n} of ${sid} in ${tip}: ${stored}`);
        }
      }
      expect(wrong.slice(0, 20)).toEqual([]);
      expect(told.filter((each) => each.includes('lost'))).toEqual([]);
      expect(checked).toBeGreaterThan(0);
    }, 60_000);
  },
);
