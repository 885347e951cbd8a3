import { expect, it } from 'vitest';
import { jsonLine } from './print.ts';

it('writes JSON that says the same, and moves nothing on a terminal', () => {
  const value = { 'a\u009b2J': 'b\u202ec\u2028\u{e0001}\u001b[H\n', plain: 'Grüße 🦊' };
  const line = jsonLine(value);
  expect(JSON.parse(line)).toEqual(value);
  expect(line).toMatch(/^[\x20-\x7e\u00a1-\u00ff🦊]*$/u);
  expect(line).toContain('Grüße 🦊');
});
