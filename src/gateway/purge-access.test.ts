import { describe, expect, it } from 'vitest';
import { createPurgeAccess } from './purge-access.ts';

const TOKEN = 'a-token-0123456789';
const from = (peer: string, fields: Readonly<Record<string, string>> = {}) => ({
  peer,
  field: (name: string) => fields[name],
});
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe('who may purge', () => {
  const both = createPurgeAccess({ addresses: ['192.0.2.7'], token: TOKEN, trustedProxies: ['10.0.0.1'] });
  const onlyAddress = createPurgeAccess({ addresses: ['192.0.2.7'], token: null, trustedProxies: [] });
  const onlyToken = createPurgeAccess({ addresses: [], token: TOKEN, trustedProxies: [] });

  it('is who comes from one of the addresses, or has the token', () => {
    expect(both(from('192.0.2.7'))).toBeNull();
    expect(both(from('10.0.0.1', { 'x-forwarded-for': '192.0.2.7' }))).toBeNull();
    expect(both(from('198.51.100.4', bearer(TOKEN)))).toBeNull();
    expect(both(from('192.0.2.7', bearer('another')))).toBeNull();
    expect(onlyAddress(from('192.0.2.7'))).toBeNull();
    expect(onlyToken(from('', bearer(TOKEN)))).toBeNull();
  });

  it.each(['', 'a', TOKEN.slice(1), `${TOKEN}x`, TOKEN.toUpperCase(), `${TOKEN} x`])(
    'is not who says %j',
    (token) => expect(onlyToken(from('198.51.100.4', bearer(token)))).not.toBeNull(),
  );

  it('is nobody by what only the other way would let in', () => {
    expect(onlyAddress(from('198.51.100.4', bearer(TOKEN)))).toMatchObject({ reason: 'wrong token' });
    expect(onlyToken(from('127.0.0.1'))).toEqual({ address: '127.0.0.1', reason: 'address not allowed' });
  });

  it('is not who claims an address', () => {
    const claim = from('198.51.100.4', { 'x-forwarded-for': '192.0.2.7' });
    expect(both(claim)).toEqual({ address: '198.51.100.4', reason: 'address not allowed' });
  });

  it('is no web page at an allowed address, unless it has the token', () => {
    const origin = { origin: 'https://a.example' };
    expect(both(from('192.0.2.7', origin))).toMatchObject({ reason: 'a web page' });
    expect(both(from('192.0.2.7', { ...origin, ...bearer(TOKEN) }))).toBeNull();
  });
});
