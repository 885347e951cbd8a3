import { execFile } from 'node:child_process';

/** What `promtool check metrics` finds fault with in a text; empty: nothing. */
export function faultsOfMetrics(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const program = process.env.PROMTOOL || 'promtool';
    const child = execFile(program, ['check', 'metrics'], (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') {
        reject(new Error(`${program}: ${error.message}. Install prometheus, or run the tests by npm test.`));
      } else resolve(stdout + stderr + (error === null ? '' : `exit code ${error.code}`));
    });
    child.stdin!.on('error', () => {});
    child.stdin!.end(text);
  });
}

/** The samples of a text in the format of Prometheus, by their series as they are written there. */
export function samplesOf(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && line[0] !== '#');
  return new Map(
    lines.map((line) => {
      const end = line.lastIndexOf(' ');
      return [line.slice(0, end), Number(line.slice(end + 1))];
    }),
  );
}
