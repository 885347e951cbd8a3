// @ts-check
import { cache } from './cache.mjs';
import { origins } from './origins.mjs';
import { overview } from './overview.mjs';
import { processes } from './processes.mjs';
import { sessions } from './sessions.mjs';
import { store } from './store.mjs';

const ROWS = [overview, cache, origins, sessions, store, processes];

/** The dashboard as Grafana takes it. */
export const dashboard = {
  uid: 'cachegate',
  title: 'cachegate',
  description: 'Cache, gate, sessions, origins and store. Each alert has a section in docs/runbook.md.',
  tags: ['cachegate'],
  schemaVersion: 42,
  version: 1,
  editable: true,
  graphTooltip: 1,
  refresh: '30s',
  time: { from: 'now-6h', to: 'now' },
  timezone: 'browser',
  links: [],
  annotations: { list: [] },
  templating: { list: variables() },
  panels: placed(),
};

function variables() {
  return [
    { name: 'datasource', label: 'Prometheus', type: 'datasource', query: 'prometheus', refresh: 1 },
    listed('job', 'Installation', 'label_values(cachegate_build_info, job)'),
    listed('instance', 'Instance', 'label_values(cachegate_build_info{job=~"$job"}, instance)'),
    listed('service', 'Service', 'label_values(cachegate_requests_total{job=~"$job"}, service)'),
  ];
}

/** @param {string} name @param {string} label @param {string} query */
function listed(name, label, query) {
  return {
    ...{ name, label, type: 'query' },
    datasource: { type: 'prometheus', uid: '$datasource' },
    query: { query, refId: name },
    ...{ multi: true, includeAll: true, allValue: '.*', refresh: 2, sort: 1 },
    current: { text: ['All'], value: ['$__all'] },
  };
}

/** Panels side by side below the title of their row, as many as fit into 24 columns. */
function placed() {
  const all = [];
  let id = 1;
  let top = 0;
  for (const row of ROWS) {
    const gridPos = { h: 1, w: 24, x: 0, y: top };
    all.push({ id: id++, type: 'row', title: row.title, collapsed: false, gridPos, panels: [] });
    top += 1;
    let left = 0;
    let tallest = 0;
    for (const { width, height, ...panel } of row.panels) {
      if (left + width > 24) {
        top += tallest;
        left = tallest = 0;
      }
      all.push({ id: id++, ...panel, gridPos: { h: height, w: width, x: left, y: top } });
      left += width;
      tallest = Math.max(tallest, height);
    }
    top += tallest;
  }
  return all;
}
