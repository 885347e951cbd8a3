import { expect, it } from 'vitest';
import { adminConflicts } from './admin-conflicts.ts';
import { formatFault } from './fault.ts';

const MISSING =
  'admin_token: missing; accepted: a secret of 16 to 1024 characters, needed because admin_listen is not loopback';
const faultsOf = (tree: object) => adminConflicts(tree).map(formatFault);

it.each([
  ':9180',
  '0.0.0.0:9180',
  '[::]:9180',
  '10.0.0.1:9180',
  '[fe80::1]:9180',
  'gate.internal:9180',
  'localhost.example:9180',
])('wants a token where %s is listened on', (admin_listen) => {
  expect(faultsOf({ admin_listen })).toEqual([MISSING]);
  expect(faultsOf({ admin_listen, admin_token: 'a secret of enough characters' })).toEqual([]);
});

it.each([
  undefined,
  'off',
  '127.0.0.1:9180',
  '127.8.9.1:0',
  '[::1]:9180',
  '[::ffff:127.0.0.1]:9180',
  'localhost:9180',
  'unix:/run/cachegate/admin.sock',
  'nowhere',
  7,
])('wants none where %j is', (admin_listen) => {
  expect(faultsOf({ admin_listen })).toEqual([]);
});
