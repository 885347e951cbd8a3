import { describe, expect, it } from 'vitest';
import { trailerFields } from './trailer-fields.ts';

describe('trailer fields that may travel on', () => {
  it('are those end to end, as they came', () => {
    const fields = ['Server-Timing', 'db;dur=5', 'content-digest', 'sha-256=:x:', 'Server-Timing', 'x'];
    expect(trailerFields(fields, [])).toEqual(fields);
    expect(trailerFields([], ['Connection', 'close'])).toEqual([]);
  });

  it.each([
    ...['Connection', 'Keep-Alive', 'TE', 'Upgrade', 'Proxy-Authenticate'],
    ...['Transfer-Encoding', 'Content-Length', 'Trailer', 'Host'],
    ...['Content-Encoding', 'Content-Type', 'CONTENT-RANGE'],
    ...['Cache-Control', 'Vary', 'Expires', 'Date', 'Age', 'Location', 'Set-Cookie', 'WWW-Authenticate'],
  ])('are not %s', (name) => {
    expect(trailerFields([name, 'x', 'X-Kept', '1'], [])).toEqual(['X-Kept', '1']);
  });

  it('are none that either Connection names', () => {
    const header = ['Connection', 'close, X-Hop', 'connection', 'X-Other'];
    const trailers = ['X-Hop', '1', 'x-other', '2', 'X-Third', '3', 'X-Kept', '4', 'Connection', 'x-third'];
    expect(trailerFields(trailers, header)).toEqual(['X-Kept', '4']);
  });
});
