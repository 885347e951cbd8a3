import { expect, it } from 'vitest';
import { conflictFaults } from './conflicts.ts';
import { formatFault } from './fault.ts';

const PLAIN = 'store_tls: found beside a store without TLS; accepted: a store of rediss or valkeys';
const needed = (key: string, other: string) =>
  `store_tls.${key}: missing; accepted: a readable file, needed beside ${other}`;

it.each([
  [{ ca_file: 'a' }, 'redis://a', [PLAIN]],
  [{}, 'valkey+cluster://a', [PLAIN]],
  [{ cert_file: 'a' }, 'rediss://a', [needed('key_file', 'cert_file')]],
  [{ key_file: 'a' }, 'memory:', [needed('cert_file', 'key_file')]],
  [{ ca_file: 'a', cert_file: 'a', key_file: 'a' }, 'valkeys+sentinel://a/m', []],
])('says what is wrong with store_tls %j beside %s', (tls, store, faults) => {
  expect(conflictFaults({ store_tls: tls, store }).map(formatFault)).toEqual(faults);
});
