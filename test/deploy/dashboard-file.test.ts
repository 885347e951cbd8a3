import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { dashboard } from '../../deploy/grafana/source/dashboard.mjs';
import { type DashboardPanel, queriesOf, readDashboard } from '../support/dashboard.ts';

// The file that Grafana is given: made of its source, laid out without overlaps, and of Grafana's own types.

const PROJECT = join(import.meta.dirname, '..', '..');
const SCHEMA = join(PROJECT, 'node_modules', '@grafana', 'schema', 'dist', 'types');

it('is what its source makes', () => {
  // If not: node deploy/grafana/build-dashboard.mjs
  expect(readDashboard()).toEqual(JSON.parse(JSON.stringify(dashboard)));
});

it('says of each panel what it shows, in which unit', () => {
  for (const panel of readDashboard().panels) {
    if (panel.type === 'row') continue;
    expect(panel.description, panel.title).toMatch(/\.$/);
    expect(panel.fieldConfig?.defaults.unit, panel.title).toBeTruthy();
    expect(panel.targets?.length, panel.title).toBeGreaterThan(0);
  }
});

it('has a place of its own for each panel', () => {
  const { panels } = readDashboard();
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const taken = new Set<string>();
  for (const { title, gridPos } of panels) {
    expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
    for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        expect(taken.has(`${x} ${y}`), title).toBe(false);
        taken.add(`${x} ${y}`);
      }
    }
  }
});

it('keeps to the installation and the instances that are chosen', () => {
  for (const { place, expr } of queriesOf(readDashboard())) {
    const selectors = [...expr.matchAll(/\b(?:cachegate|nodejs|process)_\w+|\bup\b/g)].length;
    const chosen = expr.match(/\{job=~"\$job",instance=~"\$instance"[^}]*\}/g)?.length ?? 0;
    expect(chosen, place).toBe(selectors);
  }
});

it("is of Grafana's types, options and queries of each panel included", { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'cachegate-dashboard-'));
  try {
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    writeFileSync(join(folder, 'dashboard.ts'), typedDashboard());
    const { stdout, stderr } = checkTypes(join(folder, 'dashboard.ts'));
    expect(stdout + stderr).toBe('');
    // The check itself: a name and a word that Grafana does not know.
    const faulty = typedDashboard()
      .replace('"graphTooltip"', '"graphTooltips"')
      .replace('"lastNotNull"', '7');
    writeFileSync(join(folder, 'faulty.ts'), faulty.replaceAll('"dashed"', '"dotted"'));
    const faults = checkTypes(join(folder, 'faulty.ts')).stdout;
    for (const word of ['graphTooltips', 'dotted', 'number']) expect(faults).toContain(word);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

function checkTypes(file: string) {
  const tsc = join(PROJECT, 'node_modules', 'typescript', 'bin', 'tsc');
  const options = ['--ignoreConfig', '--noEmit', '--strict', '--skipLibCheck', '--pretty', 'false'];
  const modern = [
    '--target',
    'es2023',
    '--module',
    'nodenext',
    '--moduleResolution',
    'nodenext',
    '--types',
    '',
  ];
  return spawnSync(process.execPath, [tsc, ...options, ...modern, file], { encoding: 'utf8' });
}

/** The dashboard as TypeScript, each part against the type that Grafana has for it. */
function typedDashboard(): string {
  const { panels, ...rest } = readDashboard();
  return `${TYPES}
export const dashboard: Loose<Dashboard> = ${JSON.stringify({ ...rest, panels: [] }, null, 1)};
${panels.map(typedPanel).join('\n')}`;
}

function typedPanel(panel: DashboardPanel): string {
  const { id, type, options, targets, fieldConfig, ...rest } = panel;
  const text = (value: unknown) => JSON.stringify(value, null, 1);
  if (type === 'row') return `export const row${id}: Loose<RowPanel> = ${text(panel)};`;
  const { custom, ...defaults } = fieldConfig!.defaults;
  const name = type.replaceAll('-', '_');
  return `
export const panel${id}: Loose<Panel> = ${text({ id, type, ...rest, fieldConfig: { ...fieldConfig, defaults } })};
export const options${id}: Loose<${name}.Options> = ${text(options)};
export const targets${id}: Loose<PrometheusQuery>[] = ${text(targets)};
${custom === undefined ? '' : `export const custom${id}: Loose<${name}.FieldConfig> = ${text(custom)};`}`;
}

// JSON has the words of Grafana's enumerations, and not their names. The query's type is that of its Prometheus data source,
// which the schema does not have.
const TYPES = `
import type { Dashboard, DataSourceRef, Panel, RowPanel } from '${SCHEMA}/raw/dashboard/x/types.gen.d.ts';
import type * as stat from '${SCHEMA}/raw/composable/stat/panelcfg/x/types.gen.d.ts';
import type * as state_timeline from '${SCHEMA}/raw/composable/statetimeline/panelcfg/x/types.gen.d.ts';
import type * as timeseries from '${SCHEMA}/raw/composable/timeseries/panelcfg/x/types.gen.d.ts';

type Loose<T> = T extends string ? \`\${T}\` : T extends object ? { [K in keyof T]: Loose<T[K]> } : T;
interface PrometheusQuery {
  datasource: DataSourceRef;
  editorMode: 'code' | 'builder';
  expr: string;
  legendFormat: string;
  range: boolean;
  refId: string;
}
`;
