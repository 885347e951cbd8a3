import { Readable } from 'node:stream';
import { createManualClock } from '../../src/testing/manual-clock.ts';
import type { CacheAnswer, FetchedResponse, Forwarding } from '../../src/response-cache/cache-request.ts';
import { createClientRequest } from './client-request.ts';
import type { CacheReply, ClientRecord } from './exchange.ts';
import { createHistory, type History } from './history.ts';
import { fromList, httpDate, type RequestFields, toList, valueOf } from './message.ts';
import { createOrigin, PATHS, resourceOf } from './origin.ts';
import { createRandom, type Random, scrambled } from './random.ts';
import { randomRequest, type Validators } from './request-generator.ts';
import { createJudge } from './rfc/judge.ts';
import type { Mode } from './rfc/keeping.ts';
import type { CreateSubject } from './subject.ts';

export interface RunOptions {
  readonly seed: number;
  readonly steps: number;
  readonly mode: Mode;
  readonly createSubject: CreateSubject;
  /** The first episode; to run one again that failed. */
  readonly fromEpisode?: number;
}

export interface Fault {
  readonly episode: number;
  readonly step: number;
  readonly reason: string;
  readonly client: ClientRecord | null;
  readonly history: History;
}

export interface Report {
  readonly steps: number;
  /** Requests with GET and HEAD, and those of them that were answered without the origin. */
  readonly reads: number;
  readonly hits: number;
  readonly exchanges: number;
  readonly fault: Fault | null;
}

/** After so many steps all begins anew, so that nothing takes longer and longer. */
const STEPS_OF_AN_EPISODE = 400;

/** Tries a cache with a random sequence of requests, origin's answers and moves of the clock, until the model forbids an answer. */
export async function runModel(options: RunOptions): Promise<Report> {
  const sum = { steps: 0, reads: 0, hits: 0, exchanges: 0 };
  for (let episode = options.fromEpisode ?? 0; sum.steps < options.steps; episode++) {
    const steps = Math.min(STEPS_OF_AN_EPISODE, options.steps - sum.steps);
    const report = await runEpisode(options, episode, steps);
    sum.steps += report.steps;
    sum.reads += report.reads;
    sum.hits += report.hits;
    sum.exchanges += report.exchanges;
    if (report.fault !== null) return { ...sum, fault: report.fault };
  }
  return { ...sum, fault: null };
}

async function runEpisode({ seed, mode, createSubject }: RunOptions, episode: number, steps: number): Promise<Report> {
  const random = createRandom(scrambled(seed) ^ scrambled(episode + 1));
  const clock = createManualClock();
  const subject = createSubject(clock, mode);
  const origin = createOrigin(random, clock.now());
  const history = createHistory();
  const judge = createJudge(history, { mode, resourceOf });
  const underWay = new Set<ClientRecord>();
  const sum = { reads: 0, hits: 0 };
  let reason: string | null = null;
  let guilty: ClientRecord | null = null;
  let isCrowded = false;

  function advance(ms: number): void {
    clock.advance(ms);
    for (const { seen } of underWay) seen.push(clock.now());
  }

  function blame(fault: string | null, client: ClientRecord): void {
    if (fault === null || reason !== null) return;
    reason = fault;
    guilty = client;
  }

  async function forward(record: ClientRecord, how: Forwarding): Promise<FetchedResponse> {
    const added: RequestFields = new Map(fromList(how.conditions));
    const sent = sentFields(record.request, added, how.whole);
    const exchange = history.begin(record, added, clock.now());
    blame(judge.faultOfForward(record, exchange), record);
    const answer = origin.answer(exchange, sent, clock.now());
    const delayMs = random.weighted([[6, 0], [3, random.below(400)], [2, random.below(8_000)]]);
    // What goes on behind an answer is not there before the answer.
    for (let turns = isCrowded ? random.below(4) : 0; turns >= 0; turns--) await turn();
    if (delayMs > 0) advance(delayMs);
    exchange.answeredAt = clock.now();
    exchange.answeredOrder = history.tick();
    if (answer === null) throw new Error('no connection');
    // Who has a clock adds the Date that is missing, as the product's origin client does.
    const fields = valueOf(answer.fields, 'date') === undefined ? [...answer.fields, ['date', httpDate(clock.now())] as const] : answer.fields;
    exchange.answer = { ...answer, fields };
    return {
      status: answer.status,
      fields: toList(fields),
      body: bodyOf(answer.body, answer.complete || random.chance(0.5), isCrowded),
      requestAt: exchange.sentAt,
      responseAt: exchange.answeredAt,
    };
  }

  async function perform(step: number): Promise<ClientRecord> {
    const generated = randomRequest(random, (resource) => validatorsOf(history, resource), clock.now());
    const record: ClientRecord = {
      ...{ id: history.clients.length, step, ...generated, beganOrder: history.tick(), answeredOrder: Number.POSITIVE_INFINITY },
      ...{ seen: [clock.now()], alone: !isCrowded, answer: null, error: undefined },
    };
    history.clients.push(record);
    underWay.add(record);
    try {
      const answer = await subject.respond(createClientRequest(subject, record, PATHS[record.resource]!, forward));
      underWay.delete(record);
      record.answeredOrder = history.tick();
      record.answer = replyOf(answer);
      if (record.method !== 'HEAD') record.answer.body = await readBody(answer.body);
      else if (answer.body instanceof Readable) answer.body.destroy();
    } catch (error) {
      underWay.delete(record);
      record.answeredOrder = history.tick();
      record.error = error;
    }
    return record;
  }

  function count(client: ClientRecord): void {
    if (client.method !== 'GET' && client.method !== 'HEAD') return;
    sum.reads++;
    if (client.answer?.hit) sum.hits++;
  }

  for (let step = 1; step <= steps; step++) {
    clock.advance(random.weighted(MOVES)(random));
    isCrowded = random.chance(0.06);
    const clients = await Promise.all(Array.from({ length: isCrowded ? 2 + random.below(3) : 1 }, () => perform(step)));
    await subject.settle();
    for (const client of clients) {
      count(client);
      blame(judge.faultOf(client), client);
    }
    if (reason !== null) {
      const fault = { episode, step, reason, client: guilty, history };
      return { steps: step, ...sum, exchanges: history.exchanges.length, fault };
    }
  }
  return { steps, ...sum, exchanges: history.exchanges.length, fault: null };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

const DAY_MS = 86_400_000;

/** How far the clock goes between two steps. */
const MOVES: readonly (readonly [number, (random: Random) => number])[] = [
  [40, () => 0],
  [30, (random) => random.below(2_000)],
  [20, (random) => random.below(20_000)],
  [7, (random) => random.below(120_000)],
  [1, (random) => random.below(7_200_000)],
  [1, (random) => -random.below(5_000)],
  [0.5, (random) => DAY_MS + random.below(DAY_MS)],
];

const OF_PARTS = ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since', 'if-range', 'range'];

/** What reaches the origin: without the client's own conditions where the cache wants the whole. */
function sentFields(request: RequestFields, added: RequestFields, whole: boolean): RequestFields {
  const kept = whole ? [...request].filter(([name]) => !OF_PARTS.includes(name)) : [...request];
  return new Map([...kept, ...added]);
}

function validatorsOf({ exchanges }: History, resource: number): Validators {
  const etags: string[] = [];
  const lastModified: string[] = [];
  for (const { answer, resource: other } of exchanges.slice(-30)) {
    if (answer === null || other !== resource) continue;
    for (const [name, value] of answer.fields) {
      if (name === 'etag') etags.push(value);
      if (name === 'last-modified') lastModified.push(value);
    }
  }
  return { etags, lastModified };
}

function replyOf({ status, fields, outcome }: CacheAnswer): CacheReply {
  const { hit, detail } = outcome;
  const [stored, collapsed] = outcome.hit ? [false, false] : [outcome.stored === true, outcome.collapsed === true];
  return { status, fields: fromList(fields), body: null, hit, stored, collapsed, detail };
}

/** @param ends whether it comes to an end, or breaks off with an error */
function bodyOf(text: string, ends: boolean, slowly: boolean): Readable {
  let left = slowly ? [text.slice(0, 9), text.slice(9)] : [text];
  left = left.filter((piece) => piece !== '');
  return new Readable({
    read() {
      const piece = left.shift();
      if (piece !== undefined) this.push(Buffer.from(piece, 'latin1'));
      else if (ends) this.push(null);
      else this.destroy(new Error('broken off'));
    },
  });
}

/** `null` for what breaks off. */
function readBody(body: CacheAnswer['body']): Promise<string | null> | string {
  if (body === null) return '';
  if (!(body instanceof Readable)) return body.toString('latin1');
  return new Promise((resolve) => {
    let text = '';
    body.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    body.on('end', () => resolve(text));
    body.on('error', () => resolve(null));
  });
}
