import { oneLine } from '../config/found.ts';

export interface Column {
  readonly heading: string;
  /** As figures are. */
  readonly right?: boolean;
}

const MAX_CELL = 60;

/** A text that came from elsewhere, as part of a line: nothing of it may move or hide what stands beside it. */
export function shown(text: string, maxLength = MAX_CELL): string {
  return oneLine(text, maxLength);
}

/** Lines with a heading, the columns two spaces apart. Cells are `shown`, or of ours. */
export function tableLines(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const cells = [columns.map(({ heading }) => heading), ...rows];
  const widths = columns.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  return cells.map((row) =>
    columns
      .map(({ right }, column) =>
        right ? row[column]!.padStart(widths[column]!) : row[column]!.padEnd(widths[column]!),
      )
      .join('  ')
      .trimEnd(),
  );
}

/** A line each of a name and what it is; left out where it is `null`. */
export function pairLines(pairs: readonly (readonly [string, string | null])[]): string[] {
  const there = pairs.filter((pair): pair is readonly [string, string] => pair[1] !== null);
  const width = Math.max(0, ...there.map(([name]) => name.length));
  return there.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
}
