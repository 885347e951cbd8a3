import { readFile, stat } from 'node:fs/promises';
import { ConfigError, faultAt } from '../config/fault.ts';
import { describeFound } from '../config/found.ts';
import type { WarmRequest } from '../warm/warm-job.ts';

export interface WarmInput {
  /** Separated by commas. */
  readonly ids?: string;
  /** A file with an item in each line; `-` is standard input. */
  readonly file?: string;
  readonly template?: string;
  readonly hot?: number;
  readonly concurrency?: number;
}

/** As much as a server takes. */
const MAX_BYTES = 16 * 1024 * 1024;
const SOURCES = ['URL…', '--ids', '--file', '--hot'];

/**
 * What a server is asked to warm.
 * @throws ConfigError unless the items come from one place that can be read
 */
export async function warmRequestOf(
  urls: readonly string[],
  { ids, file, template, hot, concurrency }: WarmInput,
): Promise<WarmRequest> {
  const given = [urls.length > 0, ids !== undefined, file !== undefined, hot !== undefined];
  const count = given.filter(Boolean).length;
  if (count !== 1) {
    const found =
      count === 0 ? 'found none' : `found ${SOURCES.filter((_, index) => given[index]).join(' and ')}`;
    throw new ConfigError([faultAt('', SOURCES, found, 'one of them')]);
  }
  const more = {
    ...(template !== undefined && { template }),
    ...(concurrency !== undefined && { concurrency }),
  };
  if (hot !== undefined) return { hot, ...more };
  if (ids !== undefined) return { ids: itemsIn(ids.split(',')), ...more };
  if (file === undefined) return { urls: checkedUrls(urls), ...more };
  const lines = (await textOf(file)).replace(/^\ufeff/, '').split(/\r\n|\r|\n/);
  const request = { ...itemsOf(lines, template !== undefined, file), ...more };
  // A server that is sent more hangs up, and what it says is lost.
  if (Buffer.byteLength(JSON.stringify(request)) > MAX_BYTES) refuse('found more, as JSON');
  return request;
}

function itemsIn(texts: readonly string[]): string[] {
  return texts.map((text) => text.trim()).filter((text) => text !== '');
}

const URL_FORM = /^(?:\/|https?:\/\/)/i;

/** What is no URL is a slip, such as a misspelt subcommand or an id, and should not become a job that fails. */
function checkedUrls(urls: readonly string[]): readonly string[] {
  const other = urls.find((url) => !URL_FORM.test(url));
  if (other === undefined) return urls;
  const accepted =
    'a path that begins with /, or a URL; ids go behind --ids, and subcommands are status and cancel';
  throw new ConfigError([faultAt('', ['URL…'], describeFound(other, false), accepted)]);
}

/** With a template every line is an id; else they are all URLs, or all ids for the server's template. */
function itemsOf(lines: readonly string[], areIds: boolean, file: string): WarmRequest {
  const items = itemsIn(lines);
  if (areIds) return { ids: items };
  // Nothing to warm needs no template.
  if (items.length === 0) return { urls: [] };
  const isUrl = URL_FORM.test(items[0]!);
  const other = lines.findIndex((line) => line.trim() !== '' && URL_FORM.test(line.trim()) !== isUrl);
  if (other === -1) return isUrl ? { urls: items } : { ids: items };
  const accepted = 'URLs alone, ids alone, or with --template ids of any form';
  const place = `${file === '-' ? 'standard input' : file}:${other + 1}`;
  throw new ConfigError([faultAt(place, ['--file'], describeFound(lines[other]!.trim(), false), accepted)]);
}

async function textOf(file: string): Promise<string> {
  try {
    if (file === '-') return await textOfInput();
    if ((await stat(file)).size > MAX_BYTES) refuse('found a larger file');
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const { code = 'cannot be read' } = error as { code?: string };
    throw new ConfigError([faultAt(file, ['--file'], `cannot be read: ${code}`, 'a readable file, or -')]);
  }
}

async function textOfInput(): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) refuse('found more');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function refuse(found: string): never {
  throw new ConfigError([faultAt('', ['--file'], found, `at most ${MAX_BYTES / 1024 / 1024} MiB`)]);
}
