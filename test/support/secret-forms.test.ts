import { expect, it } from 'vitest';
import { randomSecret, randomToken, secretsIn } from './secret-forms.ts';

const secret = `${randomSecret()}+/=`;
const isFound = (text: string) => secretsIn(text, { secret }).length === 1;

it.each([
  ['as it is', (value: string) => value],
  ['a part of it', (value: string) => value.slice(8, 18)],
  ['percent-encoded', encodeURIComponent],
  ['in JSON', (value: string) => JSON.stringify({ value })],
  ['in hexadecimal digits', (value: string) => Buffer.from(value).toString('hex').toUpperCase()],
  ['in base64', (value: string) => Buffer.from(value).toString('base64')],
  ['in base64 behind one character', (value: string) => Buffer.from(`a${value}b`).toString('base64')],
  ['in base64 behind two', (value: string) => Buffer.from(`ab${value}`).toString('base64')],
  ['in base64url behind five', (value: string) => Buffer.from(`user:${value}`).toString('base64url')],
] as const)('a secret is found %s', (_, form) => {
  expect(isFound(`before ${form(secret)} after`)).toBe(true);
});

it('no other text is taken for it', () => {
  for (let i = 0; i < 200; i++) expect(isFound(`${randomSecret()} ${randomToken()}`)).toBe(false);
  expect(isFound(secret.slice(0, 8))).toBe(false);
});
