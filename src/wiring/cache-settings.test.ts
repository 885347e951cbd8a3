import { describe, expect, it } from 'vitest';
import { configSchema, type ServiceConfig } from '../config/schema.ts';
import { cacheSettings } from './cache-settings.ts';

function cacheOf(cache: object | 'off'): ServiceConfig['cache'] {
  return configSchema.parse({ services: { api: { origin: 'https://a.example', cache } } }).services.api!
    .cache;
}

describe('cacheSettings', () => {
  it('gives what the file says the names and units of the code', () => {
    const cache = cacheOf({
      ttl_seconds: 1,
      force: true,
      heuristic: false,
      targeted_headers: ['Own-Cache-Control'],
      negative_ttl_seconds: { 404: 2 },
      stale_while_revalidate_seconds: 3,
      stale_if_error_seconds: 4,
      stale_if_disconnected_seconds: 5,
      retry_after_limit_seconds: 6,
      max_body_bytes: 7,
      methods: ['QUERY'],
      max_key_body_bytes: 8,
      tags: ['a tag'],
      compress: { min_bytes: 9 },
      key: { sort_query: true, ignore_query: ['utm_*'], lower_case_path: true },
    });
    expect(cacheSettings(cache, 'rfc')).toEqual({
      policy: {
        mode: 'rfc',
        ttlSeconds: 1,
        force: true,
        heuristic: false,
        targetedFields: ['own-cache-control'],
        negativeTtlSeconds: new Map([[404, 2]]),
        staleWhileRevalidateSeconds: 3,
        staleIfErrorSeconds: 4,
        staleIfDisconnectedSeconds: 5,
      },
      retryAfterLimitMs: 6_000,
      maxBodyBytes: 7,
      keyedMethods: ['QUERY'],
      maxKeyBodyBytes: 8,
      tags: ['a tag'],
      compressFromBytes: 9,
      keying: { sortQuery: true, ignoreQuery: ['utm_*'], lowerCasePath: true },
    });
  });

  it('leaves to the origin what the file does not say', () => {
    const { policy } = cacheSettings(cacheOf({}), 'safe');
    expect(policy).toEqual({
      mode: 'safe',
      force: false,
      heuristic: true,
      targetedFields: ['cdn-cache-control', 'surrogate-control'],
      negativeTtlSeconds: new Map(),
      staleIfDisconnectedSeconds: 60,
    });
  });

  it('changes no target and keys no content where caching is off', () => {
    expect(cacheSettings('off', 'rfc')).toMatchObject({
      policy: { mode: 'rfc', targetedFields: [], heuristic: false, force: false },
      keying: { sortQuery: false, ignoreQuery: [], lowerCasePath: false },
      keyedMethods: [],
      retryAfterLimitMs: 0,
    });
  });
});
