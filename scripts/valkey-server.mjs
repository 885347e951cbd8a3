// @ts-check
import { Stop } from './prepare.mjs';
import { findProgram } from './system-package.mjs';

/** Valkey before Redis. */
const VALKEY = {
  names: ['valkey-server', 'redis-server'],
  need: 'a Valkey or Redis server',
  advice: 'Install valkey-server or redis-server (7 or newer) so that it is on the PATH',
};

/** The path of a Valkey or Redis server that runs, installed where there is none. Stops when none is to be had. */
export function findValkeyServer() {
  return findProgram(VALKEY);
}

/** The same of a Redis server, for the tests that run on both; `null` where the system has Valkey alone. */
export function findRedisServer() {
  try {
    return findProgram({ ...VALKEY, names: ['redis-server'] });
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    console.log('There is none; the tests on Redis run on Valkey too.');
    return null;
  }
}
