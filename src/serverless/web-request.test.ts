import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { WebRequest } from './web-request.ts';

const requestOf = (url: string, init: RequestInit & { duplex?: 'half' } = {}) =>
  new WebRequest(new Request(url, init), '192.0.2.1');

describe('the target', () => {
  it.each([
    ['https://gate.example/', '/'],
    ['https://gate.example', '/'],
    ['https://gate.example/a%2Fb//c;d?e=%20f&g', '/a%2Fb//c;d?e=%20f&g'],
    ['https://gate.example/a?', '/a?'],
    ['https://gate.example/a?b#c?d', '/a?b'],
    ['http://[::1]:8080/a?b=http://c/d', '/a?b=http://c/d'],
  ])('of %s is %s', (url, target) => {
    expect(requestOf(url).target).toBe(target);
  });
});

describe('the fields', () => {
  it('are found by their lower-case names, whatever the name is', () => {
    const request = requestOf('https://gate.example/', { headers: { 'X-Own': 'a', Cookie: 'b=c; d=e' } });
    expect(request.field('x-own')).toBe('a');
    expect(request.field('cookie')).toBe('b=c; d=e');
    expect(request.fields).toEqual(['cookie', 'b=c; d=e', 'x-own', 'a']);
    for (const name of ['authorization', ':authority', 'no name', ''])
      expect(request.field(name)).toBeUndefined();
  });

  it('say the host that the URL was made of', () => {
    expect(requestOf('https://gate.example:8443/').field('host')).toBe('gate.example:8443');
    expect(requestOf('https://gate.example/').fields).toEqual([]);
  });
});

describe('the content', () => {
  it('is read as it comes', async () => {
    const request = requestOf('https://gate.example/', { method: 'POST', body: 'some content' });
    expect(request.body).toBe(request.body);
    expect(await text(request.body!)).toBe('some content');
  });

  it('is not there where there is none', () => {
    expect(requestOf('https://gate.example/').body).toBeNull();
    const empty = new ReadableStream({ start: (controller) => controller.close() });
    const init = { method: 'POST', body: empty, duplex: 'half', headers: { 'content-length': '0' } } as const;
    expect(requestOf('https://gate.example/', init).body).toBeNull();
  });

  it('fails for who reads it, and for nobody else, when the client breaks off', async () => {
    let breakOff = (_: Error) => {};
    const broken = () =>
      new ReadableStream({
        start: (controller) => {
          breakOff = (error) => controller.error(error);
        },
      });
    const init = () => ({ method: 'POST', body: broken(), duplex: 'half' }) as const;
    const read = requestOf('https://gate.example/', init());
    const reading = text(read.body!);
    breakOff(new Error('gone'));
    await expect(reading).rejects.toThrow('gone');
    expect(requestOf('https://gate.example/', init()).body).not.toBeNull();
    breakOff(new Error('gone'));
    await new Promise((resolve) => setImmediate(resolve));
  });
});

describe('the signal', () => {
  it('is aborted when the client leaves, asked for before or after', () => {
    const client = new AbortController();
    const request = requestOf('https://gate.example/', { signal: client.signal });
    const { signal } = request;
    expect(signal.aborted).toBe(false);
    client.abort();
    expect(signal.aborted).toBe(true);
    expect(requestOf('https://gate.example/', { signal: client.signal }).signal.aborted).toBe(true);
    const later = requestOf('https://gate.example/');
    later.left();
    expect(later.signal.aborted).toBe(true);
  });

  it('is not, once the answer is whole', () => {
    const client = new AbortController();
    const request = requestOf('https://gate.example/', { signal: client.signal });
    const { signal } = request;
    request.answered();
    client.abort();
    request.left();
    expect(signal.aborted).toBe(false);
    expect(request.signal.aborted).toBe(false);
  });
});
