import { expect, it } from 'vitest';
import type { FieldList } from '../http/fields.ts';
import type { PresentedSession } from '../session/presented-session.ts';
import { createPresentedIn } from './presented-in.ts';

const HTTP = { authority: 'http', bearer: false, cookie: 'sid', header: 'X-Session' };
const BEARER = { authority: 'http', bearer: true, cookie: null };

it.each<[string, object, Record<string, string>, string | null]>([
  ['the cookie', HTTP, { cookie: 'a=b; sid=c' }, 'c'],
  ['the field, before the cookie', HTTP, { 'x-session': 'f', cookie: 'sid=c' }, 'f'],
  ['no empty field', HTTP, { 'x-session': '', cookie: 'sid=c' }, 'c'],
  ['no token that is not asked for', HTTP, { authorization: 'Bearer t' }, null],
  ['the token', BEARER, { authorization: 'bearer t' }, 't'],
  ['no other scheme', BEARER, { authorization: 'Basic t' }, null],
  ['no cookie where none is named', BEARER, { cookie: 'sessionid=c; sid=c' }, null],
  [
    'the token, before the cookie',
    { ...BEARER, cookie: 'sid' },
    { authorization: 'Bearer t', cookie: 'sid=c' },
    't',
  ],
  [
    'the token of an authority of tokens',
    { ...BEARER, authority: 'token', bearer: false },
    { authorization: 'Bearer t' },
    't',
  ],
  ['nothing', HTTP, {}, null],
])('a caller presents %s', (_, config, fields, id) => {
  const asked: FieldList[] = [];
  const find = createPresentedIn({
    config: config as typeof HTTP,
    present: (found, forwarded = []) => {
      asked.push(forwarded);
      return { id: found } as PresentedSession;
    },
    forwarded: (request) => ['x', request.field('cookie') ?? ''],
  });
  expect(find({ field: (name) => fields[name] })?.id ?? null).toBe(id);
  expect(asked).toEqual(id === null ? [] : [['x', fields.cookie ?? '']]);
});
