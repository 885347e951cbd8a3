#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { VERSION } from '../version.ts';
import { buildCommand } from './build.ts';
import { checkCommand } from './check.ts';
import { completeCommand, completionCommand } from './completion.ts';
import { EXIT_CODES, type ExitCode } from './exit-code.ts';
import { explainCommand } from './explain.ts';
import { purgeCommand } from './purge.ts';
import { reportError } from './report-error.ts';
import { serveCommand } from './serve.ts';
import { sessionsCommand } from './sessions.ts';
import { statsCommand } from './stats.ts';
import { topCommand } from './top.ts';
import { warmCommand } from './warm.ts';

const EXITS = `
Exit codes:
  0  ended well
  1  failed while running, such as an address in use or no answer; or ended by a second signal
  2  bad configuration or usage
  3  warm: not all is warmed; some failed, or it was cancelled or left running

Examples:
  $ cachegate serve --origin https://api.example.com
  $ cachegate check cachegate.yaml
  $ cachegate build --config cachegate.yaml --out gate.config.mjs
  $ cachegate stats --admin http://127.0.0.1:9180
  $ cachegate top
  $ cachegate explain /api/anime/1
  $ cachegate purge --tag anime
  $ cachegate warm --file ids.txt
  $ cachegate sessions list --user ann
`;

function createProgram(): Command {
  const program = new Command('cachegate')
    .description('A session-checking gate and an RFC 9111 HTTP cache for slow, metered APIs.')
    .version(VERSION)
    // An option belongs to the command that it stands behind, also where that one has commands of its own.
    .enablePositionalOptions()
    .addHelpText('after', EXITS);
  const serving = [serveCommand(), checkCommand(), buildCommand()];
  const asking = [statsCommand(), topCommand(), explainCommand(), purgeCommand(), warmCommand()];
  for (const command of [...serving, ...asking, sessionsCommand(), completionCommand()]) {
    program.addCommand(command);
  }
  program.addCommand(completeCommand(program), { hidden: true });
  for (const command of withSubcommands(program)) {
    command.exitOverride().configureOutput({ outputError: (text, write) => write(usageLine(text)) });
  }
  return program;
}

function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
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

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // Who read it, such as `head`, has what it wanted.
  if (error.code === 'EPIPE') process.exit(EXIT_CODES.ok);
  process.stderr.write(`cachegate: standard output can not be written: ${error.code ?? error.message}\n`);
  process.exit(EXIT_CODES.failure);
});
// Nobody is left who could be told; the exit code still says how it ended.
process.stderr.on('error', () => {});
process.exitCode = await run(process.argv);
