import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('crowd-process.mjs', import.meta.url));

/**
 * What a client got. Times are of the monotonic clock, in milliseconds.
 *
 * @typedef {object} Received
 * @property {number} sentAt
 * @property {number} doneAt
 * @property {number} status
 * @property {string} body
 * @property {string | null} cookie
 * @property {string | null} error why there is no whole answer; the rest then means nothing
 *
 * @typedef {object} Crowd
 * @property {(target: string, count?: number) => Promise<Received[]>} ask a request of each client (of the first `count`)
 * at once, with its number in the field `Client`
 * @property {() => Promise<void>} leave
 */

/**
 * Clients of one server in a process of their own, each with a connection that is open already.
 *
 * @returns {Promise<Crowd>}
 */
export async function gatherCrowd(url, size) {
  const child = fork(PROGRAM, [url, String(size)], { serialization: 'advanced' });
  process.once('exit', () => child.kill('SIGKILL'));
  const message = async () => {
    const ended = once(child, 'exit').then(() => {
      throw new Error('the process of the clients ended');
    });
    ended.catch(() => {});
    const [value] = await Promise.race([once(child, 'message'), ended]);
    return value;
  };
  await message();
  return {
    ask(target, count = size) {
      const received = message();
      child.send({ target, count });
      return received;
    },
    async leave() {
      const exited = once(child, 'exit');
      child.disconnect();
      await exited;
    },
  };
}
