import { browserCases, cases, suiteVersion } from './cases.mjs';
import { countCases } from './count.mjs';
import { exceptionsIn } from './exceptions.mjs';
import { browsers, newerList, sameList } from './published.mjs';

const WIDTH = 120;
const HEAD = ['cache', 'required', 'with dependencies', 'optimal', 'with dependencies'];
const STORES = { memory: 'in memory', valkey: 'on Valkey' };
const CLIENTS = { shared: 'cachegate’s fetch, shared', interceptor: 'cachegate’s undici interceptor' };

/**
 * `docs/conformance.md`.
 *
 * @param {{ runs: readonly import('./report.mjs').Run[], direct: import('./count.mjs').Results,
 *   exceptions: import('./exceptions.mjs').Exceptions }} outcome
 */
export function createDocument({ runs, direct, exceptions }) {
  const [required, optimal] = ['required', 'optimal'].map((kind) => totalOf(cases, kind));
  const [ofBrowsers, optimalOfBrowsers] = ['required', 'optimal'].map((kind) => totalOf(browserCases, kind));
  const shared = runs.filter(({ cache }) => cache !== 'private');
  const own = runs.filter(({ cache }) => cache === 'private');
  return `# Conformance

<!-- Written by \`npm run conformance -- --write-docs\`; a run fails while this file says anything else. -->

\`npm run conformance\` runs [http-cache-tests](https://github.com/http-tests/cache-tests) ${suiteVersion} against
\`cachegate serve\`, in memory and on Valkey, in both modes; against the [cached fetch](fetch.md) of a client, shared in both
modes and private, where the modes are one; and against a client's undici, led through [the interceptor](undici.md), shared
in both modes. A case is _required_ by the standard, _optimal_ (what a good cache does and the standard allows), or a
_check_, which has no right answer and is printed only. The run fails on every required or optimal case that fails without
an [exception](#exceptions), and on every exception whose case passes.

A plain count flatters: a case that forbids reuse is passed by whoever never reuses anything. With no cache at all
${passedOf(direct)} of the ${required} required cases pass. So each count is given twice, the second time with dependencies: a case
counts when those that it depends on pass too, and theirs.

## The package's list

${required} required and ${optimal} optimal cases. The other caches' counts are made by the same code from the results that the package
carries, of the versions named.

${table(HEAD, [
  ...shared.map(rowOf),
  ...sameList
    .map(({ name, version, results }) => [`${name} ${version}`, ...countsOf(results)])
    .sort(([, one], [, other]) => Number(other) - Number(one)),
  ['no cache at all', ...countsOf(direct)],
])}
${absentNote()}
Behind the cached fetch stands the runtime's own fetch, which decodes contents and hides the connection; behind the
interceptor stands undici, which does neither. Both pass what the gate passes, but for the cases that are asked of a cache in
front of an origin and the one whose content has no certain end: each is in the exceptions, as one “of a client’s cache”.

## A private cache

The suite asks browsers ${ofBrowsers} required and ${optimalOfBrowsers} optimal cases. A run asks the private cached fetch the others too, so that what
it does otherwise than a shared cache stands in the exceptions.

${table(HEAD, [
  ...own.map(rowOf),
  ...browsers
    .map(({ name, version, results }) => [`${name} ${version}`, ...countsOf(results, browserCases)])
    .sort(([, one], [, other]) => Number(other) - Number(one)),
])}

## The newer list

The suite's repository is ahead of the package: 160 required and 105 optimal cases, in line with RFC 9111 and RFC 9213
where the package still asks for what drafts before them said. With no cache at all 93 of those required cases pass.
Published for it, of newer versions than above:

${table(
  HEAD,
  newerList.map(({ name, required, requiredCounted = '', optimal, optimalCounted = '' }) =>
    [name, required, requiredCounted, optimal, optimalCounted].map(String),
  ),
)}

¹ Measured by hand at 0.1.0, in memory and on Valkey alike, with the repository's cases of commit bb49f1d: that list is not
published as a package, so no run of this project repeats it. What fails there is in the exceptions below.

## Exceptions

From \`test/conformance/exceptions.yaml\`.

${grouped(exceptions).map(describeException).join('\n\n')}
`;
}

/** The line of a table that a run gives. */
export function rowOf({ cache, name, mode, results }) {
  if (cache === 'private') return ['cachegate’s fetch, private', ...countsOf(results, browserCases)];
  const where = cache === 'gate' ? `cachegate ${STORES[name.split('-')[0]]}` : CLIENTS[cache];
  return [`${where}, mode \`${mode}\``, ...countsOf(results)];
}

function countsOf(results, asked = cases) {
  const { required, optimal } = countCases(asked, results);
  return [required.passed, required.counted, optimal.passed, optimal.counted].map(String);
}

function passedOf(results) {
  return countCases(cases, results).required.passed;
}

function totalOf(asked, kind) {
  return asked.filter((one) => one.kind === kind).length;
}

/** Says which published results lack cases, for those count as failed. */
function absentNote() {
  const notes = sameList.flatMap(({ name, results }) => {
    const missing = cases.filter(({ id }) => results[id] === undefined).length;
    return missing === 0
      ? []
      : [`${name}’s results lack ${missing} of the ${cases.length} cases, counted as failed.`];
  });
  return notes.length === 0 ? '' : `\n${notes.join(' ')}\n`;
}

function table(head, rows) {
  const widths = head.map((_, at) => Math.max(...[head, ...rows].map((row) => row[at].length), 3));
  const line = (cells) => `| ${cells.map((cell, at) => cell.padEnd(widths[at])).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

/** Cases with the same caches, modes, reason and clause stand together. */
function grouped(exceptions) {
  const groups = new Map();
  for (const { id, caches = [], modes, reason, clause } of exceptionsIn(exceptions)) {
    const key = JSON.stringify([caches, modes, reason, clause]);
    if (!groups.has(key)) groups.set(key, { ids: [], caches, modes, reason, clause });
    groups.get(key).ids.push(id);
  }
  return [...groups.values()];
}

function describeException({ ids, caches, modes, reason, clause }) {
  const where = modes.length === 1 ? `in mode \`${modes[0]}\`` : 'in both modes';
  const whose = caches.length === 0 ? '' : ` of ${WHOSE[caches.join()] ?? caches.join(' and ')}`;
  return wrap(`- ${ids.map((id) => `\`${id}\``).join(', ')}, ${where}${whose}: ${reason.trim()} (${clause})`);
}

const WHOSE = {
  gate: 'the gate',
  'gate,shared,interceptor': 'the gate and of a client’s shared cache',
  'shared,private,interceptor': 'a client’s cache',
  private: 'a private fetch',
};

/** An item of a list, in lines of the width that the other documents have. */
function wrap(item) {
  const [first = '', ...words] = item.split(' ');
  const lines = [first];
  for (const word of words) {
    const line = `${lines.at(-1)} ${word}`;
    if (line.length > WIDTH) lines.push(`  ${word}`);
    else lines[lines.length - 1] = line;
  }
  return lines.join('\n');
}
