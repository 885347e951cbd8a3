import { describe, expect, it } from 'vitest';
import type { CacheAnswer, FetchedResponse, Forwarding } from '../../src/response-cache/cache-request.ts';
import { createManualClock } from '../../src/testing/manual-clock.ts';
import { bodyOf, readBody } from './bodies.ts';
import { ClientRequest } from './client-request.ts';
import { httpDate } from './message.ts';
import { createSubject } from './subject.ts';

// Faults that the model has found, each as short as it gets.

type Fields = Record<string, string>;
type Reply = readonly [status: number, fields: Fields, body?: string];
/** What the origin answers, or does until it does. */
type Behaviour = Reply | Error | (() => Promise<Reply>);

function startCache(mode: 'safe' | 'rfc' = 'safe') {
  const clock = createManualClock();
  const subject = createSubject(clock, { mode, distant: true });
  const asked: Fields[] = [];

  async function ask(method: string, fields: Fields, ...behaviours: Behaviour[]): Promise<CacheAnswer> {
    const forward = async (_: unknown, { conditions }: Forwarding): Promise<FetchedResponse> => {
      const requestAt = clock.now();
      const pairs = conditions.flatMap((name, i) => (i % 2 === 0 ? [[name, conditions[i + 1]!]] : []));
      asked.push(Object.fromEntries(pairs) as Fields);
      const behaviour = behaviours.shift();
      if (behaviour === undefined) throw new Error('asked once more');
      if (behaviour instanceof Error) throw behaviour;
      const [status, answered, body = ''] = typeof behaviour === 'function' ? await behaviour() : behaviour;
      const dated = { Date: httpDate(clock.now()), ...answered };
      return {
        status,
        fields: Object.entries(dated).flat(),
        body: bodyOf(body, { pieces: 1, ends: true }),
        requestAt,
        responseAt: clock.now(),
      };
    };
    const client = {
      ...{ id: asked.length, step: 0, resource: 0, method, request: new Map(Object.entries(fields)) },
      ...{ beganOrder: 0, answeredOrder: 0, seen: [], alone: true, answer: null, error: undefined },
    };
    return subject.respond(new ClientRequest(client, '/', subject, forward));
  }

  return { clock, asked, ask, settle: () => subject.settle() };
}

const GONE = new Error('no connection');
/** As many turns of the event loop as anything here takes. */
const SOME = 10;

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise(setImmediate);
}

function newGate() {
  let open = () => {};
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open };
}

const bodyOfAnswer = async ({ body }: CacheAnswer) => readBody(body);

describe('validation', () => {
  it('a 304 about another representation, and then no answer, fails this request and nothing else', async () => {
    const { ask, settle } = startCache();
    await ask('GET', {}, [200, { ETag: '"1"', 'Cache-Control': 'max-age=0, must-revalidate' }, 'one']);
    await settle();
    await expect(ask('GET', {}, [304, { ETag: '"2"' }], GONE)).rejects.toThrow('no connection');
    await settle();
  });

  it('a 304 with another weak entity-tag is about another representation (RFC 9111 §4.3.4)', async () => {
    const { ask, settle } = startCache();
    await ask('GET', {}, [200, { ETag: 'W/"1"', 'Cache-Control': 'max-age=0' }, 'one']);
    await settle();
    const answer = await ask('GET', {}, [304, { ETag: 'W/"2"' }], [200, { ETag: 'W/"2"' }, 'two']);
    expect(await bodyOfAnswer(answer)).toBe('two');
  });

  it('a stored part whose validators a 304 changes is not what If-Range named (RFC 9110 §13.1.5)', async () => {
    const { ask, settle, clock } = startCache();
    const [before, now] = [httpDate(clock.now() - 60_000), httpDate(clock.now())];
    const part = { 'Cache-Control': 'max-age=0', 'Content-Range': 'bytes 0-2/6', ETag: 'W/"1"' };
    await ask('GET', { range: 'bytes=0-2' }, [206, { ...part, 'Last-Modified': before }, 'one']);
    await settle();
    const answer = await ask(
      'GET',
      { range: 'bytes=0-1', 'if-range': before },
      [304, { ETag: 'W/"1"', 'Last-Modified': now }],
      [200, {}, 'onetwo'],
    );
    expect([answer.status, await bodyOfAnswer(answer)]).toEqual([200, 'onetwo']);
  });
});

describe('selection', () => {
  it('of two variants that a request selects the newer is used (RFC 9111 §4)', async () => {
    const { ask, settle, clock } = startCache();
    const lasting = { 'Cache-Control': 'max-age=600' };
    const [byLanguage, byKind] = [
      { ...lasting, Vary: 'Accept-Language' },
      { ...lasting, Vary: 'X-Kind' },
    ];
    const steps: [Fields, Fields, string][] = [
      [{ 'accept-language': 'en' }, byLanguage, 'the older'],
      [{ 'accept-language': 'fr', 'x-kind': 'a' }, byKind, 'the newer'],
      [{ 'accept-language': 'de' }, byLanguage, 'another'],
    ];
    for (const [request, fields, body] of steps) {
      await ask('GET', request, [200, fields, body]);
      await settle();
      clock.advance(2_000);
    }
    const answer = await ask('GET', { 'accept-language': 'en', 'x-kind': 'a' });
    expect(await bodyOfAnswer(answer)).toBe('the newer');
  });
});

describe('invalidation (RFC 9111 §4.4)', () => {
  const VARYING = { 'Cache-Control': 'max-age=600', Vary: 'Accept-Language' };

  it.each([
    ['with a variant that was on its way', 0],
    ['with the answer to who waited for that', 1],
  ])('what was stored does not come back %s', async (_, waiting) => {
    const { ask, settle } = startCache();
    await ask('GET', { 'accept-language': 'en' }, [200, VARYING, 'old']);
    await settle();
    const french = { 'accept-language': 'fr' };
    const gate = newGate();
    const first = ask('GET', french, () => gate.passed.then(() => [200, VARYING, 'old too']));
    await turns(SOME);
    const others = Array.from({ length: waiting }, () => ask('GET', french, [200, VARYING, 'new']));
    await turns(SOME);
    const changing = ask('PUT', {}, [204, {}]);
    if (waiting > 0) await changing;
    gate.open();
    for (const answer of await Promise.all([first, ...others])) await bodyOfAnswer(answer);
    await changing;
    await settle();
    const answer = await ask('GET', { 'accept-language': 'en' }, [200, VARYING, 'new']);
    expect(await bodyOfAnswer(answer)).toBe('new');
  });

  it('what comes to the store while a resource is changed does not stay', async () => {
    const { ask, settle } = startCache();
    const lasting = { 'Cache-Control': 'max-age=600' };
    await Promise.all([
      ask('PUT', {}, async () => {
        await turns(3);
        return [204, {}];
      }),
      ask('GET', {}, [200, lasting, 'old']),
    ]);
    await settle();
    expect(await bodyOfAnswer(await ask('GET', {}, [200, lasting, 'new']))).toBe('new');
  });
});

describe('mode safe', () => {
  it('a guessed lifetime is no reason to give a stale response to who sends cookies', async () => {
    const { ask, settle, clock } = startCache();
    await ask('GET', {}, [200, { 'Last-Modified': httpDate(clock.now() - 100_000) }, 'anyone’s']);
    await settle();
    clock.advance(20_000);
    await expect(ask('GET', { cookie: 'a=1' }, GONE)).rejects.toThrow('no connection');
    expect(await ask('GET', {}, GONE)).toMatchObject({ status: 200, outcome: { hit: false, fwd: 'stale' } });
  });

  it('the cookie of a part that completes another goes to its receiver, and the whole is not stored', async () => {
    const { ask, settle, asked } = startCache();
    const lasting = { 'Cache-Control': 'max-age=600', ETag: '"1"' };
    const range = (value: string) => ({ ...lasting, 'Content-Range': `bytes ${value}/6` });
    await ask('GET', { range: 'bytes=0-2' }, [206, range('0-2'), 'one']);
    await settle();
    const rest: Reply = [206, { ...range('3-5'), 'Set-Cookie': 'a=1' }, 'two'];
    const answer = await ask('GET', {}, rest);
    expect([answer.status, await bodyOfAnswer(answer)]).toEqual([200, 'onetwo']);
    expect(answer.fields).toContain('Set-Cookie');
    await settle();
    await bodyOfAnswer(await ask('GET', {}, rest));
    expect(asked.at(-1)).toEqual({ Range: 'bytes=3-', 'If-Range': '"1"' });
  });
});
