import { Readable } from 'node:stream';
import { deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CachegateError, hasCode } from '../errors.ts';
import { transferCodingOf, withoutCoding } from './transfer-coding.ts';

const TEXT = 'some content '.repeat(1000);
const codingOf = (lines: readonly string[], mode: 'safe' | 'rfc' = 'safe') =>
  transferCodingOf(
    lines.flatMap((line) => ['Transfer-Encoding', line]),
    mode,
  );
const decode = async (coded: Readable, coding: string) => {
  const chunks: Buffer[] = [];
  for await (const chunk of withoutCoding(coded, codingOf([coding]))) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
};

describe('the transfer coding of a response', () => {
  it.each([[[]], [['chunked']], [['Chunked']], [[', chunked ']]])('%j is undone by the parser', (lines) => {
    expect(codingOf(lines)).toEqual({ chunked: lines.length > 0, decoder: null });
  });

  it.each([
    [['gzip, chunked'], true],
    [['gzip', 'chunked'], true],
    [['X-GZIP ,\tCHUNKED'], true],
    [['deflate,,chunked'], true],
    [['gzip'], false],
    [['deflate '], false],
  ])('%j is to be decoded', (lines, chunked) => {
    for (const mode of ['safe', 'rfc'] as const) {
      expect(codingOf(lines, mode)).toEqual({ chunked, decoder: expect.any(Function) });
    }
  });

  it.each([
    [['br, chunked'], true],
    [['gzip;level=9, chunked'], true],
    [['gzip, gzip, chunked'], true],
    [['identity'], false],
    [['xchunked'], false],
  ])('%j is unknown: refused, or passed on where the standard is the measure', (lines, chunked) => {
    expect(() => codingOf(lines)).toThrow(CachegateError);
    expect(codingOf(lines, 'rfc')).toEqual({ chunked, decoder: null });
  });

  it.each([
    ['chunked, gzip'],
    ['chunked, chunked'],
    ['chunked;a=b'],
    ['chunked,'],
    ['chunked\t'],
    ['gzip chunked'],
    ['chunked x'],
    [''],
    [' , '],
  ])('%j may be read in two ways, so it is refused always', (value) => {
    for (const mode of ['safe', 'rfc'] as const)
      expect(() => codingOf([value], mode)).toThrow(CachegateError);
  });

  it('is never guessed: any other value gives an error with a code or chunks only where they are last', () => {
    const part = fc.constantFrom(
      'chunked',
      'gzip',
      'deflate',
      'br',
      ',',
      ' ',
      '\t',
      ';',
      'x',
      'CHUNKED',
      '"',
    );
    const value = fc.array(part, { maxLength: 8 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(value, fc.constantFrom('safe' as const, 'rfc' as const), (text, mode) => {
        try {
          expect(codingOf([text], mode).chunked).toBe(/(?:^|,)[ \t]*chunked *$/i.test(text));
        } catch (error) {
          if (!hasCode(error, 'ERR_ORIGIN_PROTOCOL')) throw error;
        }
      }),
    );
  });
});

describe('content without its transfer coding', () => {
  it.each([
    ['gzip', gzipSync(TEXT)],
    ['x-gzip', gzipSync(TEXT)],
    ['deflate', deflateSync(TEXT)],
  ])('of %s is whole', async (coding, coded) => {
    expect(await decode(Readable.from([coded.subarray(0, 5), coded.subarray(5)]), coding)).toBe(TEXT);
  });

  it.each([
    ['broken off', gzipSync(TEXT).subarray(0, -9)],
    ['no gzip', Buffer.from(TEXT)],
  ])('fails where it is %s', async (_, coded) => {
    await expect(decode(Readable.from([coded]), 'gzip')).rejects.toThrow();
  });

  it('fails where its source does, and lets go of it when nobody reads', async () => {
    const failing = new Readable({ read() {} });
    failing.push(gzipSync(TEXT).subarray(0, 20));
    const reading = decode(failing, 'gzip');
    failing.destroy(new Error('reset'));
    await expect(reading).rejects.toThrow('reset');

    const unread = new Readable({ read() {} });
    unread.on('error', () => {});
    withoutCoding(unread, codingOf(['gzip'])).destroy();
    await expect.poll(() => unread.closed).toBe(true);
  });
});
