import { Command } from 'commander';
import { loadConfig } from '../config/load-config.ts';

const EXAMPLES = `
The environment is read as serve reads it: a variable that is needed and not set is a fault.

Examples:
  $ cachegate check cachegate.yaml
`;

export function checkCommand(): Command {
  return new Command('check')
    .description('check a configuration file without serving it')
    .argument('<file>', 'the configuration file')
    .addHelpText('after', EXAMPLES)
    .action(check);
}

async function check(file: string): Promise<void> {
  const { services } = await loadConfig({ file, cwd: process.cwd(), env: process.env });
  const count = Object.keys(services).length;
  process.stdout.write(`${file}: ok (${count} ${count === 1 ? 'service' : 'services'})\n`);
}
