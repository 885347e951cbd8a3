import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type PurgedGate, type PurgedSite, startPurgedSite } from '../support/purged-site.ts';
import { sendRaw, statusesOf } from '../support/raw-client.ts';

// Who may purge, and what becomes of requests that nobody who means well would send.

const TOKEN = 'A-token-0123456789+/==';

let site: PurgedSite;
let gate: PurgedGate;
afterEach(() => site.close());

async function start(purge: object, trusted_proxies: string[] = [], service: object = {}): Promise<void> {
  site = await startPurgedSite({ settings: { purge, trusted_proxies }, services: { site: service } });
  gate = site.gates[0]!;
}
const statusOf = async (headers: Record<string, string> = {}) => (await gate.purge('/a', headers)).status;

describe('a PURGE of somebody', () => {
  it('who may not is refused: nothing is purged, and a line says so', async () => {
    await start({ addresses: ['203.0.113.0/24'], token: TOKEN });
    await gate.warm('/a');
    expect(await gate.purge('/a')).toEqual({ status: 403, body: { error: 'Purge not allowed' } });
    expect(await gate.get('/a')).toBe('hit');
    expect(gate.log.at(-1)).toMatchObject({
      level: 40,
      msg: 'Purge refused: address not allowed, from 127.0.0.1',
      correlationId: expect.any(String),
    });
  });

  it('is told from one of somebody with the token, which is never logged', async () => {
    await start({ token: TOKEN });
    for (const token of ['', 'x', TOKEN.slice(0, -1), `${TOKEN}=`, TOKEN.toLowerCase()])
      expect(await statusOf({ Authorization: `Bearer ${token}` })).toBe(403);
    for (const value of [TOKEN, `Basic ${TOKEN}`]) expect(await statusOf({ Authorization: value })).toBe(403);
    expect(await statusOf({ Authorization: `Bearer ${TOKEN}` })).toBe(200);
    expect(JSON.stringify(gate.log)).not.toContain(TOKEN.slice(0, 8));
  });

  it('who says that he is another is not believed', async () => {
    await start({ addresses: ['203.0.113.9'] });
    for (const name of ['X-Forwarded-For', 'Forwarded', 'X-Real-IP', 'True-Client-IP'])
      expect(await statusOf({ [name]: '203.0.113.9' })).toBe(403);
  });

  it('who comes through a trusted proxy is who that says', async () => {
    await start({ addresses: ['203.0.113.9', '127.0.0.1'] }, ['127.0.0.1']);
    expect(await statusOf({ 'X-Forwarded-For': '203.0.113.9' })).toBe(200);
    expect(await statusOf({ 'X-Forwarded-For': '203.0.113.9, 198.51.100.4' })).toBe(403);
    expect(await statusOf({ 'X-Forwarded-For': 'unknown' })).toBe(403);
    expect(await statusOf()).toBe(200);
  });

  it('who has left before anybody could see who he is, is no trusted proxy', async () => {
    await start({ addresses: ['203.0.113.9'] }, ['127.0.0.1']);
    await gate.warm('/a');
    const { hostname, port } = new URL(gate.url);
    const socket = connect({ host: hostname, port: Number(port) }).on('error', () => {});
    await new Promise((resolve) => socket.once('connect', resolve));
    socket.write('PURGE /a HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n');
    socket.resetAndDestroy();
    await expect.poll(() => gate.log.at(-1)?.msg).toBe('Purge refused: address not allowed, from local');
    expect(await gate.get('/a')).toBe('hit');
  });

  it('who sits before a browser is refused', async () => {
    await start({ addresses: ['127.0.0.1'] });
    expect(await statusOf({ Origin: 'https://a.example' })).toBe(403);
  });

  it('floods the log with no more than ten lines a second', async () => {
    await start({ token: TOKEN });
    const from = Date.now();
    for (let i = 0; i < 60; i++) await statusOf();
    const seconds = Math.floor(Date.now() / 1000) - Math.floor(from / 1000) + 1;
    const lines = gate.log.filter(({ msg }) => msg.startsWith('Purge refused'));
    expect(lines.length).toBeLessThanOrEqual(10 * seconds);
    expect(lines.length).toBeLessThanOrEqual(60);
  });
});

describe('the fields of a PURGE', () => {
  it.each<[string, Record<string, string>]>([
    ['no tag', { 'Cache-Tag': '' }],
    ['no tag between commas', { 'Cache-Tag': ',,' }],
    ['a tag too long', { 'Cache-Tag': 'x'.repeat(1_025) }],
    ['too many tags', { 'Surrogate-Key': Array.from({ length: 17 }, (_, i) => `t${i}`).join(' ') }],
    ['a tag that is not ASCII', { 'Cache-Tag': 'caf\u00e9' }],
    ['an unknown mode', { 'Purge-Mode': 'softly' }],
    ['an unknown scope', { 'Purge-Scope': 'everything' }],
    ['a scope beside tags', { 'Purge-Scope': 'service', 'Cache-Tag': 'a' }],
    ['an unknown wait', { 'Purge-Wait': 'yes' }],
  ])('%s: 400, and nothing is purged', async (_, headers) => {
    await start({ addresses: ['127.0.0.1'] });
    await gate.warm('/a');
    expect(await gate.purge('/a', headers)).toEqual({ status: 400, body: { error: expect.any(String) } });
    expect(await gate.get('/a')).toBe('hit');
  });
});

describe('a PURGE byte by byte', () => {
  const HOST = 'Host: www.site.example\r\n';
  const CLOSE = 'Connection: close\r\n\r\n';
  const send = (bytes: string) => sendRaw(gate.url, bytes);

  it('as Wagtail’s HTTPBackend sends it', async () => {
    await start({ addresses: ['127.0.0.1'] });
    await gate.warm('/news/?p=2');
    const received = await send(
      'PURGE /news/?p=2 HTTP/1.1\r\nAccept-Encoding: identity\r\nHost: www.example.com\r\n' +
        'User-Agent: Wagtail-frontendcache/6.1\r\nConnection: close\r\n\r\n',
    );
    expect(received).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(received.endsWith('\r\n\r\n{"purged":1}')).toBe(true);
    expect(await gate.get('/news/?p=2')).toBe('fwd=uri-miss');
  });

  it('in absolute form', async () => {
    await start({ addresses: ['127.0.0.1'] });
    await gate.warm('/a');
    const received = await send(`PURGE http://www.site.example/a HTTP/1.1\r\n${HOST}${CLOSE}`);
    expect(received.endsWith('{"purged":1}')).toBe(true);
  });

  it.each([
    ['a bare CR in a field', `PURGE /a HTTP/1.1\r\n${HOST}Cache-Tag: a\rPurge-Scope: service\r\n${CLOSE}`],
    ['a folded field', `PURGE /a HTTP/1.1\r\n${HOST}Cache-Tag: a\r\n b\r\n${CLOSE}`],
    ['a NUL in a tag', `PURGE /a HTTP/1.1\r\n${HOST}Cache-Tag: a\0b\r\n${CLOSE}`],
    ['no host', `PURGE /a HTTP/1.1\r\n${CLOSE}`],
    ['two lengths', `PURGE /a HTTP/1.1\r\n${HOST}Content-Length: 1\r\nContent-Length: 2\r\n${CLOSE}`],
    ['a dot segment', `PURGE /x/../a HTTP/1.1\r\n${HOST}${CLOSE}`],
    ['an asterisk', `PURGE * HTTP/1.1\r\n${HOST}${CLOSE}`],
    ['user information', `PURGE http://u:p@www.site.example/a HTTP/1.1\r\n${HOST}${CLOSE}`],
  ])('with %s is refused', async (_, bytes) => {
    await start({ addresses: ['127.0.0.1'] });
    await gate.warm('/a');
    expect(statusesOf(await send(bytes))).toEqual([400]);
    expect(await gate.get('/a')).toBe('hit');
  });

  it('with CRLF in the target’s encoding stays one line', async () => {
    await start({ addresses: ['127.0.0.1'] });
    const received = await send(`PURGE /a%0d%0aX-Own:%201 HTTP/1.1\r\n${HOST}${CLOSE}`);
    expect(statusesOf(received)).toEqual([200]);
    expect(received).not.toContain('X-Own');
  });

  it.each([
    ['content', 'Content-Length: 5\r\n\r\nhello'],
    ['chunks', 'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'],
  ])('with %s is done, and what follows is read as what it is', async (_, content) => {
    await start({ addresses: ['127.0.0.1'] });
    await gate.warm('/a');
    const received = await send(`PURGE /a HTTP/1.1\r\n${HOST}${content}GET /a HTTP/1.1\r\n${HOST}${CLOSE}`);
    expect(statusesOf(received)).toEqual([200, 200]);
    expect(received).toContain('{"purged":1}');
    expect(site.asked).toEqual(['GET /a', 'GET /a']);
  });

  it('that expects to be asked for its content is answered at once', async () => {
    await start({ addresses: ['127.0.0.1'] });
    const head = `PURGE /a HTTP/1.1\r\n${HOST}Content-Length: 5\r\nExpect: 100-continue\r\n${CLOSE}`;
    expect(statusesOf(await send(head))).toEqual([200]);
  });

  it('that would change the protocol is a PURGE', async () => {
    await start({ addresses: ['127.0.0.1'] }, [], { upgrade: ['websocket'] });
    await gate.warm('/a');
    const received = await send(
      `PURGE /a HTTP/1.1\r\n${HOST}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
    );
    expect(statusesOf(received)).toEqual([200]);
    expect(received).toContain('{"purged":1}');
    expect(site.asked).toEqual(['GET /a']);
  });

  it('between others is done in its turn', async () => {
    await start({ addresses: ['127.0.0.1'] });
    await gate.warm('/a');
    const get = `GET /a HTTP/1.1\r\n${HOST}\r\n`;
    const purge = `PURGE /a HTTP/1.1\r\n${HOST}\r\n`;
    const last = `PURGE /a HTTP/1.1\r\n${HOST}Purge-Mode: ?\r\n${CLOSE}`;
    const received = await send(get + purge + get + last);
    expect(statusesOf(received)).toEqual([200, 200, 200, 400]);
    expect([...received.matchAll(/answer \d|\{"purged":\d\}/g)].map(String)).toEqual([
      'answer 1',
      '{"purged":1}',
      'answer 2',
    ]);
  });
});
