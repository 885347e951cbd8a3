// @ts-check
// All that is printed.

/**
 * @typedef {import('./pipeline.mjs').RunReport} RunReport
 * @typedef {import('cachegate/app').Stats} Stats
 */

const number = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
const percent = new Intl.NumberFormat('en', { style: 'percent', maximumFractionDigits: 1 });
const seconds = new Intl.NumberFormat('en', {
  style: 'unit',
  unit: 'second',
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
});
const PROGRESS_EVERY = 50;

/** @param {import('cachegate/app').WarmCounts} counts */
export function printProgress({ warmed_count: warmed, failed_count: failed, total_requested: total }) {
  const done = warmed + failed;
  if (done % PROGRESS_EVERY === 0) console.log(`  ${number.format(done)} of ${number.format(total)}`);
}

/** @param {RunReport} report */
export function printRun({ tookMs, counts, stats, best }) {
  const { warmed_count: warmed, failed_count: failed, duplicates } = counts;
  console.log(
    `  ${number.format(warmed)} enriched, ${number.format(failed)} failed, ` +
      `${number.format(duplicates)} named twice, in ${seconds.format(tookMs / 1000)}`,
  );
  if (stats.enabled) {
    for (const [service, of] of Object.entries(stats.per_service)) printService(service, of);
    console.log(`  In the cache: ${inCache(stats)}`);
  }
  if (best !== null) {
    console.log(`  The best: ${best.title} (${best.year}), ${best.score} of 100; ${best.themes.join(', ')}`);
  }
}

/** @param {string} service @param {import('cachegate/app').HitCounts} counts */
function printService(service, { total_hits: hits, total_misses: misses, hit_rate: rate }) {
  console.log(
    `  ${service.padEnd(8)} ${number.format(hits).padStart(5)} hits ${number.format(misses).padStart(5)} misses  ` +
      percent.format(rate),
  );
}

/** @param {Stats} stats */
function inCache({ total_entries: entries, cache_size_mb: size, average_ttl_remaining_hours: hours }) {
  if (entries === null) return 'unknown';
  const kept = hours === null ? '' : `, kept for ${number.format(hours)} more hours on average`;
  return `${number.format(entries)} entries, ${size === null ? '?' : number.format(size)} MiB${kept}`;
}

/** @param {string} title */
export function printTitle(title) {
  console.log(`\n${title}`);
}

/**
 * @typedef {object} Measured
 * @property {RunReport} report
 * @property {number} processMs from its start to its end
 * @property {{ jikan: number, anilist: number }} asked
 * @property {number} refused
 */

/** @param {readonly [Measured, Measured]} runs */
export function printComparison([first, second]) {
  const times = (/** @type {number} */ a, /** @type {number} */ b) => `${number.format(a / b)} times as fast`;
  const { stats } = second.report;
  printTitle('Both');
  console.log(
    `  The work:    ${shown(first.report.tookMs)}, then ${shown(second.report.tookMs)}: ` +
      times(first.report.tookMs, second.report.tookMs),
  );
  console.log(
    `  The process: ${shown(first.processMs)}, then ${shown(second.processMs)}: ` +
      times(first.processMs, second.processMs),
  );
  if (stats.enabled) console.log(`  Hit rate of the second run: ${percent.format(stats.hit_rate)}`);
  console.log(`  Jikan was asked:   ${askedOf(first, second, 'jikan')}`);
  console.log(`  AniList was asked: ${askedOf(first, second, 'anilist')}`);
  console.log(`  Refused by them:   ${number.format(first.refused + second.refused)}`);
}

/** @param {number} ms */
function shown(ms) {
  return seconds.format(ms / 1000);
}

/** @param {Measured} first @param {Measured} second @param {'jikan' | 'anilist'} origin */
function askedOf(first, second, origin) {
  return `${number.format(first.asked[origin])} times, then ${number.format(second.asked[origin])}`;
}
