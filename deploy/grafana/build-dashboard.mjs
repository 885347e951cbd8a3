// @ts-check
// node deploy/grafana/build-dashboard.mjs writes dashboards/cachegate.json from source/; a test compares them.
import { writeFileSync } from 'node:fs';
import { dashboard } from './source/dashboard.mjs';

const file = new URL('dashboards/cachegate.json', import.meta.url);
writeFileSync(file, `${JSON.stringify(dashboard, null, 2)}\n`);
