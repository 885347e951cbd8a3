// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are written this way in configurations.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeReferences, expandText } from './environment.ts';

const env = { HOST: 'a.example', EMPTY: '', BRACE: '${HOST}' };

describe('expandText', () => {
  it.each([
    ['${HOST}', 'a.example'],
    ['https://${HOST}/x', 'https://a.example/x'],
    ['${HOST}${HOST}', 'a.examplea.example'],
    ['${HOST:-b}', 'a.example'],
    ['${NONE:-b}', 'b'],
    ['${EMPTY:-b}', 'b'],
    ['${NONE:-}', ''],
    ['${NONE:-a:-b}', 'a:-b'],
    ['${NONE:-two\nlines}', 'two\nlines'],
    ['$${HOST}', '${HOST}'],
    ['$$${HOST}', '$${HOST}'],
    ['$HOST } $', '$HOST } $'],
  ])('%j becomes %j', (text, expected) => {
    expect(expandText(text, env)).toMatchObject({ text: expected, malformed: false });
  });

  it('does not expand what a variable holds', () => {
    expect(expandText('${BRACE}', env).text).toBe('${HOST}');
  });

  it.each(['${', '${}', '${HOST', '${1A}', '${A-b}', '${A B}', '${A:-${HOST}}', 'x ${HOST} ${'])(
    'finds %j malformed',
    (text) => {
      expect(expandText(text, env).malformed).toBe(true);
    },
  );

  it.each([
    ['${NONE}', 'unset'],
    ['${EMPTY}', 'empty'],
    ['${HOST}', 'variable'],
    ['${NONE:-b}', 'fallback'],
    ['${toString}', 'unset'],
    ['${__proto__}', 'unset'],
  ])('says of %j: %s', (text, from) => {
    expect(expandText(text, env).references.map((reference) => reference.from)).toEqual([from]);
  });

  it.each([
    ['${HOST}', true],
    ['${NONE:-3}', true],
    [' ${HOST}', false],
    ['${HOST}${HOST}', false],
    ['$${HOST}', false],
  ])('whole of %j: %s', (text, whole) => {
    expect(expandText(text, env).whole).toBe(whole);
  });

  it('leaves text without ${ as it is', () => {
    const text = fc.string({ unit: 'grapheme' }).filter((each) => !each.includes('${'));
    fc.assert(
      fc.property(text, (each) => {
        expect(expandText(each, env)).toEqual({ text: each, references: [], whole: false, malformed: false });
      }),
    );
  });

  it('never throws, whatever the text and the environment are', () => {
    const pieces = fc.constantFrom(
      '$',
      '{',
      '}',
      ':',
      '-',
      '${',
      '$${',
      'A',
      'B',
      '_',
      ' ',
      '\n',
      '__proto__',
    );
    const text = fc.array(pieces, { maxLength: 30 }).map((parts) => parts.join(''));
    const environment = fc.dictionary(fc.constantFrom('A', 'B', '_', '__proto__'), fc.string());
    fc.assert(
      fc.property(text, environment, (each, some) => {
        expect(typeof expandText(each, some).text).toBe('string');
      }),
    );
  });

  it('gives back what escapeReferences escaped', () => {
    const text = fc.array(fc.constantFrom('$', '{', '}', 'A', '${', '${A}')).map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, (each) => {
        expect(expandText(escapeReferences(each), {}).text).toBe(each);
      }),
    );
  });
});
