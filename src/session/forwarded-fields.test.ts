import { expect, it } from 'vitest';
import { createForwardedFields } from './forwarded-fields.ts';

const FIELDS: Record<string, string> = {
  'x-tenant': 'a',
  'accept-language': 'de',
  cookie: 'a=1; shop=2; b=3; shop=4; c',
};
const read = { field: (name: string) => FIELDS[name] };

it('picks named fields and single cookies, in one order', () => {
  const forwarded = ['accept-language', 'de', 'x-tenant', 'a', 'cookie', 'b=3; shop=2'];
  const headers = ['X-Tenant', 'Accept-Language', 'x-tenant', 'X-Missing'];
  expect(createForwardedFields({ headers, cookies: ['shop', 'b', 'missing'] })(read)).toEqual(forwarded);
  expect(createForwardedFields({ headers: headers.reverse(), cookies: ['b', 'shop'] })(read)).toEqual(
    forwarded,
  );
});

it('picks nothing where nothing is named, or there', () => {
  expect(createForwardedFields({ headers: [], cookies: [] })(read)).toEqual([]);
  expect(createForwardedFields({ headers: ['x-missing'], cookies: ['missing'] })(read)).toEqual([]);
});

it.each(['Cookie', 'Host', 'Connection', 'Content-Length', 'X-Request-ID', 'Expect'])(
  'refuses %s',
  (name) => {
    expect(() => createForwardedFields({ headers: [name], cookies: [] })).toThrow(/can’t be forwarded/);
  },
);
