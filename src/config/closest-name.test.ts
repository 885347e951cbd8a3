import { describe, expect, it } from 'vitest';
import { closestName } from './closest-name.ts';

const keys = ['path', 'origin', 'ttl_seconds', 'stale_if_error_seconds', 'methods', 'session', 'services'];

describe('closestName', () => {
  it.each([
    ['orgin', 'origin'],
    ['origins', 'origin'],
    ['ttlSeconds', 'ttl_seconds'],
    ['TTL-SECONDS', 'ttl_seconds'],
    ['ttl', 'ttl_seconds'],
    ['stale_if_error', 'stale_if_error_seconds'],
    ['sesion', 'session'],
    ['sevices', 'services'],
  ])('%s was meant as %s', (name, expected) => {
    expect(closestName(name, keys)).toBe(expected);
  });

  it.each(['', 'xyz', 's', 'colour', 'th'])('%j was meant as none of them', (name) => {
    expect(closestName(name, keys)).toBeUndefined();
  });
});
