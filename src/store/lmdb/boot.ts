import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * A name for the time since the machine was started, the same for all processes on it, fit for a file's name. Where the
 * system gives none it is always `unknown`, and a crash of the machine is not seen.
 */
export function bootName(): string {
  try {
    const id =
      process.platform === 'darwin'
        ? execFileSync('sysctl', ['-n', 'kern.bootsessionuuid'], { encoding: 'utf8', timeout: 2_000 })
        : readFileSync('/proc/sys/kernel/random/boot_id', 'utf8');
    return id.trim().toLowerCase();
  } catch {
    return 'unknown';
  }
}
