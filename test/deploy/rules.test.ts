import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { DEPLOY, RULES_FILE, readRules } from '../support/dashboard.ts';

// The files of Prometheus, by promtool, and what goes along with each alert.

const FOLDER = join(DEPLOY, 'prometheus');
const RUNBOOK = 'docs/runbook.md';
const alerts = readRules().filter(({ alert }) => alert !== undefined);

function promtool(...args: string[]): { readonly ok: boolean; readonly output: string } {
  const program = process.env.PROMTOOL || 'promtool';
  const { error, status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (error)
    throw new Error(`${program}: ${error.message}. Install prometheus, or run the tests by npm test.`);
  return { ok: status === 0, output: stdout + stderr };
}

/** As a reader of Markdown makes the name of a heading's place. */
const placeOf = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');

describe('the configuration of Prometheus', () => {
  it('is found good by promtool, with the rules', () => {
    const folder = mkdtempSync(join(tmpdir(), 'cachegate-promtool-'));
    try {
      const token = join(folder, 'token');
      writeFileSync(token, 'token');
      copyFileSync(RULES_FILE, join(folder, 'rules.yml'));
      const config = readFileSync(join(FOLDER, 'prometheus.yml'), 'utf8');
      const asSecret = '/run/secrets/cachegate_admin_token';
      expect(config).toContain(asSecret);
      writeFileSync(join(folder, 'prometheus.yml'), config.replace(asSecret, token));
      const { ok, output } = promtool('check', 'config', join(folder, 'prometheus.yml'));
      expect(ok, output).toBe(true);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('each alert', () => {
  it('fires where it should, and not where it should not', () => {
    const { ok, output } = promtool('test', 'rules', join(FOLDER, 'rules.test.yml'));
    expect(ok, output).toBe(true);
  });

  it('is fired by a case, and kept silent by another', () => {
    interface Case {
      readonly alertname: string;
      readonly exp_alerts?: readonly object[];
    }
    const { tests } = parse(readFileSync(join(FOLDER, 'rules.test.yml'), 'utf8')) as {
      readonly tests: readonly { readonly alert_rule_test: readonly Case[] }[];
    };
    const cases = tests.flatMap(({ alert_rule_test }) => alert_rule_test);
    for (const { alert } of alerts) {
      const own = cases.filter(({ alertname }) => alertname === alert);
      expect(
        own.some(({ exp_alerts = [] }) => exp_alerts.length > 0),
        alert,
      ).toBe(true);
      expect(
        own.some(({ exp_alerts = [] }) => exp_alerts.length === 0),
        alert,
      ).toBe(true);
    }
  });

  it('has a severity, a text, and its section in the runbook', () => {
    const runbook = readFileSync(join(DEPLOY, '..', RUNBOOK), 'utf8');
    const headings = [...runbook.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading!);
    const places = headings.map(placeOf);
    expect(alerts.length).toBeGreaterThan(10);
    for (const { alert, labels, annotations } of alerts) {
      expect(['critical', 'warning', 'info'], alert).toContain(labels?.severity);
      expect(annotations?.summary, alert).toBeTruthy();
      expect(annotations?.description, alert).toBeTruthy();
      expect(annotations?.runbook_url, alert).toBe(`${RUNBOOK}#${placeOf(alert!)}`);
      expect(places, alert).toContain(placeOf(alert!));
    }
    const known = alerts.map(({ alert }) => alert);
    expect(headings.filter((heading) => /^Cachegate[A-Z]/.test(heading) && !known.includes(heading))).toEqual(
      [],
    );
  });

  it('has searches that find what the log says', () => {
    const runbook = readFileSync(join(DEPLOY, '..', RUNBOOK), 'utf8');
    const observe = join(DEPLOY, '..', 'src', 'observe');
    const sources = readdirSync(observe).filter((file) => /(?<!\.test)\.ts$/.test(file));
    const written = sources.map((file) => readFileSync(join(observe, file), 'utf8')).join('\n');
    const texts = ['Session cache error', 'cache check failed', 'Origin failed', 'aggregate_cache_stats'];
    const more = ['storeState', 'failedOperation', 'No copies of what the store holds are kept', 'Purge by'];
    for (const text of [
      ...texts,
      ...more,
      'The budget of the origin is used up for',
      ' validation for session',
    ]) {
      expect(runbook).toContain(text.trim());
      expect(written).toContain(text);
    }
  });

  it('is there for every bound that was asked for', () => {
    const exprOf = (name: string) => alerts.find(({ alert }) => alert === name)?.expr ?? '';
    expect(exprOf('CachegateStoreErrors')).toContain('> 0.05');
    expect(exprOf('CachegateSessionHitRateLow')).toContain('< 0.5');
    expect(exprOf('CachegateSessionValidationSlow')).toContain('> 2');
    expect(exprOf('CachegateHitRateLow')).toContain('< 0.5');
    expect(exprOf('CachegateCacheNearlyFull')).toContain('> 0.8');
    expect(exprOf('CachegateTtlShort')).toContain('< 6 * 3600');
  });
});
