import { expect, it } from 'vitest';
import { isFromForeignPage } from './foreign-page.ts';

const host = '127.0.0.1:9180';

it.each([
  ['POST', {}, false],
  ['POST', { origin: 'http://127.0.0.1:9180' }, false],
  ['POST', { origin: 'https://127.0.0.1:9180', 'sec-fetch-site': 'same-origin' }, false],
  ['GET', { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' }, false],
  ['GET', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }, false],
  ['POST', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }, true],
  ['GET', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }, true],
  ['GET', { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' }, true],
  ['DELETE', { 'sec-fetch-site': 'same-site' }, true],
  ['POST', { origin: 'http://127.0.0.1:8080' }, true],
  ['GET', { origin: 'https://attacker.example' }, true],
  ['POST', { origin: 'null' }, true],
  ['POST', { origin: '' }, true],
])('%s with %j', (method, headers, foreign) => {
  expect(isFromForeignPage(method, { host, ...headers })).toBe(foreign);
});
