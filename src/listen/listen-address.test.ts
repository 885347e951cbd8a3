import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseListenAddress } from './listen-address.ts';

describe('parseListenAddress', () => {
  it.each([
    ['127.0.0.1:8080', '127.0.0.1', 8080],
    ['localhost:0', 'localhost', 0],
    ['gate-1.example:65535', 'gate-1.example', 65_535],
    ['[::1]:80', '::1', 80],
    ['[2001:db8::1]:443', '2001:db8::1', 443],
    [':8080', undefined, 8080],
  ])('reads %s', (text, host, port) => {
    expect(parseListenAddress(text)).toEqual({ kind: 'tcp', host, port });
  });

  it('reads the path of a Unix socket', () => {
    expect(parseListenAddress('unix:/run/cachegate.sock')).toEqual({
      kind: 'unix',
      path: '/run/cachegate.sock',
    });
    expect(parseListenAddress(`unix:/${'a'.repeat(102)}`)).not.toBeNull();
  });

  it.each([
    '',
    '8080',
    'localhost',
    'localhost:',
    'localhost:65536',
    'localhost:-1',
    'localhost:80a',
    '::1:80',
    '[::1]',
    '[127.0.0.1]:80',
    '[::g]:80',
    '256.0.0.1:80',
    '1.2.3:80',
    'a b:80',
    '-a:80',
    'http://localhost:80',
    'localhost:80/x',
    ' localhost:80',
    'localhost:80\n',
    `${'a.'.repeat(130)}a:80`,
    'unix:',
    'unix:relative.sock',
    'unix:/',
    'unix:/a\0b',
    `unix:/${'a'.repeat(103)}`,
  ])('refuses %j', (text) => {
    expect(parseListenAddress(text)).toBeNull();
  });

  it('reads every IPv4 and IPv6 address with every port', () => {
    const port = fc.integer({ min: 0, max: 65_535 });
    fc.assert(
      fc.property(fc.ipV4(), fc.ipV6(), port, (ipv4, ipv6, number) => {
        expect(parseListenAddress(`${ipv4}:${number}`)).toEqual({ kind: 'tcp', host: ipv4, port: number });
        expect(parseListenAddress(`[${ipv6}]:${number}`)).toEqual({ kind: 'tcp', host: ipv6, port: number });
      }),
    );
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseListenAddress(text)));
  });
});
