import { Readable } from 'node:stream';
import type { CacheAnswer, FetchedResponse, Forwarding } from '../../src/response-cache/cache-request.ts';
import { createManualClock } from '../../src/testing/manual-clock.ts';
import { bodyOf, readBody } from './bodies.ts';
import { ClientRequest } from './client-request.ts';
import type { CacheReply, ClientRecord, OriginAnswer } from './exchange.ts';
import { createHistory, type History } from './history.ts';
import {
  type Field,
  fromList,
  httpDate,
  type RequestFields,
  toList,
  valueIn,
  wholeRequest,
} from './message.ts';
import { createOrigin, PATHS, resourceOf } from './origin.ts';
import type { Random } from './random.ts';
import { randomRequest } from './request-generator.ts';
import { faultOfForward } from './rfc/forwarded-request.ts';
import { createJudge } from './rfc/judge.ts';
import type { Mode } from './rfc/keeping.ts';
import type { CreateSubject } from './subject.ts';

/** An answer, or a request to the origin, that the model does not allow. */
export interface Fault {
  readonly step: number;
  readonly reason: string;
  readonly client: ClientRecord;
  readonly history: History;
}

/** A cache, its clients, its origin and its clock, from an empty store on. */
export interface Episode {
  /** One move of the clock and one request, or a few at once. Answers what was wrong. */
  step(): Promise<Fault | null>;
  readonly history: History;
}

export function createEpisode(random: Random, mode: Mode, createSubject: CreateSubject): Episode {
  const clock = createManualClock();
  const subject = createSubject(clock, { mode, distant: random.chance(0.2) });
  const origin = createOrigin(random, clock.now());
  const history = createHistory();
  const judge = createJudge(history, { mode, resourceOf });
  const underWay = new Set<ClientRecord>();
  let steps = 0;
  let isCrowded = false;
  let fault: Fault | null = null;

  function advance(ms: number): void {
    clock.advance(ms);
    for (const { seen } of underWay) seen.push(clock.now());
  }

  function blame(reason: string | null, client: ClientRecord): void {
    if (reason !== null) fault ??= { step: steps, reason, client, history };
  }

  async function forward(client: ClientRecord, how: Forwarding): Promise<FetchedResponse> {
    const added: RequestFields = new Map(fromList(how.conditions));
    const exchange = history.begin(client, added, clock.now());
    blame(faultOfForward(client, exchange, history), client);
    const answer = origin.answer(exchange, sentFields(client.request, added, how.whole), clock.now());
    // What goes on behind an answer is not there before the answer.
    for (let turns = isCrowded ? random.below(4) : 0; turns >= 0; turns--) await turn();
    advance(random.weighted(DELAYS)(random));
    const dated = answer === null ? null : withDate(answer, clock.now());
    history.end(exchange, dated, clock.now());
    if (dated === null) throw new Error('no connection');
    return {
      status: dated.status,
      fields: toList(dated.fields),
      body: bodyOf(dated.body, { pieces: isCrowded ? 2 : 1, ends: dated.complete || random.chance(0.5) }),
      requestAt: exchange.sentAt,
      responseAt: exchange.answeredAt,
    };
  }

  function newClient(): ClientRecord {
    const validatorsOf = (resource: number) => ({
      etags: history.given(resource, 'etag'),
      lastModified: history.given(resource, 'last-modified'),
    });
    const { resource, method, request } = randomRequest(random, validatorsOf, clock.now());
    const client: ClientRecord = {
      resource,
      method,
      request,
      id: history.clients.length,
      step: steps,
      beganOrder: history.tick(),
      answeredOrder: Number.POSITIVE_INFINITY,
      seen: [clock.now()],
      alone: !isCrowded,
      answer: null,
      error: undefined,
    };
    history.clients.push(client);
    return client;
  }

  async function perform(): Promise<ClientRecord> {
    const client = newClient();
    underWay.add(client);
    const answered = () => {
      underWay.delete(client);
      client.answeredOrder = history.tick();
    };
    try {
      const request = new ClientRequest(client, PATHS[client.resource]!, subject, forward);
      const answer = await subject.respond(request);
      answered();
      client.answer = replyOf(answer);
      if (client.method !== 'HEAD') client.answer.body = await readBody(answer.body);
      else if (answer.body instanceof Readable) answer.body.destroy();
    } catch (error) {
      if (underWay.has(client)) answered();
      client.error = error;
    }
    return client;
  }

  return {
    history,
    async step() {
      steps += 1;
      clock.advance(random.weighted(MOVES)(random));
      isCrowded = random.chance(0.06);
      const clients = await Promise.all(Array.from({ length: isCrowded ? 2 + random.below(3) : 1 }, perform));
      await subject.settle();
      for (const client of clients) blame(judge.faultOf(client), client);
      return fault;
    },
  };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

const DAY_MS = 86_400_000;

type Span = (random: Random) => number;

/** How far the clock goes between two steps. */
const MOVES: readonly (readonly [number, Span])[] = [
  [80, () => 0],
  [60, (random) => random.below(2_000)],
  [40, (random) => random.below(20_000)],
  [14, (random) => random.below(120_000)],
  [2, (random) => random.below(7_200_000)],
  [2, (random) => -random.below(5_000)],
  [1, (random) => DAY_MS + random.below(DAY_MS)],
];

/** How long the origin takes. */
const DELAYS: readonly (readonly [number, Span])[] = [
  [6, () => 0],
  [3, (random) => random.below(400)],
  [2, (random) => random.below(8_000)],
];

/** What reaches the origin: without the client's own conditions where the cache wants the whole. */
function sentFields(request: RequestFields, added: RequestFields, whole: boolean): RequestFields {
  return new Map([...(whole ? wholeRequest(request) : request), ...added]);
}

/** Who has a clock adds the Date that is missing, as the product's origin client does. */
function withDate(answer: OriginAnswer, now: number): OriginAnswer {
  if (valueIn(answer.fields, 'date') !== undefined) return answer;
  const date: Field = ['date', httpDate(now)];
  return { ...answer, fields: [...answer.fields, date] };
}

function replyOf({ status, fields, outcome }: CacheAnswer): CacheReply {
  const { hit, detail } = outcome;
  const [stored, collapsed] = outcome.hit
    ? [false, false]
    : [outcome.stored === true, outcome.collapsed === true];
  return { status, fields: fromList(fields), body: null, hit, stored, collapsed, detail };
}
