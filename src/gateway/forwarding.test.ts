import { describe, expect, it } from 'vitest';
import { fieldValue } from '../http/fields.ts';
import { PARTIAL_FIELDS } from '../response-cache/partial-fields.ts';
import { createForwarding, type ForwardingPolicy, NOTHING_SKIPPED } from './forwarding.ts';
import type { GateRequest } from './request.ts';

const PLAIN: ForwardingPolicy = {
  fields: 'all',
  cookies: true,
  authorization: true,
  webOrigin: true,
  sessionCookie: null,
  sessionField: null,
  ownFields: {},
  requestDirectives: true,
};
const RECEIVED = [
  ...[
    'Host',
    'gate.example',
    'Accept',
    'text/html',
    'Cookie',
    'a=1; sessionid=secret',
    'Origin',
    'https://a.example',
  ],
  ...[
    'Authorization',
    'Bearer caller',
    'X-Session',
    'secret',
    'X-Forwarded-Host',
    'evil.example',
    'TE',
    'trailers',
  ],
  ...[
    'Connection',
    'close, X-Hop',
    'X-Hop',
    '1',
    'Range',
    'bytes=0-1',
    'Cache-Control',
    'no-cache',
    'X-Mine',
    '1',
  ],
];
const request = {
  fields: RECEIVED,
  field: (name: string) => fieldValue(RECEIVED, name),
} as unknown as GateRequest;

const OURS = ['Via', '1.1 cachegate'];

/** What one field of a request becomes. */
function sentOf(name: string, value: string, policy: Partial<ForwardingPolicy> = {}, method = 'GET') {
  const fields = [name, value];
  const received = { method, fields, field: (lowerName: string) => fieldValue(fields, lowerName) };
  const forwarding = createForwarding({ ...PLAIN, ...policy });
  const result = forwarding.fields(received as unknown as GateRequest, 'r1', NOTHING_SKIPPED);
  return fieldValue(result, name.toLowerCase());
}

function sent(policy: Partial<ForwardingPolicy>, skip = NOTHING_SKIPPED): Record<string, string> {
  const fields = createForwarding({ ...PLAIN, ...policy }).fields(request, 'r1', skip);
  const pairs: [string, string][] = [];
  for (let i = 0; i < fields.length; i += 2) pairs.push([fields[i]!, fields[i + 1]!]);
  return Object.fromEntries(pairs);
}

describe('what the origin is sent', () => {
  it('by a plain proxy: all that is the client’s, and nothing of this hop or of proxies', () => {
    expect(sent({})).toEqual({
      Accept: 'text/html',
      Cookie: 'a=1; sessionid=secret',
      Origin: 'https://a.example',
      Authorization: 'Bearer caller',
      'X-Session': 'secret',
      Range: 'bytes=0-1',
      'Cache-Control': 'no-cache',
      'X-Mine': '1',
      Via: '1.1 cachegate',
      'X-Request-Id': 'r1',
    });
  });

  it('by a gate: no credentials of its own, and the service’s fields in the place of the client’s', () => {
    const fields = sent({
      sessionCookie: 'sessionid',
      sessionField: 'X-Session',
      authorization: false,
      webOrigin: false,
      ownFields: { Authorization: 'Bearer own', 'X-Mine': '2' },
    });
    expect(fields).toMatchObject({ Authorization: 'Bearer own', Cookie: 'a=1', 'X-Mine': '2' });
    expect(JSON.stringify(fields)).not.toMatch(/secret|caller|a\.example/);
  });

  it.each([
    'X_Session',
    'x.session',
    'X-Mine',
    'X_Mine',
    'X!Mine',
    'X-Cachegate-User',
    'X_CACHEGATE-USER',
    'X.Cachegate.Roles',
    'X~cachegate^identity',
    "X'Forwarded|Host",
  ])('never %s, in whatever way servers make variables of names', (name) => {
    const policy = { sessionField: 'X_Session', ownFields: { X_Mine: '2' } };
    expect(sentOf(name, 'client', policy)).not.toBe('client');
    const fields = [name, 'client'];
    const one = { fields, field: (lowerName: string) => fieldValue(fields, lowerName) };
    const forwarding = createForwarding({ ...PLAIN, ...policy });
    expect(forwarding.field(one as unknown as GateRequest, name.toLowerCase())).toBeUndefined();
  });

  it('leaves out a Cookie field of which nothing is left', () => {
    expect(sent({ cookies: false })).not.toHaveProperty('Cookie');
    const only = ['Cookie', 'sessionid=secret'];
    const one = { fields: only, field: (name: string) => fieldValue(only, name) } as unknown as GateRequest;
    const forwarding = createForwarding({ ...PLAIN, sessionCookie: 'sessionid' });
    expect(forwarding.fields(one, 'r1', NOTHING_SKIPPED)).toEqual([...OURS, 'X-Request-Id', 'r1']);
    expect(forwarding.field(one, 'cookie')).toBeUndefined();
  });

  it('of a list: only those', () => {
    expect(sent({ fields: ['accept'] })).toEqual({
      Accept: 'text/html',
      Via: '1.1 cachegate',
      'X-Request-Id': 'r1',
    });
  });

  it('for the whole response: no conditions and no range', () => {
    expect(sent({}, PARTIAL_FIELDS)).not.toHaveProperty('Range');
  });

  it('is what the cache judges by', () => {
    const forced = createForwarding({ ...PLAIN, requestDirectives: false, cookies: false });
    expect(forced.field(request, 'cache-control')).toBeUndefined();
    expect(forced.field(request, 'cookie')).toBeUndefined();
    expect(forced.field(request, 'x-hop')).toBeUndefined();
    expect(forced.field(request, 'x-forwarded-host')).toBeUndefined();
    expect(forced.field(request, 'x-mine')).toBe('1');
  });

  it.each([
    ...['X_Forwarded_Host', 'X-Forwarded-Ssl', 'x-original-uri', 'X-Envoy-Original-Path', 'Front-End-Https'],
    ...['Proxy', 'True-Client-IP', 'X_HTTP_Method_Override', 'Base_Url'],
  ])('is not told %s, which frameworks believe', (name) => {
    expect(sentOf(name, 'evil')).toBeUndefined();
  });

  it('names this hop after those before it', () => {
    expect(sentOf('Via', '1.0 fred, 1.1 p.example (x)')).toBe('1.0 fred, 1.1 p.example (x), 1.1 cachegate');
    expect(sentOf('Via', '1.0 fred', { fields: ['accept'] })).toBe('1.1 cachegate');
    const fields = ['Via', '1.0 fred'];
    const asked = { fields, field: () => '1.0 fred' } as unknown as GateRequest;
    expect(createForwarding(PLAIN).field(asked, 'via')).toBe('1.0 fred, 1.1 cachegate');
  });

  it.each([
    ['10', '9'],
    ['1', '0'],
    ['0', '0'],
    ['007', '6'],
    ['9'.repeat(40), String(Number.MAX_SAFE_INTEGER)],
    ['-1', '-1'],
    ['1.5', '1.5'],
    ['x', 'x'],
  ])('has one forward less in an OPTIONS of Max-Forwards %s', (received, expected) => {
    expect(sentOf('Max-Forwards', received, {}, 'OPTIONS')).toBe(expected);
    expect(sentOf('Max-Forwards', received)).toBe(received);
  });

  it('says what is understood here, never what the client says of that', () => {
    const name = 'Surrogate-Capability';
    expect(sentOf(name, 'evil="ESI/1.0"')).toBeUndefined();
    expect(sentOf(name, 'evil="ESI/1.0"', { surrogate: true })).toBe('cachegate="Surrogate/1.0"');
  });

  it.each(['TE', 'Upgrade', 'HTTP2-Settings', 'Trailer', 'Expect', 'Proxy-Connection'])(
    'has no %s',
    (name) => {
      expect(sentOf(name, 'x')).toBeUndefined();
    },
  );

  it('leaves out what is skipped, what tells one exchange from another too', () => {
    const names = Object.keys(sent({}, new Set(['x-request-id', 'traceparent']))).map((name) =>
      name.toLowerCase(),
    );
    expect(names).not.toContain('x-request-id');
    expect(names).not.toContain('traceparent');
    expect(Object.keys(sent({})).map((name) => name.toLowerCase())).toContain('x-request-id');
  });
});
