import { quantile } from '../bench/measure.mjs';

const MIB = 1024 * 1024;
export const BODY_BYTES = 1024 * MIB;
export const STALL_MS = 3_000;
const READERS = { fast: 8, slow: 8 };
const FIRST_BYTES = 20;
const MAX_FIRST_BYTE_MS = 50;

/**
 * @typedef {object} Part
 * @property {string} about
 * @property {(string | number)[]} cells what, origin requests, seconds, MiB a second
 * @property {string[]} faults
 */

/** With a Content-Length over the limit nobody waits for anybody; the slow ones leave when the fast ones are done. */
export async function declared(ask, origin) {
  const readers = await ask('readAll', '/declared', READERS, ['slow']);
  const fast = readers.filter(({ kind }) => kind === 'fast');
  const faults = incomplete(fast);
  if (readers.some(({ intact }) => !intact)) faults.push('bytes differ');
  const wanted = READERS.fast + READERS.slow;
  if (origin.asked('/declared') !== wanted) faults.push(`not ${wanted} origin requests`);
  return partOf('with Content-Length', origin.asked('/declared'), readers, faults);
}

/** One response for all, at the pace of the slow ones; who stalls is cut off, and the rest have all of it. */
export async function chunked(ask, origin) {
  const readers = await ask('readAll', '/chunked', { ...READERS, stalling: 1 }, []);
  const stalling = readers.find(({ kind }) => kind === 'stalling');
  const others = readers.filter((reader) => reader !== stalling);
  const faults = incomplete(others);
  if (readers.some(({ intact }) => !intact)) faults.push('bytes differ');
  if (origin.asked('/chunked') !== 1) faults.push(`${origin.asked('/chunked')} origin requests`);
  if (stalling.error === null) faults.push('the stalling reader was not cut off');
  const gapMs = Math.max(...others.map(({ longestGapMs }) => longestGapMs));
  if (gapMs > STALL_MS * 2) faults.push(`the others waited ${Math.round(gapMs)} ms for the stalling one`);
  return partOf('chunked, one stalls', origin.asked('/chunked'), readers, faults);
}

/** To an origin that rests now and then. */
export async function uploaded(ask, origin) {
  const answer = await ask('upload', '/upload', BODY_BYTES);
  const faults =
    answer.bytes === BODY_BYTES && answer.intact ? [] : [`the origin got ${JSON.stringify(answer)}`];
  return partOf('POST', origin.asked('/upload'), [answer], faults);
}

function incomplete(readers) {
  return readers
    .filter(({ bytes, error }) => error !== null || bytes !== BODY_BYTES)
    .map(({ kind, bytes, error }) => `a ${kind} reader had ${bytes} bytes (${error})`);
}

/** @returns {Part} */
function partOf(about, asked, readers, faults) {
  const seconds = Math.max(...readers.map(({ tookMs }) => tookMs)) / 1000;
  const bytes = readers.reduce((sum, reader) => sum + reader.bytes, 0);
  return { about, cells: [about, asked, seconds.toFixed(1), Math.round(bytes / MIB / seconds)], faults };
}

/** How much later than the origin's first byte the client's comes. */
export async function firstByteLater(ask, origin) {
  const at = await ask('firstBytes', '/trickle', FIRST_BYTES);
  const later = at.map((time, i) => time - origin.firstByteAt[i]);
  const [median, most] = [quantile(later, 0.5), quantile(later, 1)];
  return {
    table: {
      title: 'First byte of a body after the origin’s',
      head: ['runs', 'median ms', 'latest ms'],
      rows: [[FIRST_BYTES, median.toFixed(2), most.toFixed(2)]],
    },
    faults: median < MAX_FIRST_BYTE_MS ? [] : [`the first byte came ${median.toFixed(1)} ms later`],
  };
}
