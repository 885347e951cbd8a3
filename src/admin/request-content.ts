import type { FastifyInstance } from 'fastify';

/** Bytes of a content where nothing else is said. */
export const SMALL_CONTENT = 65_536;
/** Of one that lists what is fetched ahead. */
export const LARGE_CONTENT = 16_777_216;

/** Reads contents: JSON in UTF-8, and nothing else. */
export function readJsonAlone(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  const utf8 = new TextDecoder('utf-8', { fatal: true });
  server.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    async (_request: unknown, body: Buffer) => {
      if (isDeep(body)) throw new UnreadableContent(TOO_DEEP);
      try {
        return JSON.parse(utf8.decode(body));
      } catch {
        throw new UnreadableContent('The content can not be read; accepted: JSON in UTF-8');
      }
    },
  );
}

/** What is asked for needs four; a parser takes seconds for millions of them, and messages between processes fail. */
const MAX_DEPTH = 32;
const TOO_DEEP = `The content is too deep; accepted: ${MAX_DEPTH} lists and objects in each other`;
const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const [LIST, LIST_END, OBJECT, OBJECT_END] = [0x5b, 0x5d, 0x7b, 0x7d];

function isDeep(json: Buffer): boolean {
  let depth = 0;
  let isText = false;
  for (let at = 0; at < json.length; at += 1) {
    const byte = json[at];
    if (isText && byte === BACKSLASH) at += 1;
    else if (byte === QUOTE) isText = !isText;
    else if (isText) continue;
    else if (byte === LIST || byte === OBJECT) depth += 1;
    else if (byte === LIST_END || byte === OBJECT_END) depth -= 1;
    if (depth > MAX_DEPTH) return true;
  }
  return false;
}

class UnreadableContent extends Error {
  readonly statusCode = 400;
}

/**
 * Reads a query: each parameter a text, `header` a list of them. One that is given twice is a list too, which nothing else
 * accepts, and names that mean something to JavaScript are names like others.
 */
export function readQuery(query: string): Record<string, string | string[]> {
  const parameters = new URLSearchParams(query);
  const names = [...new Set(parameters.keys())];
  return Object.fromEntries(
    names.map((name) => {
      const values = parameters.getAll(name);
      return [name, LISTS.has(name) || values.length > 1 ? values : values[0]!];
    }),
  );
}

const LISTS = new Set(['header']);
