// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are written this way in configurations.
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { createJsonSchema } from './json-schema.ts';
import { configSchema } from './schema.ts';

const schema = createJsonSchema();
const validator = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]);
const accepts = (config: unknown) => validator.safeParse(config).success;

const service = { origin: 'https://a.example' };

describe('the JSON Schema', () => {
  it('accepts the shapes that are documented', () => {
    expect(accepts({ services: { api: service } })).toBe(true);
    expect(
      accepts({
        $schema: './cachegate.schema.json',
        listen: 'unix:/run/cachegate.sock',
        mode: 'rfc',
        admin_listen: 'off',
        services: {
          airtable: {
            path: '/api/airtable-proxy',
            origin: 'https://api.airtable.com',
            methods: ['GET', 'HEAD'],
            request_headers: { Authorization: 'Bearer ${AIRTABLE_API_KEY}' },
            cors: { origins: ['chrome-extension://*'], credentials: false },
            session: { authority: 'wagtail', url: '${WAGTAIL_API_URL}', header: 'X-Wagtail-Session' },
            rate_limit: { session: { limit: 10 }, address: 'off' },
            cache: {
              ttl_seconds: 60,
              heuristic: false,
              targeted_headers: ['Airtable-Cache-Control'],
              negative_ttl_seconds: { '404': 60 },
              methods: ['POST', 'QUERY'],
              key: { sort_query: true, ignore_query: ['utm_*'], lower_case_path: '${FOLD}' },
            },
            timeouts: { stall_ms: 5_000 },
            forward: { headers: ['Accept'] },
            transform: { module: './feedback.ts', options: { base_id: '${BASE}' } },
          },
          plain: { path: '/plain', origin: 'https://b.example', cache: 'off', transform: './plain.ts' },
          socket: { path: '/socket', origin: 'https://c.example', upgrade: ['websocket'] },
          closed: { path: '/closed', origin: 'https://d.example', upgrade: 'off' },
        },
      }),
    ).toBe(true);
  });

  it('accepts ${…} for every scalar', () => {
    const text = '${X:-1}';
    const session = { authority: text, url: text, timeout_ms: text, cache: text, id_in_key: text };
    const scalars = { connections: text, strip_path: text, cache: text, session, methods: [text] };
    expect(accepts({ store_timeout_ms: text, services: { api: { origin: text, ...scalars } } })).toBe(true);
  });

  it.each([
    ['an unknown key', { sevices: {}, services: { api: service } }],
    ['no services', { listen: ':80' }],
    ['a number out of range', { store_timeout_ms: 9, services: { api: service } }],
    ['text for a number', { store_timeout_ms: 'soon', services: { api: service } }],
    ['a bad service name', { services: { API: service } }],
    ['a service without an origin', { services: { api: {} } }],
    ['an unknown mode', { mode: 'fast', services: { api: service } }],
    ['a method that is not cached', { services: { api: { ...service, cache: { methods: ['PUT'] } } } }],
    [
      'a star within a name',
      { services: { api: { ...service, cache: { key: { ignore_query: ['a*b'] } } } } },
    ],
    ['an unknown word', { services: { api: { ...service, cache: 'on' } } }],
  ])('refuses %s, as the schema does', (_name, config) => {
    expect(accepts(config)).toBe(false);
    expect(configSchema.safeParse(config).success).toBe(false);
  });

  it('tells editors what is accepted, and the default', () => {
    expect(schema.properties?.store_timeout_ms).toMatchObject({
      description: 'a whole number of milliseconds from 10 to 10000',
      default: 250,
    });
  });

  it('leaves functions out', () => {
    const text = JSON.stringify(schema);
    expect(text).toContain('"module"');
    expect(text).not.toContain('a function');
  });
});
