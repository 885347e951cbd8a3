import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCors } from './cors.ts';

const cors = createCors({
  origins: ['https://a.example', 'chrome-extension://*', 'http://localhost:*', 'https://b.example:8443'],
  missingOrigin: 'refuse',
  credentials: true,
  allowHeaders: ['X-Session'],
  exposeHeaders: ['X-Total-Count'],
  allowMethods: ['GET', 'HEAD'],
  maxAgeSeconds: 600,
});
const letsIn = (origin: string) => cors.fieldsFor(origin) !== null;

describe('CORS', () => {
  it.each([
    'https://a.example',
    'https://b.example:8443',
    'chrome-extension://abcdefghijklmnopabcdefghijklmnop',
    'http://localhost:3000',
    'http://localhost',
  ])('lets in %s', (origin) => expect(letsIn(origin)).toBe(true));

  it.each([
    '',
    'null',
    '*',
    'https://*',
    'http://a.example',
    'https://a.example:444',
    'https://a.example.evil.example',
    'https://evil.example/https://a.example',
    'https://a.example@evil.example',
    'https://a.example/',
    'https://A.example',
    'chrome-extension://*',
    'chrome-extension://a/b',
    'xchrome-extension://abc',
    'http://localhost:3000.evil.example',
    'http://localhost:',
    `https://${'a'.repeat(600)}`,
  ])('refuses %s', (origin) => expect(letsIn(origin)).toBe(false));

  it('never lets in what only contains an allowed origin', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (before, after) => {
        fc.pre(before !== '' || after !== '');
        expect(letsIn(`${before}https://a.example${after}`)).toBe(false);
      }),
    );
  });

  it('names the origin itself, never a wildcard', () => {
    expect(cors.fieldsFor('https://a.example')).toEqual([
      ...['Access-Control-Allow-Origin', 'https://a.example'],
      ...['Access-Control-Allow-Credentials', 'true'],
      ...['Access-Control-Expose-Headers', expect.stringMatching(/^Age,.* RateLimit,.* X-Total-Count$/)],
      ...['Vary', 'Origin'],
    ]);
    expect(cors.preflightFields).toEqual([
      ...['Access-Control-Allow-Methods', 'GET, HEAD'],
      ...['Access-Control-Allow-Headers', 'X-Session'],
      ...['Access-Control-Max-Age', '600'],
    ]);
  });
});
