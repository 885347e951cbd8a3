import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { redactedConfig } from './redacted-config.ts';
import { configSchema } from './schema.ts';

const secret = (number: number) => `hush-${number}-${'x'.repeat(40)}`;

const WRITTEN = `
store: rediss://${secret(2)}:${secret(1)}@store.example.com:6379/3
admin_token: ${secret(3)}
hash_key: ${secret(4)}
purge: { addresses: [127.0.0.1], token: ${secret(5)} }
sessions: { secrets: [${secret(6)}, ${secret(7)}] }
warm: { template: '/api/{id}', request_headers: { Accept-Language: ${secret(8)} } }
services:
  options:
    path: /options
    origin: https://api.example.com
  api:
    path: /api
    origin: https://api.example.com/v0
    request_headers: { Authorization: Bearer ${secret(9)}, X-Plain: ${secret(10)} }
    response_headers: { X-Mark: ${secret(11)} }
    transform:
      request: null
      options: { anything: ${secret(12)}, nested: { token: ${secret(13)} }, list: [${secret(14)}] }
    session:
      authority: token
      jwks_url: https://keys.example.com/jwks?key=${secret(15)}
      identity_secret: ${secret(16)}
`;

function written(): Record<string, unknown> {
  const tree = parse(WRITTEN) as { services: { api: { transform: object } } };
  tree.services.api.transform = { ...tree.services.api.transform, request: () => secret(17) };
  return tree;
}

const config = configSchema.parse(written());
const shown = redactedConfig(config) as typeof config;

describe('redactedConfig', () => {
  it('shows no secret, wherever one may stand', () => {
    const kept = JSON.stringify(config);
    for (let number = 1; number <= 16; number++) expect(kept).toContain(secret(number));
    expect(JSON.stringify(shown)).not.toContain('hush');
  });

  it('shows all else, and where what is hidden stands', () => {
    expect(shown).toMatchObject({
      store: 'rediss://store.example.com:6379/3',
      admin_token: '[redacted]',
      purge: { addresses: config.purge === 'off' ? [] : config.purge.addresses, token: '[redacted]' },
      sessions: { secrets: '[redacted]', idle_ttl_seconds: 1_800 },
      warm: { template: '/api/{id}', request_headers: { 'Accept-Language': '[redacted]' }, concurrency: 4 },
      services: {
        api: {
          origin: 'https://api.example.com/v0',
          request_headers: { Authorization: '[redacted]', 'X-Plain': '[redacted]' },
          transform: { request: '[code]', options: { anything: '[redacted]', nested: '[redacted]' } },
          session: { authority: 'token', jwks_url: 'https://keys.example.com/jwks?…', id_in_key: 'plain' },
        },
        // A service may be called so.
        options: { path: '/options', origin: 'https://api.example.com' },
      },
    });
    expect(Object.keys(shown).sort()).toEqual(Object.keys(config).sort());
  });

  it.each([
    'kv-rest:',
    'memory:',
    `redis+cluster://user:${secret(1)}@a:1,b:2`,
    `valkey+sentinel://:${secret(1)}@a:1,b:2/master`,
    `redis://${secret(1)}@a:1`,
  ])('shows where the store is: %s', (store) => {
    const told = redactedConfig({ ...config, store }) as typeof config;
    expect(told.store).not.toContain('hush');
    expect(told.store).toContain(store.slice(0, store.indexOf(':')));
  });

  it('leaves the configuration as it is', () => {
    expect(config.admin_token).toBe(secret(3));
  });
});
