import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'iovalkey';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/load-config.ts';
import { DEPLOY } from '../support/dashboard.ts';
import { freePort, startServerProcess } from '../support/server-process.ts';
import { findServerProgram } from '../support/server-program.ts';

// The form of compose.yaml by the Compose Specification, what it refers to, and that what it runs by command works.

interface Service {
  readonly image?: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly restart?: string;
  readonly user?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly command?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly networks: readonly string[];
  readonly secrets?: readonly string[];
  readonly healthcheck: {
    readonly test: readonly string[];
    readonly interval: string;
    readonly timeout: string;
    readonly start_period: string;
    readonly retries: number;
  };
  readonly read_only?: boolean;
  readonly cap_drop: readonly string[];
  readonly security_opt: readonly string[];
  readonly mem_limit: string;
  readonly cpus: number;
  readonly pids_limit: number;
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<Record<string, unknown>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, { readonly environment: string }>>;
}

const text = readFileSync(join(DEPLOY, 'compose.yaml'), 'utf8');
const compose = parse(text, { uniqueKeys: true }) as Compose;
const services = Object.entries(compose.services);
const example = Object.fromEntries(
  readFileSync(join(DEPLOY, '.env.example'), 'utf8')
    .split('\n')
    .filter((line) => /^[A-Z]/.test(line))
    .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
);

// Attributes of a service in the Compose Specification, of those that are of use here.
const ATTRIBUTES = new Set([
  ...['build', 'cap_drop', 'command', 'cpus', 'depends_on', 'environment', 'healthcheck', 'image', 'init'],
  ...['mem_limit', 'networks', 'pids_limit', 'ports', 'read_only', 'restart', 'secrets', 'security_opt'],
  ...['stop_grace_period', 'tmpfs', 'ulimits', 'user', 'volumes'],
]);
const DURATION = /^\d+(?:ms|s|m)$/;

describe('compose.yaml', () => {
  it('has the gate, the store, Prometheus and Grafana, by attributes that Compose knows', () => {
    expect(Object.keys(compose.services).sort()).toEqual(['cachegate', 'grafana', 'prometheus', 'valkey']);
    expect(Object.keys(compose).sort()).toEqual(['name', 'networks', 'secrets', 'services', 'volumes']);
    for (const [name, service] of services) {
      expect(
        Object.keys(service).filter((key) => !ATTRIBUTES.has(key)),
        name,
      ).toEqual([]);
    }
  });

  it('pins each image to a version', () => {
    for (const [name, { image = '', build }] of services) {
      if (build === undefined) expect(image, name).toMatch(/^[a-z/]+:v?\d+\.\d+\.\d+$/);
      else expect(image, name).toMatch(/^cachegate:\$\{CACHEGATE_VERSION:-local\}$/);
    }
  });

  it('checks the health of each, and starts what needs it afterwards', () => {
    for (const [name, { healthcheck, depends_on = {} }] of services) {
      const [form, ...rest] = healthcheck.test;
      expect(['CMD', 'CMD-SHELL'], name).toContain(form);
      expect(
        rest.every((word) => typeof word === 'string'),
        name,
      ).toBe(true);
      if (form === 'CMD-SHELL') expect(rest, name).toHaveLength(1);
      for (const duration of [healthcheck.interval, healthcheck.timeout, healthcheck.start_period]) {
        expect(duration, name).toMatch(DURATION);
      }
      expect(healthcheck.retries, name).toBeGreaterThan(0);
      for (const [needed, { condition }] of Object.entries(depends_on)) {
        expect(Object.keys(compose.services), name).toContain(needed);
        expect(condition, name).toBe('service_healthy');
      }
    }
    expect(compose.services.cachegate!.depends_on).toHaveProperty('valkey');
    expect(compose.services.prometheus!.depends_on).toHaveProperty('cachegate');
    expect(compose.services.grafana!.depends_on).toHaveProperty('prometheus');
  });

  it('runs nothing as root, with no more rights and resources than it needs', () => {
    for (const [name, service] of services) {
      // The image of cachegate has a user of its own.
      if (service.build === undefined) expect(service.user, name).toMatch(/^[1-9]\d*:\d+$/);
      expect(service.cap_drop, name).toEqual(['ALL']);
      expect(service.security_opt, name).toEqual(['no-new-privileges:true']);
      expect(service.restart, name).toBe('unless-stopped');
      expect(service.mem_limit, name).toBeTruthy();
      expect(service.cpus, name).toBeGreaterThan(0);
      expect(service.pids_limit, name).toBeGreaterThan(0);
      // Compose can't put a secret of the environment into a container whose root is read-only.
      expect(service.read_only === true, name).toBe(service.secrets === undefined);
    }
  });

  it('refers only to what is there', () => {
    for (const [name, { volumes = [], networks, secrets = [], build }] of services) {
      for (const volume of volumes) {
        const [from = '', to = '', mode] = volume.split(':');
        expect(to, name).toMatch(/^\//);
        if (!from.startsWith('.')) expect(Object.keys(compose.volumes), name).toContain(from);
        else {
          expect(existsSync(join(DEPLOY, from)), volume).toBe(true);
          expect(mode, volume).toBe('ro');
        }
      }
      for (const network of networks) expect(Object.keys(compose.networks), name).toContain(network);
      for (const secret of secrets) expect(Object.keys(compose.secrets), name).toContain(secret);
      if (build !== undefined) expect(existsSync(join(DEPLOY, build.context, build.dockerfile))).toBe(true);
    }
    const config = readFileSync(join(DEPLOY, 'prometheus', 'prometheus.yml'), 'utf8');
    for (const secret of Object.keys(compose.secrets)) expect(config).toContain(`/run/secrets/${secret}`);
  });

  it('opens ports of this machine alone, unless told otherwise, and none of the store', () => {
    for (const [name, { ports = [] }] of services) {
      for (const port of ports) expect(port, name).toMatch(/^\$\{[A-Z_]+:-127\.0\.0\.1:\d+\}:\d+$/);
    }
    expect(compose.services.valkey!.ports).toBeUndefined();
    expect(compose.services.cachegate!.ports).toHaveLength(1);
  });

  it('takes from the environment what .env.example names, and has no secret itself', () => {
    const used = [...text.matchAll(/(?<!\$)\$\{([A-Z_]+)(:\?|:-)?/g)];
    const names = [
      ...used.map(([, name]) => name!),
      ...Object.values(compose.secrets).map((each) => each.environment),
    ];
    expect([...new Set(names)].sort()).toEqual(Object.keys(example).sort());
    for (const [, name, form] of used) {
      // A secret that was forgotten stops the start.
      if (/PASSWORD|TOKEN/.test(name!)) {
        expect(form, name).toBe(':?');
        expect(example[name!], name).toBe('');
      }
    }
  });
});

describe('the settings of Prometheus and Grafana', () => {
  const read = (...path: string[]) => parse(readFileSync(join(DEPLOY, ...path), 'utf8'));
  const mounted = (service: string) =>
    compose.services[service]!.volumes!.map((volume) => volume.split(':')[1]);

  it('lead from one container to the next', () => {
    const prometheus = read('prometheus', 'prometheus.yml');
    expect(prometheus.scrape_configs[0].static_configs[0].targets).toEqual(['cachegate:9180']);
    expect(compose.services.prometheus!.networks).toEqual(['monitoring']);
    expect(compose.services.cachegate!.networks).toContain('monitoring');
    const { datasources } = read('grafana', 'provisioning', 'datasources', 'prometheus.yaml');
    expect(datasources[0]).toMatchObject({
      type: 'prometheus',
      url: 'http://prometheus:9090',
      isDefault: true,
    });
    expect(datasources[0].jsonData.timeInterval).toBe(prometheus.global.scrape_interval);
  });

  it('name folders that are mounted', () => {
    const { providers } = read('grafana', 'provisioning', 'dashboards', 'cachegate.yaml');
    expect(mounted('grafana')).toEqual(
      expect.arrayContaining(['/etc/grafana/provisioning', providers[0].options.path]),
    );
    const { rule_files } = read('prometheus', 'prometheus.yml');
    expect(mounted('prometheus')).toContain(`/etc/prometheus/${rule_files[0]}`);
    expect(compose.services.prometheus!.command).toContain('--config.file=/etc/prometheus/prometheus.yml');
  });
});

describe('what compose.yaml runs', () => {
  it('is a good configuration of cachegate', async () => {
    const { environment } = compose.services.cachegate!;
    const given = { ...example, VALKEY_PASSWORD: 'v'.repeat(24), CACHEGATE_ADMIN_TOKEN: 't'.repeat(24) };
    const env = Object.fromEntries(
      Object.entries(environment!).map(([name, value]) => [name, interpolated(value, given)]),
    );
    const config = await loadConfig({
      file: join(DEPLOY, 'cachegate.yaml'),
      cwd: DEPLOY,
      env,
      overrides: {},
    });
    expect(config).toMatchObject({
      listen: { port: 8080 },
      admin_listen: { port: 9180 },
      admin_token: given.CACHEGATE_ADMIN_TOKEN,
      services: { api: { origin: new URL(example.ORIGIN!) } },
    });
  });

  it('starts Valkey with its settings, and a password that is on no command line', async () => {
    const { command } = compose.services.valkey!;
    const port = await freePort();
    const [shell, flag, script] = command!.map((part) => part.replaceAll('$$', '$'));
    const program = findServerProgram();
    const here = script!
      .replace('exec valkey-server', `exec ${program}`)
      .replace(/^( *)dir \/data$/m, `$1port ${port}\n$1bind 127.0.0.1`)
      .replace('appendonly yes', 'appendonly no');
    const env = `VALKEY_PASSWORD=secret-of-the-store VALKEY_MAXMEMORY=${example.VALKEY_MAXMEMORY}`;
    const server = await startServerProcess('env', [...env.split(' '), shell!, flag!, here], port);
    try {
      expect(readFileSync(`/proc/${server.pid}/cmdline`, 'utf8')).not.toContain('secret-of-the-store');
      // The same process: it gets the container's signals.
      expect(readFileSync(`/proc/${server.pid}/comm`, 'utf8')).toMatch(/^(?:valkey|redis)-server/);
      const client = new Redis(port, { password: 'secret-of-the-store', lazyConnect: true });
      try {
        await client.connect();
        expect(await client.config('GET', 'maxmemory-policy')).toContain('volatile-ttl');
        expect(await client.config('GET', 'maxmemory')).toContain(String(512 * 1024 * 1024));
      } finally {
        client.disconnect();
      }
    } finally {
      await server.kill();
    }
  });

  it('finds Valkey healthy when it answers, and only then', () => {
    const [, check] = compose.services.valkey!.healthcheck.test;
    const folder = mkdtempSync(join(tmpdir(), 'cachegate-health-'));
    const statusWhenItSays = (answer: string) => {
      writeFileSync(join(folder, 'valkey-cli'), `#!/bin/sh\necho '${answer}'\n`, { mode: 0o755 });
      const env = { PATH: `${folder}:${process.env.PATH}` };
      return spawnSync('sh', ['-c', check!.replaceAll('$$', '$')], { env }).status;
    };
    try {
      expect(statusWhenItSays('PONG')).toBe(0);
      expect(statusWhenItSays('NOAUTH Authentication required.')).not.toBe(0);
      expect(statusWhenItSays('LOADING the dataset in memory')).not.toBe(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** As Compose fills in `${NAME:-default}` and `${NAME:?message}`. */
function interpolated(value: string, env: Readonly<Record<string, string>>): string {
  return value.replace(
    /\$\{([A-Z_]+)(?::-([^}]*)|:\?[^}]*)?\}/g,
    (_all, name: string, other = '') => env[name] || other,
  );
}
