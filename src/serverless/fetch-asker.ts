import { originFailure } from '../fetch/fetch-failure.ts';
import type { Fetch } from '../fetch/platform-fetch.ts';
import type { FieldList } from '../http/fields.ts';
import type { AskedResponse, OpenAsker } from '../session/authorities/asker.ts';
import { createTurns } from './turns.ts';

/** Whom authorities and issuers of keys are asked by, and what of it is under way: some is behind an answer. */
export interface FetchAsker {
  readonly open: OpenAsker;
  /** Resolves when all that is under way by now has ended; `null`: nothing is. Never rejects. */
  underWay(): Promise<unknown> | null;
}

/** Asks by `fetch`, so many at once as there would be connections. */
export function createFetchAsker(fetch: Fetch): FetchAsker {
  const asked = new Set<Promise<void>>();

  /** @returns what says that it has ended */
  function begun(): () => void {
    let end = () => {};
    const exchange = new Promise<void>((resolve) => {
      end = () => {
        asked.delete(exchange);
        resolve();
      };
    });
    asked.add(exchange);
    return end;
  }

  const open: OpenAsker = ({ connections }) => {
    const turns = createTurns(connections);
    const closing = new AbortController();
    return {
      async ask(target, { method, fields, signal }) {
        closing.signal.throwIfAborted();
        const endTurn = await turns.take(signal);
        const ended = begun();
        const end = () => {
          endTurn();
          ended();
        };
        const request = { method, headers: pairs(fields), redirect: 'manual', cache: 'no-store' } as const;
        try {
          return asAsked(await fetch(target, { ...request, signal }), end);
        } catch (error) {
          end();
          throw reasonOf(error);
        }
      },
      // What is under way has its own deadline.
      close: async () => closing.abort(),
    };
  };

  return { open, underWay: () => (asked.size === 0 ? null : Promise.all(asked)) };
}

function asAsked({ status, headers, body }: Response, end: () => void): AskedResponse {
  if (body === null) end();
  return {
    status,
    // Fetch has joined the lines.
    lines: (lowerName) => headers.get(lowerName)?.split(', ') ?? [],
    body: piecesOf(body, end),
    discard: (maxBytes) => discard(body, maxBytes).finally(end),
  };
}

async function* piecesOf(body: Response['body'], end: () => void): AsyncGenerator<Uint8Array> {
  const reader = body?.getReader();
  try {
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true };
      if (done) return;
      yield value!;
    }
  } catch (error) {
    throw reasonOf(error);
  } finally {
    reader?.cancel().catch(() => {});
    end();
  }
}

async function discard(body: Response['body'], maxBytes: number): Promise<void> {
  const reader = body?.getReader();
  try {
    for (let length = 0; length <= maxBytes; ) {
      const { done, value } = (await reader?.read()) ?? { done: true };
      if (done) return;
      length += value!.length;
    }
    await reader?.cancel();
  } catch {
    // Nobody wants it.
  }
}

/** What has a code, where there is one. */
function reasonOf(error: unknown): unknown {
  const failure = originFailure(error);
  return failure.cause ?? failure;
}

function pairs(fields: FieldList): [string, string][] {
  const result: [string, string][] = [];
  for (let i = 0; i < fields.length; i += 2) result.push([fields[i]!, fields[i + 1]!]);
  return result;
}
