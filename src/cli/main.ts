#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { checkCommand } from './check.ts';
import { EXIT_CODES, type ExitCode } from './exit-code.ts';
import { reportError } from './report-error.ts';
import { serveCommand } from './serve.ts';
import { sessionsCommand } from './sessions.ts';

const EXITS = `
Exit codes:
  0  ended well
  1  failed while running, such as an address in use; or ended by a second signal
  2  bad configuration or usage

Examples:
  $ cachegate serve --origin https://api.example.com
  $ cachegate check cachegate.yaml
  $ cachegate sessions list --user ann
`;

function createProgram(): Command {
  const program = new Command('cachegate')
    .description('A session-checking gate and an RFC 9111 HTTP cache for slow, metered APIs.')
    .version(version())
    .addHelpText('after', EXITS);
  for (const command of [serveCommand(), checkCommand(), sessionsCommand()]) program.addCommand(command);
  for (const command of withSubcommands(program)) {
    command.exitOverride().configureOutput({ outputError: (text, write) => write(usageLine(text)) });
  }
  return program;
}

function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}

function version(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

/** Commander's message, which can have a suggestion on a second line, as one line of ours. */
function usageLine(text: string): string {
  return `cachegate: ${text
    .replace(/^error: /, '')
    .trim()
    .replaceAll('\n', ' ')}\n`;
}

async function run(argv: readonly string[]): Promise<ExitCode> {
  try {
    await createProgram().parseAsync(argv);
    return EXIT_CODES.ok;
  } catch (error) {
    // Commander has written its own message, or the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_CODES.ok : EXIT_CODES.invalid;
    return reportError(error, (line) => process.stderr.write(line));
  }
}

process.exitCode = await run(process.argv);
