import { LineCounter, parseDocument, type YAMLError } from 'yaml';
import { type Fault, faultAt } from './fault.ts';
import { oneLine, quote } from './found.ts';

export type Parsed = { readonly value: unknown } | { readonly faults: readonly Fault[] };

const MAX_MESSAGE = 160;

/**
 * Reads YAML 1.2, of which JSON is a part. Faults have the line and the column.
 * @param label what faults call the file.
 */
export function parseYaml(text: string, label: string): Parsed {
  const lineCounter = new LineCounter();
  // Pretty errors quote the source's lines, and those may hold secrets.
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  const problems = [...document.errors, ...document.warnings];
  if (problems.length > 0) {
    return { faults: problems.map((problem) => syntaxFault(problem, text, label, lineCounter)) };
  }
  try {
    return { value: document.toJS() };
  } catch (error) {
    return {
      faults: [faultAt(label, [], oneLine((error as Error).message, MAX_MESSAGE), 'YAML 1.2 or JSON')],
    };
  }
}

function syntaxFault(problem: YAMLError, text: string, label: string, lines: LineCounter): Fault {
  const [start] = problem.pos;
  const { line, col } = lines.linePos(start);
  const place = `${label}:${line}:${col}`;
  if (problem.code === 'DUPLICATE_KEY') {
    const key = /^(["']?)(.*?)\1\s*:/.exec(text.slice(start, start + MAX_MESSAGE))?.[2] ?? '';
    return faultAt(place, [], `found the key ${quote(key)} again`, 'each key once in a mapping');
  }
  return faultAt(place, [], oneLine(problem.message, MAX_MESSAGE), 'YAML 1.2 or JSON');
}
