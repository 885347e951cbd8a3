import ipaddr from 'ipaddr.js';
import { type ListenAddress, parseListenAddress } from '../listen/listen-address.ts';
import { type Fault, faultAt } from './fault.ts';
import { valueAt } from './path.ts';

/** Who reaches the admin address may do all: beyond this machine it takes a token. */
export function adminConflicts(tree: unknown): Fault[] {
  const written = valueAt(tree, ['admin_listen']);
  const address = typeof written === 'string' && written !== 'off' ? parseListenAddress(written) : null;
  if (address === null || isOfThisMachine(address)) return [];
  if (valueAt(tree, ['admin_token']) !== undefined) return [];
  const accepted = 'a secret of 16 to 1024 characters, needed because admin_listen is not loopback';
  return [faultAt(['admin_token'], [], 'missing', accepted)];
}

// Of a socket the file's permissions say who may.
function isOfThisMachine(address: ListenAddress): boolean {
  if (address.kind === 'unix') return true;
  const { host } = address;
  if (host === undefined) return false;
  if (/^(?:.+\.)?localhost$/i.test(host)) return true;
  return ipaddr.isValid(host) && ipaddr.process(host).range() === 'loopback';
}
