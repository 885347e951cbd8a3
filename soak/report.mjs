/**
 * @typedef {object} Table tables of one title are one table
 * @property {string} title
 * @property {string[]} head
 * @property {(string | number)[][]} rows
 */

/**
 * @param {Record<string, string>} machine
 * @param {Table[]} tables
 * @returns {string} Markdown, as docs/performance.md has it
 */
export function render({ processor, system, node, store }, tables) {
  const byTitle = new Map();
  for (const table of tables) {
    const known = byTitle.get(table.title);
    if (known === undefined) byTitle.set(table.title, { ...table, rows: [...table.rows] });
    else known.rows.push(...table.rows);
  }
  return [
    `${processor}; ${system}; Node ${node}; Valkey ${store}.`,
    ...[...byTitle.values()].map(markdown),
  ].join('\n\n');
}

function markdown({ title, head, rows }) {
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return `### ${title}\n\n${lines.join('\n')}`;
}
