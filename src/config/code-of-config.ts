import { isCode } from './config-file.ts';
import { ConfigError } from './fault.ts';
import { type LoadOptions, loadConfig } from './load-config.ts';
import { readNamedFiles, withNamedFiles } from './named-files.ts';
import type { Config } from './schema.ts';

/** A configuration as plain data, which can be sent to another process: without what only code can give. */
export function withoutCode(config: Config, file: string | undefined): Config {
  // In code the options may hold anything.
  const inCode = file !== undefined && isCode(file);
  return mapTransforms(config, (transform) =>
    transform === undefined || inCode ? undefined : { ...transform, request: undefined, response: undefined },
  );
}

/**
 * Puts back what `withoutCode` left out, by loading the code anew; all else stays as it was sent, whatever the file says
 * by now.
 * @param source what the configuration was loaded from
 * @throws ConfigError when the code can't be loaded any more.
 */
export async function withCode(config: Config, source: LoadOptions): Promise<Config> {
  const { file, cwd } = source;
  if (file !== undefined && isCode(file)) {
    const { services } = await loadConfig(source);
    return mapTransforms(config, (_, name) => services[name]?.transform);
  }
  // Its files are named absolutely by now.
  const files = await readNamedFiles(config, cwd);
  if (files.faults.length > 0) throw new ConfigError(files.faults);
  return withNamedFiles(config, files, cwd);
}

type TransformConfig = Config['services'][string]['transform'];

function mapTransforms(
  config: Config,
  change: (transform: TransformConfig, service: string) => TransformConfig,
): Config {
  const services = Object.entries(config.services).map(([name, service]) => {
    const transform = change(service.transform, name);
    return [name, transform === service.transform ? service : { ...service, transform }];
  });
  return { ...config, services: Object.fromEntries(services) };
}
