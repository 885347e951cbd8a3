import { expect, it } from 'vitest';
import { isOwnHost } from './own-host.ts';

it.each([
  ['localhost:9180', true],
  ['LOCALHOST', true],
  ['127.0.0.1', true],
  ['[::1]:9180', true],
  ['[FD00::1]', true],
  ['cache_gate', true],
  ['gate.internal', true],
  ['admin.example:1', true],
  ['attacker.example', false],
  ['localhost.attacker.example', false],
  ['internal.', false],
  // None of these can be a browser's, and a proxy in front may read them in another way.
  ['attacker.example@localhost', false],
  ['localhost\\.attacker.example', false],
  ['localhost#.attacker.example', false],
  ['localhost/attacker.example', false],
  ['localhost, attacker.example', false],
  ['localhost:x', false],
  ['localhost:99999', false],
  ['', false],
  [undefined, false],
])('%s: %s', (field, own) => {
  expect(isOwnHost(field, 'admin.example')).toBe(own);
});
