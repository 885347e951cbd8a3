import { fork } from 'node:child_process';
import { once } from 'node:events';

/**
 * A program of ours that answers each message with one of its own.
 *
 * @param {URL} program
 * @param {string[]} args
 */
export function startChild(program, args) {
  const child = fork(program, args, { serialization: 'advanced' });
  const endWithUs = () => child.kill('SIGKILL');
  process.once('exit', endWithUs);
  child.once('exit', () => process.off('exit', endWithUs));
  const ended = once(child, 'exit').then(() => {
    throw new Error(`${program} ended`);
  });
  ended.catch(() => {});
  const message = () => Promise.race([new Promise((resolve) => child.once('message', resolve)), ended]);
  return {
    message,
    ask(question) {
      const answer = message();
      child.send(question);
      return answer;
    },
    async end() {
      child.disconnect();
      await once(child, 'exit');
    },
  };
}
