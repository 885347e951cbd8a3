import type { Environment } from '../config/environment.ts';
import { environmentSettings, withKvService } from '../config/environment-settings.ts';
import { ConfigError } from '../config/fault.ts';
import { kvServiceFaults } from '../config/kv-service.ts';

/**
 * The address of the store that the environment names, as a server's would be; where it names none, of this process's memory.
 * @throws ConfigError (`ERR_CONFIG_INVALID`) for a KV service of which something is missing
 */
export function storeOfEnvironment(env: Environment, cwd: string): string {
  const settings = withKvService(environmentSettings({}, env, cwd), {}, env);
  const named = settings.findLast(({ path }) => path[0] === 'store')?.value as string | undefined;
  const faults = kvServiceFaults(named, env);
  if (faults.length > 0) throw new ConfigError(faults);
  return named ?? 'memory:';
}
