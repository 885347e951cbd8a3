import type { Command } from 'commander';
import { expect, it } from 'vitest';
import { buildCommand } from './build.ts';
import { checkCommand } from './check.ts';
import { completionCommand } from './completion.ts';
import { explainCommand } from './explain.ts';
import { purgeCommand } from './purge.ts';
import { serveCommand } from './serve.ts';
import { sessionsCommand } from './sessions.ts';
import { statsCommand } from './stats.ts';
import { topCommand } from './top.ts';
import { warmCommand } from './warm.ts';

const commands = [
  ...[serveCommand(), checkCommand(), buildCommand(), statsCommand(), topCommand(), explainCommand()],
  ...[purgeCommand(), warmCommand(), sessionsCommand(), completionCommand()],
];
const all = commands.flatMap((command) => [
  [command.name(), command] as const,
  ...command.commands.map((each) => [`${command.name()} ${each.name()}`, each] as const),
]);

it.each(all)('the help of %s has examples', (name, command: Command) => {
  let help = '';
  command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
  expect(help).toMatch(new RegExp(`\\nExamples:\\n(?:.*\\n)*? +\\$ .*cachegate ${name}\\b`));
});

it.each(all.filter(([, { commands }]) => commands.length === 0))(
  '%s has --json',
  (name, command: Command) => {
    const isText = ['serve', 'completion'].includes(name);
    expect(command.options.some(({ long }) => long === '--json')).toBe(!isText);
  },
);
