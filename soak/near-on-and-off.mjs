/**
 * What a case finds with copies in the process and without them.
 *
 * @param {string} title
 * @param {string[]} head
 * @param {(nearCache: string) => Promise<{ rows: unknown[][], faults: string[] }>} runOnce
 */
export async function withNearOnAndOff(title, head, runOnce) {
  const rows = [];
  const faults = [];
  for (const nearCache of ['on', 'off']) {
    const result = await runOnce(nearCache);
    rows.push(...result.rows);
    faults.push(...result.faults.map((fault) => `near cache ${nearCache}: ${fault}`));
  }
  return { tables: [{ title, head, rows }], faults };
}
