import { Command, Option } from 'commander';
import { ConfigError, faultAt } from '../config/fault.ts';
import { describeFound } from '../config/found.ts';
import type { ExplainedResponse, Explanation } from '../explain/explanation.ts';
import { type Target, withAdmin, withTargetOptions } from './admin-target.ts';
import { isFlag, isNumber, isText, listOf, nullable, shapeOf } from './answer-shape.ts';
import { explanationText } from './explanation-text.ts';
import { createFormat } from './format.ts';
import { print, printJson } from './print.ts';

interface ExplainOptions extends Target {
  readonly header?: readonly string[];
  readonly method?: string;
}

const EXAMPLES = [
  'cachegate explain /api/anime/1',
  "cachegate explain '/api/anime?page=2' --header 'Accept-Language: de'",
  'cachegate explain https://cache.example.com/api/anime/1 --method HEAD --json',
];

export function explainCommand(): Command {
  const command = new Command('explain')
    .description('what is stored for a request, and what the next such request would do, and why')
    .argument('<url>', 'a path of the server with its query, or a URL of which the host says nothing')
    .option('--header <field>', "a field of the request, 'Name: value' (repeatable)", append)
    .addOption(new Option('--method <method>', 'the method').choices(['GET', 'HEAD']));
  return withTargetOptions(command, EXAMPLES).action(explain);
}

function append(value: string, values: readonly string[] = []): string[] {
  return [...values, value];
}

async function explain(url: string, { header = [], method, ...target }: ExplainOptions): Promise<void> {
  const query = new URLSearchParams({ url, ...(method !== undefined && { method }) });
  for (const field of header) query.append('header', checkedField(field));
  const answer = await withAdmin(target, 'explain', (client) =>
    client.ask('GET', `/explain?${query}`, isExplanation),
  );
  if (target.json) printJson(answer);
  else print(explanationText(answer, createFormat()));
}

function checkedField(field: string): string {
  if (/^[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*$/.test(field)) return field;
  // A field may be a credential.
  throw new ConfigError([faultAt('', ['--header'], describeFound(field, true), "'Name: value'")]);
}

const isFreshness = shapeOf<ExplainedResponse['freshness']>({
  lifetime: isNumber,
  current_age: isNumber,
  remaining: isNumber,
  stale_while_revalidate: isNumber,
  stale_if_error: isNumber,
  stale_if_disconnected: isNumber,
  heuristic: isFlag,
  no_cache: isFlag,
  must_revalidate: isFlag,
  stale_since: nullable(isText),
});
const isResponse = shapeOf<ExplainedResponse>({
  status: isNumber,
  bytes: isNumber,
  range: nullable(isText),
  received_at: isText,
  tags: listOf(isText),
  etag: nullable(isText),
  last_modified: nullable(isText),
  freshness: isFreshness,
  expires_in: isNumber,
});
const isExplanation = shapeOf<Explanation>({
  url: isText,
  method: isText,
  service: nullable(isText),
  target: nullable(isText),
  cache_key: nullable(isText),
  store_key: nullable(isText),
  stored: nullable(isFlag),
  variants: listOf(shapeOf<Explanation['variants'][number]>({ fields: listOf(isText), stored: isFlag })),
  response: nullable(isResponse),
  next: shapeOf<Explanation['next']>({
    action: isText,
    cache_status: nullable(shapeOf<{ hit: boolean }>({ hit: isFlag })),
    status: nullable(isNumber),
    stale_on: shapeOf<Explanation['next']['stale_on']>({ error: isFlag, silence: isFlag }),
    because: listOf(isText),
  }),
});
