import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

export const DEPLOY = join(import.meta.dirname, '..', '..', 'deploy');

export interface DashboardPanel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly h: number; readonly w: number; readonly x: number; readonly y: number };
  readonly targets?: readonly { readonly expr: string; readonly refId: string }[];
  readonly options?: object;
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string; readonly custom?: object } };
}

export interface DashboardVariable {
  readonly name: string;
  readonly type: string;
  readonly query: string | { readonly query: string };
}

/** What is in the file that Grafana is given. */
export interface DashboardFile {
  readonly uid: string;
  readonly panels: readonly DashboardPanel[];
  readonly templating: { readonly list: readonly DashboardVariable[] };
}

export const DASHBOARD_FILE = join(DEPLOY, 'grafana', 'dashboards', 'cachegate.json');

export function readDashboard(): DashboardFile {
  return JSON.parse(readFileSync(DASHBOARD_FILE, 'utf8')) as DashboardFile;
}

/** Every query of every panel, with its place for messages. */
export function queriesOf({ panels }: DashboardFile): { readonly place: string; readonly expr: string }[] {
  return panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ refId, expr }) => ({ place: `${title} ${refId}`, expr })),
  );
}

/** As Grafana fills in what a query leaves open. */
export function filledIn(expr: string, values: Readonly<Record<string, string>>): string {
  return Object.entries(values).reduce((text, [name, value]) => text.replaceAll(`$${name}`, value), expr);
}

export interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export const RULES_FILE = join(DEPLOY, 'prometheus', 'rules.yml');

export function readRules(): readonly Rule[] {
  const { groups } = parse(readFileSync(RULES_FILE, 'utf8')) as {
    readonly groups: readonly { readonly rules: readonly Rule[] }[];
  };
  return groups.flatMap(({ rules }) => rules);
}

/** The names of the metrics, not of recorded rules, that an expression reads. */
export function metricsIn(expr: string): string[] {
  return expr.match(/(?<![\w:])(?:cachegate|nodejs|process)_\w+/g) ?? [];
}
