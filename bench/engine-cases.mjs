import { cacheStores } from 'undici';
import { assessResponse } from '../dist/engine/assessment.js';
import { decide } from '../dist/engine/decision.js';
import { portionOfWhole } from '../dist/engine/portion.js';
import { variantKey } from '../dist/engine/selection.js';
import { isNotModified } from '../dist/engine/validation.js';
import { fieldValue } from '../dist/http/fields.js';
import { formatHttpDate } from '../dist/http/http-date.js';

/** What is decided: each case looks an entry up in a Map and judges it for a request whose fields are in a list. */

const NOW = Date.now();
const BODY_BYTES = 1024;
const KEYS = Array.from({ length: 1024 }, (_, i) => `response:{records:${i.toString(36).padStart(22, 'k')}}`);
const ETAG = '"5f3a2b1c9d8e7f60"';
const LANGUAGES = ['de-CH, de;q=0.9, en;q=0.8', 'en-GB,en;q=0.5', 'fr, en;q=0.7, *;q=0.1', 'en'];
/** More than anybody remembers. */
const MANY_LANGUAGES = Array.from({ length: 4096 }, (_, i) => `x-${i.toString(36)}, en;q=0.${1 + (i % 9)}`);

const POLICY = {
  mode: 'safe',
  targetedFields: ['cdn-cache-control', 'surrogate-control'],
  heuristic: true,
  force: false,
  negativeTtlSeconds: new Map(),
};

function requestWith(extra = []) {
  const fields = [
    ...['Host', 'api.example.com', 'User-Agent', 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101'],
    ...['Accept', 'application/json, text/plain, */*', 'Accept-Encoding', 'gzip, deflate, br, zstd'],
    ...[
      'Origin',
      'https://www.example.com',
      'Connection',
      'keep-alive',
      'Referer',
      'https://www.example.com/',
    ],
    ...extra,
  ];
  return { method: 'GET', field: (name) => fieldValue(fields, name) };
}

function responseWith(extra = []) {
  const fields = [
    ...['Content-Type', 'application/json', 'Content-Length', String(BODY_BYTES), 'Server', 'nginx'],
    ...['Date', formatHttpDate(NOW), 'Cache-Control', 'public, max-age=3600', 'ETag', ETAG],
    ...['Last-Modified', formatHttpDate(NOW - 86_400_000), 'Strict-Transport-Security', 'max-age=31536000'],
    ...extra,
  ];
  return { status: 200, requestAt: NOW - 40, responseAt: NOW, fields };
}

const plain = requestWith();
const plainEntries = entriesOf(responseWith());
const vary = responseWith(['Vary', 'Accept-Encoding, Accept-Language']);
const inLanguages = LANGUAGES.map((language) => requestWith(['Accept-Language', language]));
const inManyLanguages = MANY_LANGUAGES.map((language) => requestWith(['Accept-Language', language]));
const variants = variantsOf([...inLanguages, ...inManyLanguages]);
const conditional = requestWith(['If-None-Match', `W/"0", ${ETAG}`]);
const ranged = requestWith(['Range', 'bytes=0-99']);
const reloading = requestWith(['Cache-Control', 'max-age=0']);

function entryOf(response) {
  return { response, assessment: assessResponse(plain, response, POLICY) };
}

function entriesOf(response) {
  return new Map(KEYS.map((key) => [key, entryOf(response)]));
}

function variantsOf(requests) {
  const entry = entryOf(vary);
  return new Map(requests.map((request) => [variantKey(entry.assessment.nominated, request), entry]));
}

const { nominated } = entryOf(vary).assessment;
const keyOf = (i) => KEYS[i & 1023];
const isReused = (request, entry) => (decide(request, entry, NOW).action === 'reuse' ? 1 : 0);

/** The least that a look-up can be: is it there, and not too old? */
const expiries = new Map(KEYS.map((key) => [key, { expiresAt: NOW + 3_600_000 }]));

const undiciKey = (i, headers = {}) => ({
  origin: 'https://api.example.com',
  method: 'GET',
  path: `/records/${i & 1023}`,
  headers,
});
const undiciStore = new cacheStores.MemoryCacheStore({ maxCount: 2048 });
for (let i = 0; i < KEYS.length; i += 1) {
  undiciStore
    .createWriteStream(undiciKey(i), {
      statusCode: 200,
      statusMessage: '',
      headers: { 'content-type': 'application/json' },
      cacheControlDirectives: { public: true, 'max-age': 3600 },
      cachedAt: NOW,
      staleAt: NOW + 3_600_000,
      deleteAt: NOW + 7_200_000,
    })
    .end(Buffer.alloc(BODY_BYTES));
}
const undiciKeys = KEYS.map((_, i) => undiciKey(i));

/**
 * Each has a loop of its own, so that one case's code is not compiled for all; it answers how often it came out right.
 *
 * @typedef {object} EngineCase
 * @property {string} id
 * @property {string} name
 * @property {(count: number) => number} run
 * @type {EngineCase[]}
 */
export const engineCases = [
  {
    id: 'floor',
    name: 'a look-up in a Map and a comparison of times',
    run(count) {
      let right = 0;
      for (let i = 0; i < count; i += 1) if (expiries.get(keyOf(i)).expiresAt > NOW) right += 1;
      return right;
    },
  },
  {
    id: 'hit',
    name: 'a fresh hit',
    run(count) {
      let right = 0;
      for (let i = 0; i < count; i += 1) right += isReused(plain, plainEntries.get(keyOf(i)));
      return right;
    },
  },
  {
    id: 'vary',
    name: 'a fresh hit with `Vary: Accept-Encoding, Accept-Language`',
    run(count) {
      let right = 0;
      for (let i = 0; i < count; i += 1) {
        const request = inLanguages[i & 3];
        right += isReused(request, variants.get(variantKey(nominated, request)));
      }
      return right;
    },
  },
  {
    id: 'vary-unseen',
    name: 'the same, `Accept-Language` not seen lately',
    run(count) {
      let right = 0;
      for (let i = 0; i < count; i += 1) {
        const request = inManyLanguages[i & 4095];
        right += isReused(request, variants.get(variantKey(nominated, request)));
      }
      return right;
    },
  },
  {
    id: 'conditional',
    name: 'a fresh hit answered with 304 (`If-None-Match`)',
    run(count) {
      let right = 0;
      for (let i = 0; i < count; i += 1) {
        const entry = plainEntries.get(keyOf(i));
        if (isReused(conditional, entry) && isNotModified(conditional, entry.response)) right += 1;
      }
      return right;
    },
  },
  {
    id: 'range',
    name: 'a fresh hit answered with 206 (`Range`)',
    run(count) {
      let right = 0;
      for (let i = 0; i < count; i += 1) {
        const entry = plainEntries.get(keyOf(i));
        if (isReused(ranged, entry) && portionOfWhole(ranged, entry.response, BODY_BYTES).kind === 'part')
          right += 1;
      }
      return right;
    },
  },
  {
    id: 'directives',
    name: 'a request with `Cache-Control: max-age=0`: validate',
    run(count) {
      let right = 0;
      for (let i = 0; i < count; i += 1) {
        if (decide(reloading, plainEntries.get(keyOf(i)), NOW + 1).action === 'validate') right += 1;
      }
      return right;
    },
  },
  {
    id: 'received',
    name: 'judging a response when it is received',
    run(count) {
      let right = 0;
      for (let i = 0; i < count; i += 1) if (assessResponse(plain, vary, POLICY).storable) right += 1;
      return right;
    },
  },
  {
    id: 'undici',
    name: 'undici’s `MemoryCacheStore.get`: the look-up alone',
    run(count) {
      let right = 0;
      for (let i = 0; i < count; i += 1) if (undiciStore.get(undiciKeys[i & 1023]) !== undefined) right += 1;
      return right;
    },
  },
];
