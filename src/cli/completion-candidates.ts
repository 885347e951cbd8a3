import type { Argument, Command, Option } from 'commander';

export interface Candidate {
  readonly text: string;
  readonly description: string;
}

export interface Completion {
  readonly candidates: readonly Candidate[];
  /** Whether the name of a file may stand there. */
  readonly files: boolean;
}

/**
 * What may stand in the place of the last word.
 * @param words those behind the command's name, as far as the cursor; the last one may be empty
 */
export function completionOf(program: Command, words: readonly string[]): Completion {
  const last = words.at(-1) ?? '';
  const { command, valued, operands, isPlain } = placeAfter(program, words.slice(0, -1));
  if (valued !== null) return valuesOf(valued, last, '');
  const assigned = /^(--[^=]+)=(.*)$/s.exec(last);
  if (assigned !== null && !isPlain) {
    const option = optionsOf(command).find(({ long }) => long === assigned[1]);
    return option === undefined ? NOTHING : valuesOf(option, assigned[2]!, `${assigned[1]}=`);
  }
  if (last.startsWith('-') && !isPlain) {
    const options = optionsOf(command).filter(({ long, hidden }) => long !== undefined && !hidden);
    return chosen(
      options.map(({ long, description }) => ({ text: long!, description })),
      last,
    );
  }
  return operandsOf(command, operands, last);
}

const NOTHING: Completion = { candidates: [], files: false };

interface Place {
  readonly command: Command;
  /** The option that the next word is the value of. */
  readonly valued: Option | null;
  /** How many there are of the command. */
  readonly operands: number;
  /** Behind `--`, where nothing is an option. */
  readonly isPlain: boolean;
}

function placeAfter(program: Command, words: readonly string[]): Place {
  let [command, valued, operands, isPlain] = [program, null as Option | null, 0, false];
  for (const word of words) {
    if (valued !== null) valued = null;
    else if (isPlain) operands += 1;
    else if (word === '--') isPlain = true;
    else if (word.startsWith('-')) {
      const option = optionsOf(command).find(({ long, short }) => long === word || short === word);
      valued = option?.required || option?.optional ? option : null;
    } else {
      const next = operands === 0 ? visible(command).find((each) => each.name() === word) : undefined;
      if (next === undefined) operands += 1;
      else command = next;
    }
  }
  return { command, valued, operands, isPlain };
}

function optionsOf(command: Command): Option[] {
  return command.createHelp().visibleOptions(command) as Option[];
}

function visible(command: Command): Command[] {
  return command.createHelp().visibleCommands(command) as Command[];
}

function valuesOf(option: Option, typed: string, prefix: string): Completion {
  const choices = (option.argChoices ?? []).map((text) => ({ text: prefix + text, description: '' }));
  const { candidates } = chosen(choices, prefix + typed);
  return { candidates, files: /<file>/.test(option.flags) };
}

function operandsOf(command: Command, operands: number, typed: string): Completion {
  const commands = operands === 0 ? visible(command) : [];
  const known = command.registeredArguments;
  const argument: Argument | undefined =
    known[operands] ?? (known.at(-1)?.variadic ? known.at(-1) : undefined);
  const all = [
    ...commands.map((each) => ({ text: each.name(), description: each.description() })),
    ...(argument?.argChoices ?? []).map((text) => ({ text, description: '' })),
  ];
  return { ...chosen(all, typed), files: argument?.name() === 'file' };
}

function chosen(all: readonly Candidate[], typed: string): Completion {
  return { candidates: all.filter(({ text }) => text.startsWith(typed)), files: false };
}

/** The words of a line as a shell takes them, quotes and backslashes undone; the last is empty behind a space. */
export function wordsIn(line: string): string[] {
  const words: string[] = [];
  let [word, quote] = ['', ''];
  for (let at = 0; at < line.length; at += 1) {
    const character = line.charAt(at);
    if (character === '\\' && quote !== "'") word += line.charAt(++at);
    else if (quote !== '') {
      if (character === quote) quote = '';
      else word += character;
    } else if (character === '"' || character === "'") quote = character;
    else if (/\s/.test(character)) {
      words.push(word);
      word = '';
    } else word += character;
  }
  return [...words, word].filter((each, index, all) => each !== '' || index === all.length - 1);
}
