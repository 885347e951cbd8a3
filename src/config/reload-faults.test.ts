import { describe, expect, it } from 'vitest';
import { loadConfig } from './load-config.ts';
import { reloadFaults } from './reload-faults.ts';
import { type Config, configSchema } from './schema.ts';

const config = await loadConfig({
  cwd: '/',
  env: {},
  overrides: { origins: { default: 'http://127.0.0.1:1' } },
});
const service = config.services.default!;
const paths = (next: Config, current = config) => reloadFaults(current, next).map(({ path }) => path);

const TAKEN_ON = [
  ...['services', 'purge', 'mode', 'trusted_proxies', 'shutdown_timeout_ms', 'logging_level'],
  ...['log_cache_hits', 'log_cache_misses', 'log_ttl_info', 'log_timing_metrics', 'aggregate_log_interval'],
];

describe('reloadFaults', () => {
  it('finds none where nothing has changed', () => {
    expect(paths(structuredClone(config))).toEqual([]);
  });

  it.each(Object.keys(configSchema.shape).filter((name) => name !== 'tls'))(
    'knows what becomes of %s',
    (name) => {
      const next = { ...config, [name]: name === 'services' ? {} : { changed: true } } as unknown as Config;
      expect(paths(next)).toEqual(TAKEN_ON.includes(name) ? [] : [name]);
    },
  );

  it('names all that has changed, what was left out too', () => {
    const current = { ...config, admin_token: 'a'.repeat(16), hash_key: 'b'.repeat(16) };
    expect(
      paths({ ...config, listen: '127.0.0.1:1', workers: 2 } as unknown as Config, current).sort(),
    ).toEqual([...['admin_token', 'hash_key', 'listen', 'workers']]);
  });

  it('takes on other files of certificates, and neither their begin nor their end', () => {
    const tls = { cert_file: '/a', key_file: '/b' };
    expect(paths({ ...config, tls: { ...tls, cert_file: '/c' } }, { ...config, tls })).toEqual([]);
    expect(paths({ ...config, tls })).toEqual(['tls']);
    expect(paths(config, { ...config, tls })).toEqual(['tls']);
  });

  it('takes on protocols that were known at the start, whose service ever', () => {
    const withUpgrade = (upgrade: typeof service.upgrade, name = 'default'): Config => ({
      ...config,
      services: { ...config.services, [name]: { ...service, upgrade } },
    });
    expect(paths(withUpgrade(['websocket']))).toEqual(['services.default.upgrade']);
    expect(paths(withUpgrade('off'), withUpgrade(['websocket']))).toEqual([]);
    expect(paths(withUpgrade(['websocket'], 'other'), withUpgrade(['websocket']))).toEqual([]);
  });

  it('tells no value', () => {
    const current = { ...config, admin_token: 'a secret of the test' };
    const told = JSON.stringify(
      reloadFaults(current, { ...config, admin_token: 'another secret of the test' }),
    );
    expect(told).not.toContain('secret of the test');
  });
});
