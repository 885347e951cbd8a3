import type { Size } from './top-lines.ts';

/** The whole terminal, until it is closed: then all is as it was. */
export interface Screen {
  size(): Size;
  show(lines: readonly string[]): void;
  close(): void;
}

const ENTER = '\u001b[?1049h\u001b[H';
const LEAVE = '\u001b[?1049l';
const CLEAR = '\u001b[2J\u001b[H';
/** As they come where the terminal makes no signals of keys. */
const END_KEYS = ['q', 'Q', '\u0003'];

interface ScreenEvents {
  /** What is shown must be shown anew. */
  resized(): void;
  /** A key that ends it. */
  ended(): void;
}

export async function openScreen({ resized, ended }: ScreenEvents): Promise<Screen> {
  const { createLogUpdate } = await import('log-update');
  const { stdin, stdout } = process;
  const update = createLogUpdate(stdout);
  const onKeys = (keys: Buffer) => {
    if ([...String(keys)].some((key) => END_KEYS.includes(key))) ended();
  };
  const onResize = () => {
    // Lines that wrap at the new width lie elsewhere than where they were written.
    update.done();
    stdout.write(CLEAR);
    resized();
  };
  let isOpen = true;
  const close = () => {
    if (!isOpen) return;
    isOpen = false;
    process.off('exit', close);
    stdout.off('resize', onResize);
    stdin.off('data', onKeys);
    if (stdin.isTTY) stdin.setRawMode(false);
    stdin.pause();
    update.done();
    stdout.write(LEAVE);
  };

  process.on('exit', close);
  stdout.on('resize', onResize);
  if (stdin.isTTY) stdin.setRawMode(true).on('data', onKeys).resume();
  stdout.write(ENTER);
  return {
    // The last row stays free: the cursor stands there.
    size: () => ({ columns: stdout.columns || 80, rows: Math.max(1, (stdout.rows || 24) - 1) }),
    show(lines) {
      if (isOpen) update(lines.join('\n'));
    },
    close,
  };
}
