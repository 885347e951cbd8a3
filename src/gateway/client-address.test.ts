import { describe, expect, it } from 'vitest';
import { createClientAddress, createClientAllowance } from './client-address.ts';

const proxied = createClientAddress(['10.0.0.0/8', '192.0.2.7', 'fd00::/8']);

describe('the client’s address', () => {
  it.each([
    ['198.51.100.4', undefined, '198.51.100.4'],
    ['198.51.100.4', '203.0.113.9', '198.51.100.4'],
    ['10.1.2.3', '203.0.113.9', '203.0.113.9'],
    ['::ffff:10.1.2.3', '203.0.113.9', '203.0.113.9'],
    ['10.1.2.3', '6.6.6.6, 203.0.113.9', '203.0.113.9'],
    ['10.1.2.3', '203.0.113.9, 10.9.9.9, 192.0.2.7', '203.0.113.9'],
    ['10.1.2.3', '10.4.4.4', '10.4.4.4'],
    ['10.1.2.3', 'not an address', '10.1.2.3'],
    ['10.1.2.3', 'unknown, 10.4.4.4', '10.4.4.4'],
    ['fd00::1', '2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ])('from %s with %s is %s', (peer, forwardedFor, expected) => {
    expect(proxied(peer, forwardedFor)).toBe(expected);
  });

  it('trusts nobody unless told to', () => {
    expect(createClientAddress([])('10.1.2.3', '203.0.113.9')).toBe('10.1.2.3');
  });

  it('is one for all of an IPv6 /64', () => {
    const find = createClientAddress([]);
    expect(find('2001:db8::1', undefined)).toBe(find('2001:db8::ffff:2', undefined));
    expect(find('2001:db8:0:1::1', undefined)).not.toBe(find('2001:db8::1', undefined));
  });

  it('of a Unix socket is what the proxy in front says, if one is trusted', () => {
    expect(createClientAddress([])('', '203.0.113.9')).toBe('local');
    expect(proxied('', '6.6.6.6, 203.0.113.9')).toBe('203.0.113.9');
    expect(proxied('', undefined)).toBe('local');
  });

  it.each(['unknown', '10.1.2.3:4567', 'localhost'])(
    'of a peer %j that is no address is nobody’s claim',
    (peer) => {
      expect(proxied(peer, '203.0.113.9')).toBe('local');
    },
  );
});

describe('a client that is allowed by its address', () => {
  const ofProxied = createClientAllowance(['10.0.0.0/8'], ['203.0.113.0/24', '2001:db8::7', '10.0.0.1']);

  it.each([
    ['203.0.113.9', undefined, '203.0.113.9', true],
    ['::ffff:203.0.113.9', undefined, '203.0.113.9', true],
    ['10.1.2.3', '203.0.113.9', '203.0.113.9', true],
    ['', '203.0.113.9', '203.0.113.9', true],
    ['10.0.0.1', undefined, '10.0.0.1', true],
    ['198.51.100.4', undefined, '198.51.100.4', false],
    ['10.1.2.3', undefined, '10.1.2.3', false],
    ['2001:db8::7', undefined, '2001:db8::7', true],
    ['', undefined, 'local', false],
    ['unknown', '203.0.113.9', 'local', false],
  ])('from %s with %s is %s: %s', (peer, forwardedFor, address, allowed) => {
    expect(ofProxied(peer, forwardedFor)).toEqual({ address, allowed });
  });

  it('is itself, not another of its /64', () => {
    expect(ofProxied('2001:db8::8', undefined)).toEqual({ address: '2001:db8::8', allowed: false });
  });

  it('is not who an untrusted peer says it is', () => {
    expect(ofProxied('198.51.100.4', '203.0.113.9').allowed).toBe(false);
    expect(ofProxied('10.1.2.3', '203.0.113.9, 198.51.100.4').allowed).toBe(false);
    expect(createClientAllowance([], ['203.0.113.0/24'])('', '203.0.113.9').allowed).toBe(false);
  });

  it.each(['', 'unknown', '203.0.113.9:80', '203.0.113.9, garbage', '0313.0.0161.011', '203.28937'])(
    'is not the trusted proxy that says %j',
    (forwardedFor) => expect(ofProxied('10.0.0.1', forwardedFor).allowed).toBe(false),
  );
});
