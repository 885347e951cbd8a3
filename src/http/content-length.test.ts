import { expect, it } from 'vitest';
import { contentLength } from './content-length.ts';

it.each([
  [['Content-Length', '10'], 10],
  [['content-length', '0'], 0],
  [['Content-Length', '-1'], undefined],
  [['Content-Length', '1e3'], undefined],
  [['Content-Length', ''], undefined],
  [['Content-Length', '5', 'Content-Length', '5'], undefined],
  [[], undefined],
] as [string[], number | undefined][])('%j says %j', (fields, length) => {
  expect(contentLength(fields)).toBe(length);
});
