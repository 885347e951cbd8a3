import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatFault } from './fault.ts';
import { parseYaml } from './parse-yaml.ts';

function linesOf(text: string): string[] {
  const parsed = parseYaml(text, 'f.yaml');
  return 'faults' in parsed ? parsed.faults.map(formatFault) : [];
}

describe('parseYaml', () => {
  it('reads YAML 1.2, where off and on are text', () => {
    expect(parseYaml('a: off\nb: 0x10\n404: 60\n', 'f.yaml')).toEqual({
      value: { a: 'off', b: 16, 404: 60 },
    });
  });

  it('reads every JSON document as JSON.parse does', () => {
    const mapping = fc.dictionary(
      fc.string({ minLength: 1 }).filter((key) => key !== '__proto__'),
      fc.jsonValue(),
    );
    fc.assert(
      fc.property(mapping, fc.constantFrom(undefined, 2, '\t'), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(parseYaml(text, 'f.json')).toEqual({ value: JSON.parse(text) });
      }),
    );
  });

  it.each([
    ['a: 1\nb: [\n', 'f.yaml:3:1: Flow sequence in block collection must be sufficiently indented'],
    [
      'a: b: c\n',
      'f.yaml:1:4: Nested mappings are not allowed in compact mappings; accepted: YAML 1.2 or JSON',
    ],
    ['a: !env X\n', 'f.yaml:1:4: Unresolved tag: !env; accepted: YAML 1.2 or JSON'],
    ['a: 1\n"a": 2\n', 'f.yaml:2:1: found the key "a" again; accepted: each key once in a mapping'],
    [
      'a: *x\n',
      'f.yaml: Unresolved alias (the anchor must be set before the alias): x; accepted: YAML 1.2 or JSON',
    ],
  ])('of %j says %s', (text, line) => {
    expect(linesOf(text)[0]).toContain(line);
  });

  it('quotes none of the text around a fault', () => {
    expect(linesOf('hash_key: hunter2hunter2hunter2: x\n').join()).not.toContain('hunter2');
  });
});
