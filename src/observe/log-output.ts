import pino, { type DestinationStream } from 'pino';

const STANDARD_OUTPUT = 1;
/** A busy process logs hundreds of summaries a second: written one by one they cost as much as many hits. */
const GATHERED_CHARS = 16_384;
const GATHERED_MS = 100;
const WARN = 40;

// pino tells a destination that has it the level of each line.
const NEEDS_METADATA = Symbol.for('pino.metadata');

/**
 * Standard output. Lines are gathered for 100 ms or 16 KiB at most; warnings and errors are written at once, with what came
 * before them, and so is all when the process ends by itself (not when it is killed).
 */
export function createLogOutput(): DestinationStream {
  // Said to be synchronous, it is not ended before the process's last lines.
  const output = pino.destination({ dest: STANDARD_OUTPUT, sync: true });
  let gathered = '';
  let timer: NodeJS.Timeout | null = null;
  let isEnding = false;

  function flush(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    const lines = gathered;
    gathered = '';
    if (lines !== '') output.write(lines);
  }

  process.once('exit', () => {
    isEnding = true;
    flush();
  });
  const gathering: DestinationStream & { lastLevel: number } = {
    lastLevel: 0,
    write(line: string) {
      gathered += line;
      if (isEnding || this.lastLevel >= WARN || gathered.length >= GATHERED_CHARS) flush();
      else timer ??= setTimeout(flush, GATHERED_MS).unref();
    },
  };
  return Object.assign(gathering, { [NEEDS_METADATA]: true });
}
