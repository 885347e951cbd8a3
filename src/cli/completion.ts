import { Argument, Command } from 'commander';
import { completionOf, wordsIn } from './completion-candidates.ts';
import { COMPLETION_SCRIPTS } from './completion-scripts.ts';

const INSTALL = `
To install it:
  bash  echo 'source <(cachegate completion bash)' >> ~/.bashrc
  zsh   echo 'source <(cachegate completion zsh)' >> ~/.zshrc     (after compinit)
  fish  cachegate completion fish > ~/.config/fish/completions/cachegate.fish

Examples:
  $ source <(cachegate completion bash)
  $ cachegate completion zsh > "\${fpath[1]}/_cachegate"
`;

type Shell = keyof typeof COMPLETION_SCRIPTS;

export function completionCommand(): Command {
  return new Command('completion')
    .description('print what completes the command in a shell')
    .addArgument(new Argument('<shell>', 'the shell').choices(Object.keys(COMPLETION_SCRIPTS)))
    .addHelpText('after', INSTALL)
    .action((shell: Shell) => void process.stdout.write(COMPLETION_SCRIPTS[shell]));
}

/** What the scripts ask: `complete -- WORD…`, or with `--line` the line as it is typed. */
export function completeCommand(program: Command): Command {
  return new Command('complete')
    .argument('[words...]')
    .option('--line <line>')
    .action((words: readonly string[], { line }: { readonly line?: string }) => {
      const typed = line === undefined ? words : wordsIn(line.trimStart()).slice(1);
      const { candidates, files } = completionOf(program, typed);
      const lines = candidates.map(({ text, description }) => `${text}\t${description}`);
      process.stdout.write(`${[files ? 'files' : '-', ...lines].join('\n')}\n`);
    });
}
