import { Command } from 'commander';
import { ConfigError } from '../config/fault.ts';
import { print, printJson } from './print.ts';

const EXAMPLES = `
The environment is read as serve reads it: a variable that is needed and not set is a fault.

Examples:
  $ cachegate check cachegate.yaml
`;

export function checkCommand(): Command {
  return new Command('check')
    .description('check a configuration file without serving it')
    .argument('<file>', 'the configuration file')
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action(check);
}

async function check(file: string, { json }: { readonly json?: boolean }): Promise<void> {
  // Loaded here, so that other commands do not wait for it.
  const { loadConfig } = await import('../config/load-config.ts');
  try {
    const { services } = await loadConfig({ file, cwd: process.cwd(), env: process.env });
    const count = Object.keys(services).length;
    if (json) printJson({ file, ok: true, services: Object.keys(services) });
    else print(`${file}: ok (${count} ${count === 1 ? 'service' : 'services'})`);
  } catch (error) {
    if (json && error instanceof ConfigError) printJson({ file, ok: false, faults: error.faults });
    throw error;
  }
}
