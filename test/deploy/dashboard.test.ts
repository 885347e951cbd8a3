import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import {
  DEPLOY,
  filledIn,
  metricsIn,
  queriesOf,
  RULES_FILE,
  readDashboard,
  readRules,
} from '../support/dashboard.ts';
import {
  type GatedSite,
  type NotingServer,
  startGatedSite,
  startIdentityAuthority,
  startNotingServer,
} from '../support/gated-site.ts';
import { type PrometheusServer, startPrometheus } from '../support/prometheus.ts';
import { startSessionApplication } from '../support/session-application.ts';
import { startValkeyServer, type ValkeyServer } from '../support/valkey-server.ts';

// The dashboard and the rules against a real Prometheus that scrapes a real server under a little load of every kind.

const JOB = 'cachegate';
const SESSION = 'session-of-ann';
const DEADLINE_MS = 60_000;
const TOKEN = randomBytes(24).toString('hex');
const OWN_SESSIONS = { secrets: [randomBytes(32).toString('hex')], cookie: { secure: false } };
/** Rates over all that was scraped so far, or nearly. */
const VARIABLES = { __rate_interval: '1m', job: JOB, instance: '.*', service: '.*' };

let valkey: ValkeyServer;
let origin: NotingServer;
let authority: Awaited<ReturnType<typeof startIdentityAuthority>>;
let site: GatedSite;
let prometheus: PrometheusServer;
let load: ReturnType<typeof startSmallLoad>;
/** Of an application's own session. */
let cookie: string;

beforeAll(async () => {
  valkey = await startValkeyServer({ args: ['--maxmemory', '64mb'] });
  authority = await startIdentityAuthority();
  origin = await startNotingServer((request, response) => {
    const policy = request.url!.startsWith('/swr') ? 'max-age=0, stale-while-revalidate=60' : 'max-age=60';
    response.setHeader('Cache-Control', policy);
    response.writeHead(request.url!.startsWith('/failing') ? 500 : 200).end('body');
  });
  cookie = await cookieOfApplication();
  site = await startSite();
  load = startSmallLoad(site);
  const target = new URL(site.server.adminUrl!).host;
  prometheus = await startPrometheus({ target, job: JOB, token: TOKEN, rulesFile: RULES_FILE });
}, DEADLINE_MS);

afterAll(async () => {
  await load?.stop();
  await prometheus?.stop();
  await site?.close();
  await Promise.all([origin?.close(), authority?.close(), valkey?.stop()]);
}, DEADLINE_MS);

async function cookieOfApplication(): Promise<string> {
  const application = await startSessionApplication({ store: valkey.url, sessions: OWN_SESSIONS });
  try {
    return await application.cookieOf('ann');
  } finally {
    await application.close();
  }
}

function startSite(): Promise<GatedSite> {
  return startGatedSite(
    {
      open: { origin: origin.url },
      spared: {
        origin: origin.url,
        origin_limit: { rules: [{ limit: 2, window_seconds: 1 }], wait_ms: 300 },
      },
      gated: {
        origin: origin.url,
        session: { authority: 'http', name: 'Sample', url: authority.url, path: '/me', cookie: 'sessionid' },
        rate_limit: { session: { limit: 5, window_seconds: 1 } },
      },
      own: { origin: origin.url, session: { authority: 'own' } },
    },
    {
      ...{ store: valkey.url, admin_listen: '127.0.0.1:0', admin_token: TOKEN },
      sessions: OWN_SESSIONS,
    },
  );
}

/** Requests of every kind, one after another, until it is stopped. */
function startSmallLoad({ ask, server }: GatedSite) {
  let stopped = false;
  const get = async (path: string, options: Parameters<GatedSite['ask']>[1] = {}) =>
    void (await (await ask(path, options)).text());
  const purge = () =>
    fetch(`${server.adminUrl}/purge`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${TOKEN}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ url: `${server.url}/open/none` }),
    });
  async function run(): Promise<void> {
    for (let round = 0; !stopped; round++) {
      await Promise.all([0, 1].map(() => get(`/open/cold?round=${round}`)));
      for (const path of ['/open/warm', '/open/warm', '/open/swr']) await get(path);
      await get('/own/page', { headers: { Cookie: cookie } });
      for (const path of [1, 2, 3]) await get(`/spared/${path}?round=${round}`);
      await get('/open/failing');
      await get('/open/warm', { method: 'POST' });
      await get('/gated/page', { session: SESSION });
      await get('/gated/page', { session: `stranger-${round}` });
      const purged = await purge();
      if (!purged.ok) throw new Error(`Purge: ${purged.status} ${await purged.text()}`);
      await purged.text();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  const running = run();
  // It is awaited at the stop.
  running.catch(() => {});
  return {
    async stop() {
      stopped = true;
      await running;
    },
  };
}

/** Queries that no series with a number answers; an error fails at once. */
async function withoutData(queries: readonly { readonly place: string; readonly expr: string }[]) {
  const silent: string[] = [];
  for (const { place, expr } of queries) {
    const series = await prometheus.series(filledIn(expr, VARIABLES), 30);
    const has = series.some(({ values }) => values.some(([, value]) => !Number.isNaN(Number(value))));
    if (!has) silent.push(place);
  }
  return silent;
}

const patience = { timeout: DEADLINE_MS, interval: 1_000 };

describe('the dashboard', () => {
  it('has data for every query of every panel', { timeout: DEADLINE_MS + 10_000 }, async () => {
    const queries = queriesOf(readDashboard());
    expect(queries.length).toBeGreaterThan(50);
    expect(queries.map(({ expr }) => filledIn(expr, VARIABLES)).join('\n')).not.toContain('$');
    let left: typeof queries = queries;
    await expect
      .poll(async () => {
        const silent = await withoutData(left);
        left = left.filter(({ place }) => silent.includes(place));
        return silent;
      }, patience)
      .toEqual([]);
  });

  it('finds the values of its variables', { timeout: DEADLINE_MS + 10_000 }, async () => {
    const found = async (name: string, within: Record<string, string> = {}) => {
      const { query } = readDashboard().templating.list.find((each) => each.name === name)!;
      const text = typeof query === 'string' ? query : query.query;
      const [, metric, label] = /^label_values\((.+), (\w+)\)$/.exec(text)!;
      return prometheus.ask(`label/${label}/values`, { 'match[]': filledIn(metric!, within) });
    };
    await expect.poll(() => found('job'), patience).toEqual([JOB]);
    expect(await found('instance', { job: JOB })).toEqual([new URL(site.server.adminUrl!).host]);
    expect(await found('service', { job: JOB })).toEqual(['gated', 'open', 'own', 'spared']);
  });
});

it('finds Prometheus ready by the health check of compose.yaml', () => {
  const { services } = parse(readFileSync(join(DEPLOY, 'compose.yaml'), 'utf8')) as {
    readonly services: {
      readonly prometheus: { readonly healthcheck: { readonly test: readonly string[] } };
    };
  };
  const [form, program, ...args] = services.prometheus.healthcheck.test;
  expect([form, program]).toEqual(['CMD', 'promtool']);
  const here = args.map((word) => word.replace('http://127.0.0.1:9090', prometheus.url));
  expect(spawnSync(process.env.PROMTOOL || 'promtool', here).status).toBe(0);
});

describe('the rules', () => {
  it('are evaluated without error, and what they record is there', {
    timeout: DEADLINE_MS + 10_000,
  }, async () => {
    interface Told {
      readonly groups: readonly {
        readonly rules: readonly {
          readonly name: string;
          readonly health: string;
          readonly lastError?: string;
        }[];
      }[];
    }
    const faulty = async () => {
      const { groups } = (await prometheus.ask('rules')) as Told;
      const rules = groups.flatMap((group) => group.rules);
      return rules
        .filter(({ health }) => health !== 'ok')
        .map(({ name, lastError }) => `${name}: ${lastError}`);
    };
    await expect.poll(faulty, patience).toEqual([]);
    const recorded = readRules().flatMap(({ record }) => (record === undefined ? [] : [record]));
    const queries = recorded.map((record) => ({ place: record, expr: record }));
    await expect.poll(() => withoutData(queries), patience).toEqual([]);
  });

  it('read, as the dashboard does, only metrics that a server tells', {
    timeout: DEADLINE_MS + 10_000,
  }, async () => {
    const exprs = [...readRules(), ...queriesOf(readDashboard())].map(({ expr }) => expr);
    const wanted = [...new Set(exprs.flatMap(metricsIn))];
    expect(wanted.length).toBeGreaterThan(30);
    const missing = async () => {
      const response = await fetch(`${site.server.adminUrl}/metrics`, {
        headers: { Authorization: `Bearer ${TOKEN}` },
      });
      const text = await response.text();
      const told = new Set(text.split('\n').map((line) => /^[a-z]\w*/.exec(line)?.[0]));
      return wanted.filter((name) => !told.has(name));
    };
    await expect.poll(missing, patience).toEqual([]);
  });
});

describe('when the store is away', () => {
  it('has the alerts on it', { timeout: DEADLINE_MS + 10_000 }, async () => {
    await load.stop();
    await valkey.kill();
    const firing = async () => {
      await (await site.ask('/own/page', { headers: { Cookie: cookie } })).text();
      const wanted = ['CachegateStoreAway', 'CachegateSessionsDegraded'];
      const rules = readRules().filter(({ alert }) => wanted.includes(alert ?? ''));
      const found = await Promise.all(
        rules.map(async ({ alert, expr }) => {
          const { result } = (await prometheus.ask('query', { query: expr })) as {
            readonly result: object[];
          };
          return result.length > 0 ? [alert] : [];
        }),
      );
      return found.flat();
    };
    await expect.poll(firing, patience).toEqual(['CachegateStoreAway', 'CachegateSessionsDegraded']);
  });
});
