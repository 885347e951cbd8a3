import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { CONFIG_EXTENSIONS } from '../config/config-file.ts';
import { ConfigError, faultAt } from '../config/fault.ts';

const NAMES = CONFIG_EXTENSIONS.map((extension) => `cachegate${extension}`);

/** Said rather than done: a command that changes something should not pick its server by itself. */
const WITHOUT_FILE = 'a server that was started without a file is at --admin http://127.0.0.1:9180';

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
  const isServe = command === 'serve';
  const named = `${instead}, --config FILE, or one of ${NAMES.join(', ')} here`;
  const accepted = isServe ? named : `${named}; ${WITHOUT_FILE}`;
  throw new ConfigError([faultAt('', [command], `found nothing to ${isServe ? 'serve' : 'ask'}`, accepted)]);
}
