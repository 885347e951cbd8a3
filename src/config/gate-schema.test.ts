import { describe, expect, it } from 'vitest';
import { conflictFaults } from './conflicts.ts';
import { formatFault } from './fault.ts';
import { gateSchema } from './gate-schema.ts';

const SECRET = 's'.repeat(32);

function faultsOf(session: object, more: object = {}, top: object = {}): string[] {
  const services = { api: { origin: 'https://a.example', session, ...more } };
  return conflictFaults({ services, ...top }).map((fault) => formatFault(fault).replace('services.api.', ''));
}

const isAccepted = (session: object) => gateSchema.safeParse({ authority: 'http', ...session }).success;

describe('a session block', () => {
  it('has the cookie that its authority is asked with, unless a bearer token stands for it', () => {
    const cookieOf = (session: object) => gateSchema.parse({ authority: 'http', ...session }).cookie;
    expect(cookieOf({})).toBe('sessionid');
    expect(cookieOf({ bearer: true })).toBe(null);
    expect(cookieOf({ bearer: true, cookie: 'sid' })).toBe('sid');
    expect(cookieOf({ authority: 'token' })).toBe(null);
    expect(cookieOf({ authority: 'own' })).toBe(null);
  });

  it.each(['header:X-User', 'json:/user/id', 'json:/a~1b/0', 'json:/'])('finds an identity at %s', (user) => {
    expect(isAccepted({ identity: { user } })).toBe(true);
  });

  it.each([
    '',
    'X-User',
    'header:',
    'header:X User',
    'json:',
    'json:user',
    'json:/a~2',
    'JSON:/a',
    'header:a\n',
  ])('does not understand %j', (user) => expect(isAccepted({ identity: { user } })).toBe(false));

  it.each(['Cookie', 'HOST', 'Connection', 'X-Request-Id', 'a b'])('does not forward %s', (name) => {
    expect(isAccepted({ forward: { headers: [name] } })).toBe(false);
    expect(isAccepted({ forward: { headers: ['Accept-Language'], cookies: ['lang'] } })).toBe(true);
  });

  it.each([[[200]], [['200-299', 304]], [['204']]])('takes the statuses %j', (valid) => {
    expect(isAccepted({ valid })).toBe(true);
  });

  it.each([[[99]], [['299-200']], [['2xx']], [[200.5]], ['200']])('refuses the statuses %j', (valid) => {
    expect(isAccepted({ valid })).toBe(false);
  });

  it.each(['none', 'HS256', 'RS1'])('knows no algorithm %s', (name) => {
    expect(isAccepted({ authority: 'token', algorithms: [name] })).toBe(false);
  });
});

const URL_OF = 'https://auth.example';
const HTTP = { authority: 'http', url: URL_OF };
const KNOWN = { ...HTTP, identity: { user: 'json:/u', roles: 'json:/r' } };
const TOKEN = { authority: 'token', jwks_url: 'https://auth.example/keys?p=1' };
const OWN = { authority: 'own' };

describe('conflicts of a session block', () => {
  it.each<[object, object, object, string[]]>([
    [HTTP, {}, {}, []],
    [TOKEN, {}, {}, []],
    [OWN, {}, { sessions: { secrets: [SECRET] } }, []],
    [{ ...KNOWN, pass_identity: 'trusted' }, { cache: { shared_by: 'session' } }, {}, []],
    [{ ...KNOWN, pass_identity: 'trusted' }, { cache: 'off' }, {}, []],
    [{ ...KNOWN, pass_identity: 'trusted', passed: ['roles'] }, { cache: { shared_by: 'role' } }, {}, []],
    [KNOWN, { cache: { shared_by: 'role' } }, {}, []],
    [
      { authority: 'django' },
      {},
      {},
      ["session.url: missing; accepted: the authority's URL, needed for django"],
    ],
    [
      { authority: 'token', url: URL_OF },
      {},
      {},
      [
        'session.url: found beside authority token; accepted: only beside wagtail, django or http',
        "session.jwks_url: missing; accepted: the authority's URL, needed for token",
      ],
    ],
    [OWN, {}, {}, ['session.authority: found "own" without sessions; accepted: own where sessions is set']],
    [
      { ...OWN, url: URL_OF },
      {},
      { sessions: { secrets: [SECRET] } },
      ['session.url: found beside authority own; accepted: only beside wagtail, django or http'],
    ],
    [
      { ...TOKEN, logout_path: '/logout' },
      {},
      {},
      [
        'session.logout_path: found beside authority token; accepted: only beside wagtail, django, http or own',
      ],
    ],
    [
      { ...HTTP, pass_identity: 'trusted' },
      {},
      {},
      ['session.pass_identity: found "trusted" where nothing of it is known; accepted: off, or identity set'],
    ],
    [
      { ...TOKEN, pass_identity: 'signed' },
      { cache: 'off' },
      {},
      [
        'session.identity_secret: missing; accepted: a secret of 32 to 1024 characters, needed because pass_identity is signed',
      ],
    ],
    [
      { ...KNOWN, pass_identity: 'trusted' },
      {},
      {},
      [
        'cache.shared_by: found "all", though the origin is told the user; accepted: session, or cache: off, or passed: [roles]',
      ],
    ],
    [
      { ...KNOWN, pass_identity: 'trusted' },
      { cache: { shared_by: 'role' } },
      {},
      [
        'cache.shared_by: found "role", though the origin is told the user; accepted: session, or cache: off, or passed: [roles]',
      ],
    ],
    [
      { ...KNOWN, pass_identity: 'trusted', passed: ['roles'] },
      {},
      {},
      [
        'cache.shared_by: found "all", though the origin is told the roles; accepted: role or session, or cache: off',
      ],
    ],
    [
      HTTP,
      { cache: { shared_by: 'role' } },
      {},
      ['cache.shared_by: found "role" where no roles are known; accepted: all or session, or identity set'],
    ],
    [
      { ...KNOWN, method: 'HEAD' },
      {},
      {},
      [
        'session.identity.user: found "json:/u", though the answer to HEAD has no content; accepted: header:NAME, or method: GET or POST',
        'session.identity.roles: found "json:/r", though the answer to HEAD has no content; accepted: header:NAME, or method: GET or POST',
      ],
    ],
    [{ ...HTTP, method: 'HEAD', identity: { user: 'header:X-User' } }, {}, {}, []],
    [{ ...HTTP, bearer: true, forward: { cookies: ['sessionid'] } }, {}, {}, []],
    [
      { ...HTTP, forward: { cookies: ['lang', 'sessionid'] } },
      {},
      {},
      [
        'session.forward.cookies[1]: found "sessionid", in which the id is sent already; accepted: another cookie',
      ],
    ],
    [
      { ...TOKEN, pass_identity: 'trusted' },
      { cache: 'off', request_headers: { 'X-Mine': '1', x_cachegate_user: 'root' } },
      {},
      [
        'request_headers.x_cachegate_user: found beside pass_identity; accepted: another field, or pass_identity: off',
      ],
    ],
  ])('%j %j %j', (session, more, top, expected) => {
    expect(faultsOf(session, more, top)).toEqual(expected);
  });

  it('a path to log out at leads to its service', () => {
    const at = (logout_path: string, path = '/') => ({
      ...{ origin: URL_OF, path },
      session: { ...HTTP, logout_path },
    });
    const faults = (services: object) => conflictFaults({ services }).map(formatFault);
    const below =
      'services.web.session.logout_path: found "/api/logout", which is below the path of services.api; accepted: a path that leads to this service';
    expect(faults({ web: at('/api/logout'), api: at('/logout', '/api/') })).toEqual([below]);
    expect(faults({ web: at('/apis/logout'), api: at('/logout', '/api') })).toEqual([]);
    expect(faults({ api: at('/logout', '/api'), web: at('/logout') })).toEqual([]);
  });

  it('a cache that is shared by sessions needs sessions', () => {
    const services = { api: { origin: 'https://a.example', cache: { shared_by: 'session' } } };
    expect(conflictFaults({ services }).map(formatFault)).toEqual([
      'services.api.cache.shared_by: found "session" without a session; accepted: all, or another where there is a session',
    ]);
  });
});
