import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const HOOKS = pathToFileURL(resolve(ROOT, 'test/support/typescript-hooks.mjs')).href;
const LOG = pathToFileURL(resolve(ROOT, 'src/observe/log.ts')).href;

/** What a process that does this to its log has written when it is gone. */
async function written(does: string): Promise<string[]> {
  const code = `import { createLog } from ${JSON.stringify(LOG)}; const log = createLog({ level: 'aggregate' }); ${does}`;
  const child = spawn(process.execPath, ['--import', HOOKS, '--input-type=module', '--eval', code], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const lines = (await text(child.stdout)).split('\n').filter((line) => line !== '');
  return lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
}

describe('what is logged', () => {
  it('is all there when the process ends by itself', async () => {
    expect(await written(`log.info('first'); log.info('last'); process.exit(3);`)).toEqual(['first', 'last']);
    const later = `log.info('first'); setTimeout(() => log.info('last'), 300);`;
    expect(await written(later)).toEqual(['first', 'last']);
    expect(await written(`log.info('thrown'); throw new Error('unforeseen');`)).toEqual(['thrown']);
  });

  it('is there at once from a warning on, with what came before', async () => {
    const does = `log.info('before'); log.warn('warned'); log.info('lost'); process.kill(process.pid, 'SIGKILL');`;
    expect(await written(does)).toEqual(['before', 'warned']);
  });

  it('is there a moment later, and whole, where nothing more is logged', async () => {
    const many = 200;
    const does = `for (let i = 0; i < ${many}; i++) log.info({ padding: 'x'.repeat(100) }, 'line ' + i);
      setTimeout(() => process.kill(process.pid, 'SIGKILL'), 2_000);`;
    expect(await written(does)).toEqual(Array.from({ length: many }, (_, i) => `line ${i}`));
  });
});
