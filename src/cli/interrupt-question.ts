import { createInterface } from 'node:readline';

export type InterruptAnswer = 'leave' | 'cancel' | 'go on';

const ANSWERS: Readonly<Record<string, InterruptAnswer>> = { l: 'leave', c: 'cancel', g: 'go on' };
const QUESTION = 'It runs in the server. [l]eave it running, [c]ancel it, or [g]o on? ';

/**
 * Asks in the terminal what is to be done with a job that goes on by itself. The end of input, another Ctrl-C and `signal`
 * leave it running.
 */
export function askAboutJob(signal: AbortSignal): Promise<InterruptAnswer> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr, terminal: true });
  return new Promise((resolve) => {
    let answer: InterruptAnswer = 'leave';
    const settle = (given: InterruptAnswer) => {
      answer = given;
      terminal.close();
    };
    terminal.setPrompt(QUESTION);
    terminal.on('line', (line) => {
      const given = ANSWERS[line.trim().charAt(0).toLowerCase()];
      if (given === undefined) terminal.prompt();
      else settle(given);
    });
    terminal.on('SIGINT', () => {
      process.stderr.write('\n');
      settle('leave');
    });
    const onAbort = () => {
      process.stderr.write('\n');
      settle('leave');
    };
    terminal.on('close', () => {
      signal.removeEventListener('abort', onAbort);
      resolve(answer);
    });
    signal.addEventListener('abort', onAbort);
    terminal.prompt();
  });
}
