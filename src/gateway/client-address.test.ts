import { describe, expect, it } from 'vitest';
import { createClientAddress } from './client-address.ts';

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
});
