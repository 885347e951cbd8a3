import { Command, Option } from 'commander';
import { describe, expect, it } from 'vitest';
import { completionOf, wordsIn } from './completion-candidates.ts';
import { serveCommand } from './serve.ts';

const program = new Command('it')
  .addCommand(new Command('check').argument('<file>').description('check it'))
  .addCommand(
    new Command('warm')
      .argument('[url...]')
      .option('--file <file>', 'from a file')
      .option('--json', 'print JSON')
      .addOption(new Option('--method <method>').choices(['GET', 'HEAD']))
      .addCommand(new Command('status').argument('[id]').option('--follow', 'to the end'))
      .addCommand(new Command('cancel')),
  )
  .addCommand(new Command('secret'), { hidden: true });

const texts = (...words: string[]) => completionOf(program, words).candidates.map(({ text }) => text);
const files = (...words: string[]) => completionOf(program, words).files;

describe('completion', () => {
  it('has commands, and options of the command', () => {
    expect(texts('')).toEqual(['check', 'warm', 'help']);
    expect(texts('w')).toEqual(['warm']);
    expect(texts('warm', '')).toEqual(['status', 'cancel', 'help']);
    expect(texts('warm', '--json', 's')).toEqual(['status']);
    expect(texts('warm', '--')).toEqual(['--file', '--json', '--method', '--help']);
    expect(texts('warm', 'status', '--f')).toEqual(['--follow']);
    expect(completionOf(program, ['ch']).candidates).toEqual([{ text: 'check', description: 'check it' }]);
  });

  it('has the values of options, and files where they belong', () => {
    expect(texts('warm', '--method', '')).toEqual(['GET', 'HEAD']);
    expect(texts('warm', '--method=H')).toEqual(['--method=HEAD']);
    expect(texts('warm', '--file', 's')).toEqual([]);
    expect([files('warm', '--file', 's'), files('warm', '--file=s'), files('check', '')]).toEqual([
      true,
      true,
      true,
    ]);
    expect([files('warm', ''), files('warm', '--method', ''), files('')]).toEqual([false, false, false]);
  });

  it('has the modes of a server', () => {
    const { candidates } = completionOf(new Command('it').addCommand(serveCommand()), [
      'serve',
      '--mode',
      '',
    ]);
    expect(candidates.map(({ text }) => text)).toEqual(['safe', 'rfc']);
  });

  it('has no commands behind an operand, and no options behind --', () => {
    expect(texts('warm', '/a', 's')).toEqual([]);
    expect(texts('warm', '--file', 'f', 's')).toEqual(['status']);
    expect(texts('warm', '--', '--')).toEqual([]);
    expect(texts('warm', '--unknown=')).toEqual([]);
  });
});

it.each([
  ['it warm ', ['it', 'warm', '']],
  ['it  warm', ['it', 'warm']],
  [`it 'a b'"c d" e\\ f`, ['it', 'a bc d', 'e f']],
  [`it "a \\" $(x)`, ['it', 'a " $(x)']],
  ['', ['']],
])('the words of %j', (line, words) => expect(wordsIn(line)).toEqual(words));
