import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type RunningProxy, startProxy } from '../support/proxy.ts';
import { sendRaw, statusesOf } from '../support/raw-client.ts';
import { type RecordingOrigin, startRecordingOrigin } from '../support/recording-origin.ts';

// What a client may write that this gate and an origin, or a proxy before it, could frame in two ways (RFC 9112 §11.2),
// and what is no HTTP at all. Behind each case stands one more request on the same connection: after a refusal it must
// never be read, by nobody.

let origin: RecordingOrigin;
let proxy: RunningProxy;
beforeAll(async () => {
  origin = await startRecordingOrigin();
  proxy = await startProxy(
    () => {},
    (config) => ({ ...config, services: { default: { ...config.services.default!, origin: origin.url } } }),
  );
});
afterAll(async () => {
  await proxy.close();
  await origin.close();
});
afterEach(async () => {
  expect(await (await proxy.get('/alive')).text()).toBe('ok');
  origin.reset();
});

interface Case {
  readonly name: string;
  /** The bytes; the request behind them is added. */
  readonly sent: string;
  /** What the client gets, the answers to all its requests. By default one 400. */
  readonly gets?: readonly number[];
  /** What the origin is asked. By default nothing. */
  readonly asks?: readonly string[];
}

const HOST = 'Host: x\r\n';
const NEXT = `GET /next HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`;
const SMUGGLED = `GET /smuggled HTTP/1.1\r\n${HOST}\r\n`;
const BOTH = [200, 200];

const get = (fields: string, line = 'GET / HTTP/1.1') => `${line}\r\n${fields}\r\n`;
const post = (fields: string, content = '') => `POST / HTTP/1.1\r\n${HOST}${fields}\r\n${content}`;
const chunked = (content: string) => post('Transfer-Encoding: chunked\r\n', content);
const ABC = '3\r\nabc\r\n0\r\n\r\n';

function check(cases: readonly Case[]): void {
  // Byte by byte would be the same as all at once to a parser without faults; Node's has two ways of its own for them.
  describe.each([
    ['at once', Number.POSITIVE_INFINITY],
    ['in pieces', 11],
  ])('%s', (_, pieces) => {
    it.each(cases)('$name', async ({ sent, gets = [400], asks = [] }) => {
      const received = await sendRaw(proxy.url, sent + NEXT, pieces);
      expect(statusesOf(received).filter((status) => status !== 100)).toEqual(gets);
      // Safe requests in a row reach the origin side by side.
      expect(origin.asked.toSorted()).toEqual(asks.toSorted());
      expect(origin.faults).toEqual([]);
      // Every refusal is in the gate's own words, and the last.
      if (gets.at(-1)! >= 400)
        expect(received).toMatch(/Connection: close\r\n(?:.+\r\n)*\r\n\{"error":"[^"]+"\}$/);
    });
  });
}

describe('Content-Length and Transfer-Encoding', () => {
  check([
    {
      name: 'both, the length first',
      sent: post('Content-Length: 13\r\nTransfer-Encoding: chunked\r\n', ABC),
    },
    {
      name: 'both, the coding first',
      sent: post('Transfer-Encoding: chunked\r\nContent-Length: 13\r\n', ABC),
    },
    {
      name: 'both, the length short and a request behind',
      sent: post('Content-Length: 4\r\nTransfer-Encoding: chunked\r\n', `0\r\n\r\n${SMUGGLED}`),
    },
    { name: 'both, the length 0', sent: post('Content-Length: 0\r\nTransfer-Encoding: chunked\r\n', ABC) },
    {
      name: 'both, the coding identity',
      sent: post('Content-Length: 3\r\nTransfer-Encoding: identity\r\n', 'abc'),
    },
    { name: 'both in another case', sent: post('content-length: 13\r\nTRANSFER-ENCODING: Chunked\r\n', ABC) },
    { name: 'a length in the trailer section', sent: chunked('3\r\nabc\r\n0\r\nContent-Length: 3\r\n\r\n') },
    {
      name: 'a coding in the trailer section',
      sent: chunked('3\r\nabc\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n'),
    },
  ]);
});

describe('Content-Length', () => {
  const refused: readonly (readonly [string, string])[] = [
    ['twice the same', 'Content-Length: 3\r\nContent-Length: 3\r\n'],
    ['twice, not the same', 'Content-Length: 3\r\nContent-Length: 30\r\n'],
    ['a list of the same', 'Content-Length: 3, 3\r\n'],
    ['a list of others', 'Content-Length: 3, 30\r\n'],
    ['negative', 'Content-Length: -3\r\n'],
    ['with a plus', 'Content-Length: +3\r\n'],
    ['hexadecimal', 'Content-Length: 0x3\r\n'],
    ['empty', 'Content-Length:\r\n'],
    ['only white space', 'Content-Length: \t \r\n'],
    ['decimal', 'Content-Length: 3.0\r\n'],
    ['exponential', 'Content-Length: 3e0\r\n'],
    ['with an underscore', 'Content-Length: 1_0\r\n'],
    ['with a space inside', 'Content-Length: 3 0\r\n'],
    ['quoted', 'Content-Length: "3"\r\n'],
    ['with a comment', 'Content-Length: 3 (three)\r\n'],
    ['in other digits', 'Content-Length: \xb3\r\n'],
    ['with a NUL', 'Content-Length: 3\0\r\n'],
    ['over 64 bits', 'Content-Length: 18446744073709551619\r\n'],
    ['of 64 bits', 'Content-Length: 18446744073709551615\r\n'],
    ['over 2^53', 'Content-Length: 9007199254740993\r\n'],
    ['with a space before the colon', 'Content-Length : 3\r\n'],
    ['with a tab before the colon', 'Content-Length\t: 3\r\n'],
    ['folded', 'Content-Length:\r\n 3\r\n'],
  ];
  check([
    ...refused.map(([name, fields]) => ({ name, sent: post(fields, 'abc') })),
    {
      name: 'with leading zeros is one number',
      sent: post('Content-Length: 0003\r\n', 'abc'),
      gets: BOTH,
      asks: ['POST / <abc>', 'GET /next'],
    },
    {
      name: 'of a GET: what is in it is content',
      sent: `GET / HTTP/1.1\r\n${HOST}Content-Length: ${SMUGGLED.length}\r\n\r\n${SMUGGLED}`,
      gets: BOTH,
      asks: [`GET / <${SMUGGLED}>`, 'GET /next'],
    },
    {
      name: 'of a HEAD: what is in it is content',
      sent: `HEAD / HTTP/1.1\r\n${HOST}Content-Length: ${SMUGGLED.length}\r\n\r\n${SMUGGLED}`,
      gets: BOTH,
      asks: [`HEAD / <${SMUGGLED}>`, 'GET /next'],
    },
    {
      name: '0 of a POST: what is behind it is a request',
      sent: post('Content-Length: 0\r\n'),
      gets: BOTH,
      asks: ['POST /', 'GET /next'],
    },
    {
      name: 'hidden by Connection',
      sent: post('Content-Length: 3\r\nConnection: Content-Length\r\n', 'abc'),
      gets: BOTH,
      asks: ['POST / <abc>', 'GET /next'],
    },
  ]);
});

describe('Transfer-Encoding', () => {
  const refused: readonly (readonly [string, string, number?])[] = [
    ['gzip before chunked', 'gzip, chunked', 501],
    ['gzip before chunked in two lines', 'gzip\r\nTransfer-Encoding: chunked', 501],
    ['an unknown one before chunked', 'cow, chunked', 501],
    ['identity before chunked', 'identity, chunked', 501],
    ['chunked twice', 'chunked, chunked'],
    ['chunked twice in two lines', 'chunked\r\nTransfer-Encoding: chunked'],
    ['chunked not last', 'chunked, gzip'],
    ['chunked not last in two lines', 'chunked\r\nTransfer-Encoding: gzip'],
    ['chunked, then identity', 'chunked\r\nTransfer-Encoding: identity'],
    ['gzip alone', 'gzip'],
    ['identity', 'identity'],
    ['empty', ''],
    ['xchunked', 'xchunked'],
    ['chunkedx', 'chunkedx'],
    ['chunked with a parameter', 'chunked;q=1'],
    ['chunked quoted', '"chunked"'],
    ['chunked with empty members', ',chunked,'],
    ['chunked with a tab behind', 'chunked\t'],
    ['chunked with a vertical tab', '\x0bchunked'],
    ['chunked with a NUL', 'chunked\0'],
    ['chunked folded', '\r\n chunked'],
    ['chunked with a fold behind', 'chunked\r\n '],
  ];
  check([
    ...refused.map(([name, value, status = 400]) => ({
      name,
      sent: post(`Transfer-Encoding: ${value}\r\n`, ABC),
      gets: [status],
    })),
    {
      name: 'with a space before the colon',
      sent: post('Transfer-Encoding : chunked\r\n', ABC),
    },
    {
      name: 'with a space in its name',
      sent: post('Transfer Encoding: chunked\r\n', ABC),
    },
    {
      name: 'in HTTP/1.0',
      sent: `POST / HTTP/1.0\r\n${HOST}Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n${ABC}`,
    },
    {
      name: 'under another name is none',
      sent: post('Transfer_Encoding: chunked\r\nX-Transfer-Encoding: chunked\r\n'),
      gets: BOTH,
      asks: ['POST /', 'GET /next'],
    },
    {
      name: 'in another case',
      sent: post('tRANSFER-eNCODING: CHUNKED\r\n', ABC),
      gets: BOTH,
      asks: ['POST / <abc>', 'GET /next'],
    },
    {
      name: 'of a GET',
      sent: `GET / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n${ABC}`,
      gets: BOTH,
      asks: ['GET / <abc>', 'GET /next'],
    },
    {
      name: 'hidden by Connection',
      sent: post('Transfer-Encoding: chunked\r\nConnection: Transfer-Encoding\r\n', ABC),
      gets: BOTH,
      asks: ['POST / <abc>', 'GET /next'],
    },
  ]);
});

describe('chunks', () => {
  const broken: readonly (readonly [string, string, number?])[] = [
    ['of a negative size', '-3\r\nabc\r\n0\r\n\r\n'],
    ['of a size over 64 bits', '10000000000000003\r\nabc\r\n0\r\n\r\n'],
    ['of a size with 0x', '0x3\r\nabc\r\n0\r\n\r\n'],
    ['of a size with a space behind', '3 \r\nabc\r\n0\r\n\r\n'],
    ['of a size with a space before', ' 3\r\nabc\r\n0\r\n\r\n'],
    ['of a size with a tab', '3\t\r\nabc\r\n0\r\n\r\n'],
    ['of a size with an underscore', '1_0\r\nabc\r\n0\r\n\r\n'],
    ['of no size', '\r\nabc\r\n0\r\n\r\n'],
    ['of a size that is no number', 'g\r\nabc\r\n0\r\n\r\n'],
    ['with no line end after the data', '3\r\nabc0\r\n\r\n'],
    ['longer than their size', '3\r\nabcd\r\n0\r\n\r\n'],
    ['with bare LF', '3\nabc\n0\n\n'],
    ['with a bare LF after the size', '3\nabc\r\n0\r\n\r\n'],
    ['with a bare LF after the data', '3\r\nabc\n0\r\n\r\n'],
    ['with a bare LF after the last', '3\r\nabc\r\n0\n\r\n'],
    ['with a bare LF at the end', '3\r\nabc\r\n0\r\n\n'],
    ['with a bare CR after the size', '3\rabc\r\n0\r\n\r\n'],
    ['with a bare LF in an extension', '3;a\nabc\r\n0\r\n\r\n'],
    ['with a bare CR in an extension', '3;a\rb\r\nabc\r\n0\r\n\r\n'],
    ['with a line end in a quoted extension', '3;a="\r\n"\r\nabc\r\n0\r\n\r\n'],
    ['with an endless extension', `3;${'a'.repeat(20_000)}\r\nabc\r\n0\r\n\r\n`, 413],
    ['with a request as the trailer section', `3\r\nabc\r\n0\r\n${SMUGGLED}`],
    ['with a folded trailer', '3\r\nabc\r\n0\r\nX: y\r\n z\r\n\r\n'],
    ['with a bare LF in the trailer section', '3\r\nabc\r\n0\r\nX: y\n\r\n'],
    ['with a space before a trailer’s colon', '3\r\nabc\r\n0\r\nX : y\r\n\r\n'],
    ['with an over-long trailer section', `3\r\nabc\r\n0\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`, 431],
  ];
  check([
    ...broken.map(([name, content, status = 400]) => ({ name, sent: chunked(content), gets: [status] })),
    {
      name: 'with extensions and trailers, which go no further',
      sent: chunked('3;a=b;c="d"\r\nabc\r\n0;e\r\nX-T: y\r\nHost: other\r\n\r\n'),
      gets: BOTH,
      asks: ['POST / <abc>', 'GET /next'],
    },
  ]);
});

describe('lines', () => {
  check([
    { name: 'bare LF after the request line', sent: `GET / HTTP/1.1\n${HOST}\r\n` },
    { name: 'bare LF after a field', sent: get('Host: x\nX: y\r\n') },
    { name: 'bare LF before the end', sent: `GET / HTTP/1.1\r\n${HOST}\n` },
    { name: 'bare LF everywhere', sent: 'GET / HTTP/1.1\nHost: x\n\n' },
    { name: 'bare LF and a request in a value', sent: get(`Host: x\r\nX: y\n\n${SMUGGLED}`) },
    { name: 'bare CR after the request line', sent: `GET / HTTP/1.1\r${HOST}\r\n` },
    { name: 'bare CR in a value', sent: get(`${HOST}X: a\rTransfer-Encoding: chunked\r\n`) },
    { name: 'bare CR in a name', sent: get(`${HOST}X\r: a\r\n`) },
    { name: 'CR CR LF', sent: get('Host: x\r\r\n') },
    { name: 'folded field', sent: get(`${HOST}X: a\r\n b\r\n`) },
    { name: 'folded field with a tab', sent: get(`${HOST}X: a\r\n\tb\r\n`) },
    { name: 'folded Host', sent: get('Host: x\r\n y\r\n') },
    { name: 'fold that hides a length', sent: post('X: a\r\n Content-Length: 3\r\n', 'abc') },
    { name: 'white space before the first field', sent: get(` ${HOST}`) },
    { name: 'a space before the first field, another behind', sent: get(` X: y\r\n${HOST}`) },
    { name: 'a space before the colon', sent: get('Host : x\r\n') },
    { name: 'a space in a name', sent: get(`${HOST}X Y: z\r\n`) },
    { name: 'no name', sent: get(`${HOST}: z\r\n`) },
    { name: 'no colon', sent: get(`${HOST}abc\r\n`) },
    { name: 'a name with a slash', sent: get(`${HOST}a/b: c\r\n`) },
    { name: 'a name beyond ASCII', sent: get(`${HOST}\xe9: c\r\n`) },
    { name: 'NUL in a value', sent: get(`${HOST}X: a\0b\r\n`) },
    { name: 'NUL in a name', sent: get(`${HOST}X\0: a\r\n`) },
    { name: 'NUL in the target', sent: get(HOST, 'GET /\0 HTTP/1.1') },
    { name: 'a control character in a value', sent: get(`${HOST}X: a\x01b\r\n`) },
    { name: 'DEL in a value', sent: get(`${HOST}X: a\x7fb\r\n`) },
    {
      name: 'empty lines before a request are passed over',
      sent: `\r\n\r\n${get(HOST)}`,
      gets: BOTH,
      asks: ['GET /', 'GET /next'],
    },
    { name: 'bytes before a request', sent: `\0${get(HOST)}` },
    { name: 'TLS to a port without', sent: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03' },
  ]);
});

describe('the size of the header section', () => {
  check([
    { name: 'an over-long field', sent: get(`${HOST}X: ${'a'.repeat(20_000)}\r\n`), gets: [431] },
    { name: 'an over-long name', sent: get(`${HOST}${'a'.repeat(20_000)}: b\r\n`), gets: [431] },
    {
      name: 'many long fields',
      sent: get(`${HOST}${`X: ${'a'.repeat(1_000)}\r\n`.repeat(20)}`),
      gets: [431],
    },
    { name: 'more fields than are taken', sent: get(`${HOST}${'X: a\r\n'.repeat(200)}`), gets: [431] },
    { name: 'far more fields than are taken', sent: get(`${'X: a\r\n'.repeat(2_050)}${HOST}`), gets: [431] },
    {
      name: 'a length behind more fields than are taken',
      sent: post(`${'X: a\r\n'.repeat(1_100)}Content-Length: ${SMUGGLED.length}\r\n`, SMUGGLED),
      gets: [431],
    },
    {
      name: 'as many fields as are taken',
      sent: get(`${HOST}${'X: a\r\n'.repeat(199)}`),
      gets: BOTH,
      asks: ['GET /', 'GET /next'],
    },
  ]);
  it('an over-long target', async () => {
    const received = await sendRaw(proxy.url, get(HOST, `GET /${'a'.repeat(20_000)} HTTP/1.1`) + NEXT);
    expect(statusesOf(received)).toEqual([414]);
    expect(origin.asked).toEqual([]);
  });
});

describe('request lines', () => {
  check([
    { name: 'HTTP/0.9 without a version', sent: 'GET /\r\n\r\n', gets: [505] },
    { name: 'HTTP/0.9', sent: get(HOST, 'GET / HTTP/0.9'), gets: [505] },
    { name: 'HTTP/1.2', sent: get(HOST, 'GET / HTTP/1.2') },
    { name: 'HTTP/2.0', sent: get(HOST, 'GET / HTTP/2.0'), gets: [505] },
    { name: 'HTTP/3.0', sent: get(HOST, 'GET / HTTP/3.0') },
    { name: 'the preface of HTTP/2', sent: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', gets: [505] },
    { name: 'HTTP/01.1', sent: get(HOST, 'GET / HTTP/01.1') },
    { name: 'HTTP/1.10', sent: get(HOST, 'GET / HTTP/1.10') },
    { name: 'a version in lower case', sent: get(HOST, 'GET / http/1.1') },
    { name: 'a space behind the version', sent: get(HOST, 'GET / HTTP/1.1 ') },
    { name: 'a method in lower case', sent: get(HOST, 'get / HTTP/1.1') },
    { name: 'a method of nobody’s', sent: get(HOST, 'SMUGGLE / HTTP/1.1') },
    { name: 'a method with a colon', sent: get(HOST, 'GET: / HTTP/1.1') },
    { name: 'a space before the method', sent: get(HOST, ' GET / HTTP/1.1') },
    { name: 'a space in the target', sent: get(HOST, 'GET /a b HTTP/1.1') },
    { name: 'tabs for spaces', sent: get(HOST, 'GET\t/\tHTTP/1.1') },
    { name: 'no target', sent: get(HOST, 'GET HTTP/1.1') },
    { name: 'a target beyond ASCII', sent: get(HOST, 'GET /\xe9 HTTP/1.1') },
  ]);
});

describe('Host and the target’s authority', () => {
  check([
    { name: 'no Host', sent: get('') },
    { name: 'two Hosts', sent: get('Host: x\r\nHost: y\r\n') },
    { name: 'two Hosts of the same', sent: get('Host: x\r\nHost: x\r\n') },
    { name: 'two Hosts, one in another case', sent: get('Host: x\r\nX: y\r\nhOST: y\r\n') },
    { name: 'two Hosts in HTTP/1.0', sent: get('Host: x\r\nHost: y\r\n', 'GET / HTTP/1.0') },
    { name: 'a list for a Host', sent: get('Host: x, y\r\n') },
    { name: 'a Host with a space', sent: get('Host: x y\r\n') },
    { name: 'a Host with a path', sent: get('Host: x/y\r\n') },
    { name: 'a Host with user information', sent: get('Host: u@x\r\n') },
    { name: 'a Host with a port that is no number', sent: get('Host: x:80a\r\n') },
    { name: 'a Host with two ports', sent: get('Host: x:80:80\r\n') },
    { name: 'a Host beyond ASCII', sent: get('Host: \xe9\r\n') },
    { name: 'a Host with a broken address', sent: get('Host: [::1\r\n') },
    { name: 'a Host with an address that is none', sent: get('Host: [1:2]\r\n') },
    { name: 'a Host with a query', sent: get('Host: x?y\r\n') },
    { name: 'an absolute-form without a Host', sent: get('', 'GET http://x/ HTTP/1.1') },
    {
      name: 'an absolute-form with two Hosts',
      sent: get('Host: x\r\nHost: y\r\n', 'GET http://x/ HTTP/1.1'),
    },
    // The target is refused once it has been framed, so the connection goes on.
    ...['http://u@x/', 'http:///a', 'ftp://x/', '//x/a', '/a/../b', '/a%2fb', '/a#b', '*', '/a\\b'].map(
      (target) => ({
        name: `the target ${target}`,
        sent: get(HOST, `GET ${target} HTTP/1.1`),
        gets: [400, 200],
        asks: ['GET /next'],
      }),
    ),
    ...['Host: x\r\n', 'Host: other\r\n', 'Host:\r\n', 'Host: [::1]:80\r\n', 'Host: a_b.%41:\r\n'].map(
      (host) => ({
        name: `an absolute-form with ${JSON.stringify(host)}`,
        sent: get(host, 'GET http://X.example:80/a HTTP/1.1'),
        gets: BOTH,
        asks: ['GET /a', 'GET /next'],
      }),
    ),
    {
      name: 'a Host hidden by Connection',
      sent: get(`${HOST}Connection: Host\r\n`),
      gets: BOTH,
      asks: ['GET /', 'GET /next'],
    },
    {
      name: 'no Host in HTTP/1.0',
      sent: get('Connection: keep-alive\r\n', 'GET / HTTP/1.0'),
      gets: BOTH,
      asks: ['GET /', 'GET /next'],
    },
  ]);
});

describe('Expect, Upgrade, CONNECT', () => {
  check([
    {
      name: 'an expectation of nobody’s',
      sent: post('Expect: tea\r\nContent-Length: 3\r\n', 'abc'),
      gets: [417],
    },
    {
      name: 'an expectation of nobody’s beside 100-continue',
      sent: post('Expect: 100-continue, tea\r\nContent-Length: 3\r\n', 'abc'),
      gets: [417],
    },
    {
      name: 'an expectation that hides the content',
      sent: post(`Expect: 100-continues\r\nContent-Length: ${SMUGGLED.length}\r\n`, SMUGGLED),
      gets: [417],
    },
    {
      name: 'an expectation that is refused, its content behind',
      sent: `TRACE / HTTP/1.1\r\n${HOST}Expect: 100-continue\r\nContent-Length: ${SMUGGLED.length}\r\n\r\n${SMUGGLED}`,
      gets: [405],
    },
    {
      name: 'an expectation with content behind',
      sent: post(`Expect: 100-continue\r\nContent-Length: ${SMUGGLED.length}\r\n`, SMUGGLED),
      gets: [200],
      asks: [`POST / <${SMUGGLED}>`],
    },
    { name: 'CONNECT', sent: get(HOST, 'CONNECT x:80 HTTP/1.1'), gets: [405] },
    {
      name: 'CONNECT and a request behind',
      sent: get(HOST, 'CONNECT x:80 HTTP/1.1') + SMUGGLED,
      gets: [405],
    },
    { name: 'CONNECT with a path', sent: get(HOST, 'CONNECT / HTTP/1.1'), gets: [405] },
    {
      name: 'an upgrade to h2c, which nobody takes',
      sent: get(`${HOST}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n`),
      gets: BOTH,
      asks: ['GET /', 'GET /next'],
    },
    {
      name: 'an upgrade with content',
      sent: post(`Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: ${SMUGGLED.length}\r\n`, SMUGGLED),
      gets: BOTH,
      asks: [`POST / <${SMUGGLED}>`, 'GET /next'],
    },
    {
      name: 'an upgrade with chunks',
      sent: post('Connection: Upgrade\r\nUpgrade: websocket\r\nTransfer-Encoding: chunked\r\n', ABC),
      gets: BOTH,
      asks: ['POST / <abc>', 'GET /next'],
    },
    {
      name: 'an upgrade with two Hosts',
      sent: get('Host: x\r\nHost: y\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n'),
    },
    {
      name: 'an upgrade with two framings',
      sent: post(
        'Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n',
        ABC,
      ),
    },
  ]);
});

describe('what Connection takes away', () => {
  const names = ['Cookie', 'Authorization', 'X-Any', 'X-Request-Id', 'Via', 'Content-Length', 'Host', 'Date'];

  it.each(names)('%s, never what is the gate’s own to say', async (name) => {
    const fields = 'Cookie: a=b\r\nAuthorization: c\r\nX-Any: d\r\nConnection: close\r\n';
    await sendRaw(
      proxy.url,
      `POST /a HTTP/1.1\r\n${HOST}${fields}Connection: ${name}\r\nContent-Length: 2\r\n\r\nok`,
    );
    expect(origin.asked).toEqual(['POST /a <ok>']);
    const sent = origin.heads[0]!;
    for (const each of ['Cookie', 'Authorization', 'X-Any'])
      expect(sent.includes(`\r\n${each}: `)).toBe(each !== name);
    for (const each of ['host', 'content-length', 'via', 'x-request-id'])
      expect(sent.toLowerCase().split(`\r\n${each}: `)).toHaveLength(2);
  });

  it('is not stored as if it had been there', async () => {
    const other = await startRecordingOrigin('Cache-Control: max-age=60\r\nVary: Cookie\r\n');
    const cached = await startProxy(
      () => {},
      (config) => ({ ...config, services: { default: { ...config.services.default!, origin: other.url } } }),
    );
    await sendRaw(cached.url, get(`${HOST}Cookie: a=b\r\nConnection: close, Cookie\r\n`));
    await (await cached.get('/', { Cookie: 'a=b' })).text();
    expect(other.asked).toHaveLength(2);
    await cached.close();
    await other.close();
  });
});

describe('requests in a row', () => {
  const good = get(HOST, 'GET /first HTTP/1.1');
  check([
    {
      name: 'a bad one behind a good one: the good one is answered first',
      sent: `${good}GET / HTTP/1.1\r\nHost: x\nX: y\r\n\r\n`,
      gets: [200, 400],
      asks: ['GET /first'],
    },
    {
      name: 'a refused one behind a good one',
      sent: `${good}${get('Host: x\r\nHost: y\r\n')}`,
      gets: [200, 400],
      asks: ['GET /first'],
    },
    {
      name: 'CONNECT behind a good one',
      sent: `${good}CONNECT x:1 HTTP/1.1\r\n${HOST}\r\n`,
      gets: [200, 405],
      asks: ['GET /first'],
    },
    {
      name: 'an upgrade behind a good one',
      sent: `${good}${get(`${HOST}Connection: Upgrade\r\nUpgrade: h2c\r\n`)}`,
      gets: [200, 200, 200],
      asks: ['GET /first', 'GET /', 'GET /next'],
    },
    { name: 'two bad ones', sent: get('') + get('Host: x\r\nHost: y\r\n') },
    {
      name: 'two with expectations of nobody’s',
      sent: post('Expect: tea\r\n') + post('Expect: tea\r\n'),
      gets: [417],
    },
    {
      name: 'content broken behind a good one',
      sent: `${good}${chunked('-1\r\n')}`,
      gets: [200, 400],
      asks: ['GET /first'],
    },
    {
      name: 'anything behind Connection: close',
      sent: get(`${HOST}Connection: close\r\n`) + SMUGGLED,
      gets: [200],
      asks: ['GET /'],
    },
    {
      name: 'anything behind HTTP/1.0',
      sent: get(HOST, 'GET / HTTP/1.0') + SMUGGLED,
      gets: [200],
      asks: ['GET /'],
    },
  ]);
});
