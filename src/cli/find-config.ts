import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { CONFIG_EXTENSIONS } from '../config/config-file.ts';
import { ConfigError, faultAt } from '../config/fault.ts';

const NAMES = CONFIG_EXTENSIONS.map((extension) => `cachegate${extension}`);

/**
 * The configuration file in a folder, by its usual name.
 * @param command what looks for it, and `instead` the option that does without
 * @throws ConfigError when there is none.
 */
export async function findConfig(cwd: string, command: string, instead: string): Promise<string> {
  for (const name of NAMES) {
    const exists = await access(join(cwd, name)).then(
      () => true,
      () => false,
    );
    if (exists) return name;
  }
  const accepted = `${instead}, --config FILE, or one of ${NAMES.join(', ')} here`;
  throw new ConfigError([
    faultAt('', [command], `found nothing to ${command === 'serve' ? 'serve' : 'ask'}`, accepted),
  ]);
}
