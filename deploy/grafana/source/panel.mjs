// @ts-check

/** What the template variables leave of a metric's series. */
export const HERE = 'job=~"$job",instance=~"$instance"';
/** The same of what is told by service. */
export const OF_SERVICE = `${HERE},service=~"$service"`;

/** @param {string} metric @param {string} [labels] a rate of each series, a second */
export const rate = (metric, labels = HERE) => `rate(${metric}{${labels}}[$__rate_interval])`;

/**
 * A quantile of a histogram.
 *
 * @param {number} part
 * @param {string} metric
 * @param {{ by?: string, labels?: string }} [options]
 */
export function quantile(part, metric, { by, labels = HERE } = {}) {
  const kept = by === undefined ? 'le' : `le, ${by}`;
  return `histogram_quantile(${part}, sum by (${kept}) (${rate(`${metric}_bucket`, labels)}))`;
}

/** @typedef {readonly [expr: string, legend: string]} Query */
/** @typedef {readonly [color: string, from: number | null]} Step `null`: whatever is below the next one */
/**
 * @typedef {object} Given
 * @property {string} title
 * @property {string} description
 * @property {string} unit one of Grafana's
 * @property {readonly Query[]} queries
 * @property {number} [width] of 24
 * @property {readonly Step[]} [steps]
 * @property {number} [max]
 * @property {number} [decimals]
 * @property {readonly object[]} [mappings]
 * @property {readonly object[]} [overrides]
 */

const DATASOURCE = { type: 'prometheus', uid: '$datasource' };
const NO_STEPS = /** @type {const} */ ([['green', null]]);

/** @param {Given} given @param {object} custom how a field is drawn */
function common({ title, description, unit, queries, width = 8, ...rest }, custom = {}) {
  const { steps = NO_STEPS, max, decimals, mappings = [], overrides = [] } = rest;
  return {
    title,
    description,
    datasource: DATASOURCE,
    targets: queries.map(([expr, legendFormat], place) => ({
      ...{ datasource: DATASOURCE, editorMode: 'code', expr, legendFormat },
      ...{ range: true, refId: String.fromCharCode(65 + place) },
    })),
    fieldConfig: {
      defaults: {
        unit,
        min: 0,
        ...(max !== undefined && { max }),
        ...(decimals !== undefined && { decimals }),
        noValue: '–',
        mappings,
        thresholds: { mode: 'absolute', steps: steps.map(([color, value]) => ({ color, value })) },
        ...custom,
      },
      overrides,
    },
    width,
  };
}

/** Lines over time. Its steps are drawn as dashed lines. @param {Given & { stack?: boolean, log?: boolean }} given */
export function timeseries({ stack = false, log = false, ...given }) {
  const custom = {
    drawStyle: 'line',
    lineInterpolation: 'linear',
    lineWidth: stack ? 0 : 1,
    fillOpacity: stack ? 60 : 8,
    showPoints: 'never',
    spanNulls: false,
    scaleDistribution: log ? { type: 'log', log: 10 } : { type: 'linear' },
    stacking: { mode: stack ? 'normal' : 'none', group: 'A' },
    thresholdsStyle: { mode: given.steps === undefined ? 'off' : 'dashed' },
  };
  return {
    type: 'timeseries',
    height: 8,
    ...common(given, { color: { mode: 'palette-classic' }, custom }),
    options: {
      legend: { calcs: ['lastNotNull', 'max'], displayMode: 'table', placement: 'bottom', showLegend: true },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
  };
}

/** The last value, in the color of its step, over its course. @param {Given} given */
export function stat(given) {
  return {
    type: 'stat',
    height: 4,
    ...common({ width: 3, ...given }, { color: { mode: 'thresholds' } }),
    options: {
      ...{ colorMode: 'value', graphMode: 'area', justifyMode: 'auto', textMode: 'auto', wideLayout: true },
      ...{ orientation: 'auto', percentChangeColorMode: 'standard', showPercentChange: false },
      reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
    },
  };
}

/** States over time. @param {Given} given */
export function timeline(given) {
  const custom = { fillOpacity: 70, lineWidth: 0 };
  return {
    type: 'state-timeline',
    height: 8,
    ...common(given, { color: { mode: 'thresholds' }, custom }),
    options: {
      ...{ alignValue: 'left', mergeValues: true, rowHeight: 0.8, showValue: 'auto' },
      legend: { calcs: [], displayMode: 'list', placement: 'bottom', showLegend: false },
      tooltip: { mode: 'single', sort: 'none' },
    },
  };
}

/** A unit of its own for the series of one query, on the right. @param {string} refId @param {string} unit */
export const onTheRight = (refId, unit) => ({
  matcher: { id: 'byFrameRefID', options: refId },
  properties: [
    { id: 'unit', value: unit },
    { id: 'custom.axisPlacement', value: 'right' },
  ],
});

/** @param {Readonly<Record<string, readonly [text: string, color: string]>>} texts of values */
export const textsOf = (texts) => [
  {
    type: 'value',
    options: Object.fromEntries(
      Object.entries(texts).map(([value, [text, color]], index) => [value, { text, color, index }]),
    ),
  },
];
