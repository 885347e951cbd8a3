import * as z from 'zod';
import { MAX_VALUE_BYTES } from '../store/store.ts';
import { accepts } from './accepted.ts';
import { fieldName } from './fields.ts';
import { choice, DAY_SECONDS, flag, listOf, orOff, patterned, wholeNumber, YEAR_SECONDS } from './scalars.ts';

// A stored response is one value of the store: its head needs room beside the body.
const MAX_BODY_BYTES = MAX_VALUE_BYTES - 1024 * 1024;
// It is held in memory before the origin is asked.
const MAX_KEY_BODY_BYTES = 1024 * 1024;

const negativeTtls = accepts(
  z.record(
    patterned(/^[45][0-9]{2}$/, 'a status code from 400 to 599'),
    wholeNumber('seconds', 0, YEAR_SECONDS),
  ),
  'a mapping of status codes to seconds',
);

/** Decoded, so that it may hold all that text can. */
function parameterName() {
  return patterned(
    /^(?:[^*]{1,256}\*?|\*)$/,
    'the name of a query parameter, with * for any rest only at its end',
  );
}

const keyBlock = z.strictObject({
  sort_query: flag().default(false),
  ignore_query: listOf(parameterName(), 'names of query parameters').default([]),
  lower_case_path: flag().default(false),
});

const TAG_FORM = '1 to 1024 printable ASCII characters without a comma';

// As an origin's are taken (http/cache-tags.ts); `Cache-Tag: a,b` can't name one with a comma.
function tag() {
  return patterned(/^(?! )[\x20-\x2b\x2d-\x7e]{1,1024}(?<! )$/, TAG_FORM);
}

const compressBlock = z.strictObject({ min_bytes: wholeNumber('bytes', 1, MAX_BODY_BYTES).default(1_024) });

/** What a service stores, under which key, and for how long. */
export const cacheSchema = z.strictObject({
  ttl_seconds: wholeNumber('seconds', 0, YEAR_SECONDS).optional(),
  force: flag().default(false),
  heuristic: flag().default(true),
  targeted_headers: listOf(fieldName(), 'header field names').default([
    'CDN-Cache-Control',
    'Surrogate-Control',
  ]),
  negative_ttl_seconds: negativeTtls.default({}),
  stale_while_revalidate_seconds: wholeNumber('seconds', 0, YEAR_SECONDS).optional(),
  stale_if_error_seconds: wholeNumber('seconds', 0, YEAR_SECONDS).optional(),
  stale_if_disconnected_seconds: wholeNumber('seconds', 0, YEAR_SECONDS).default(60),
  retry_after_limit_seconds: wholeNumber('seconds', 0, DAY_SECONDS).default(300),
  max_body_bytes: wholeNumber('bytes', 1, MAX_BODY_BYTES).default(8_388_608),
  methods: listOf(choice(['POST', 'QUERY']), 'POST and QUERY').default([]),
  max_key_body_bytes: wholeNumber('bytes', 1, MAX_KEY_BODY_BYTES).default(65_536),
  tags: listOf(tag(), `tags, each of ${TAG_FORM}`).default([]),
  shared_by: choice(['all', 'role', 'session']).default('all'),
  compress: orOff(compressBlock, 'a mapping of min_bytes').default('off'),
  // Named here, or its name alone would make it a secret.
  key: accepts(keyBlock, `a mapping of ${Object.keys(keyBlock.shape).join(', ')}`).prefault({}),
});
