import { Readable } from 'node:stream';
import { describe, expect, it, vi } from 'vitest';
import type { DispatchController, DispatchHandler } from './interceptor-dispatch.ts';
import { type Delivery, Recipient } from './interceptor-recipient.ts';

type Kind = 'new' | 'old';
const KINDS: Kind[] = ['new', 'old'];

interface Wishes {
  readonly throwsAt?: string;
  readonly pausesAt?: readonly string[];
}

/** A handler of either kind, and what it was told. */
function handlerOf(kind: Kind, { throwsAt, pausesAt = [] }: Wishes = {}) {
  const told: string[] = [];
  const held: { resume: () => void; abort: (reason?: Error) => void } = { resume() {}, abort() {} };
  const tell = (what: string): boolean => {
    told.push(what);
    if (what === throwsAt) throw new Error(`thrown at ${what}`);
    return !pausesAt.includes(what);
  };
  const hold = (controller: DispatchController) => {
    held.resume = () => controller.resume();
    held.abort = (reason) => controller.abort(reason!);
  };
  const handlers: Record<Kind, DispatchHandler> = {
    new: {
      onRequestStart: (controller) => {
        hold(controller);
        tell('start');
      },
      onResponseStart: (controller, status, headers, text) => {
        if (!tell(`head ${status} ${text} ${JSON.stringify(headers)}`)) controller.pause();
      },
      onResponseData: (controller, chunk) => {
        if (!tell(`data ${chunk}`)) controller.pause();
      },
      onResponseEnd: (_, trailers) => void tell(`end ${JSON.stringify(trailers)}`),
      onResponseError: (_, error) => void tell(`error ${error.message}`),
    },
    old: {
      onConnect: (abort) => {
        held.abort = abort;
        tell('start');
      },
      onHeaders: (status, raw, resume, text) => {
        held.resume = resume;
        const headers = { [String(raw[0]).toLowerCase()]: String(raw[1]) };
        return tell(`head ${status} ${text} ${JSON.stringify(headers)}`);
      },
      onData: (chunk) => tell(`data ${chunk}`),
      onComplete: (raw) => {
        const trailers = raw.length === 0 ? {} : { [String(raw[0])]: String(raw[1]) };
        tell(`end ${JSON.stringify(trailers)}`);
      },
      onError: (error) => void tell(`error ${error.message}`),
    },
  };
  return { handler: handlers[kind], told, held };
}

const HEAD = 'head 200 OK {"a":"b"}';
const answer = (body: Delivery['body'], trailers?: Delivery['trailers']): Delivery => {
  const delivery = { status: 200, statusText: 'OK', fields: ['A', 'b'], body };
  return trailers === undefined ? delivery : { ...delivery, trailers };
};

function start(kind: Kind, wishes?: Wishes) {
  const { handler, told, held } = handlerOf(kind, wishes);
  const aborted = vi.fn();
  const recipient = new Recipient(handler, aborted);
  recipient.start({});
  return { recipient, told, held, aborted };
}

const turns = () => new Promise((resolve) => setTimeout(resolve, 5));

describe.each(KINDS)('a handler of the %s kind', (kind) => {
  it('is told of an answer in order, and of its end once', async () => {
    const { recipient, told, held } = start(kind);
    recipient.deliver(answer(Readable.from([Buffer.from('1'), Buffer.from('2')]), () => ['x', '3']));
    await expect.poll(() => told).toEqual(['start', HEAD, 'data 1', 'data 2', 'end {"x":"3"}']);
    recipient.fail(new Error('too late'));
    held.abort(new Error('too late too'));
    expect(told).toHaveLength(5);
  });

  it('takes a content in one piece, or none', () => {
    const whole = start(kind);
    whole.recipient.deliver(answer(Buffer.from('all')));
    expect(whole.told).toEqual(['start', HEAD, 'data all', 'end {}']);
    const none = start(kind);
    none.recipient.deliver(answer(null));
    expect(none.told).toEqual(['start', HEAD, 'end {}']);
  });

  it('is told of a content that broke off before it was handed on', async () => {
    const body = Readable.from([Buffer.from('1')]).on('error', () => {});
    body.destroy(new Error('cut'));
    await turns();
    const { recipient, told } = start(kind);
    recipient.deliver(answer(body));
    expect(told).toEqual(['start', HEAD, 'error cut']);
  });

  it('is waited for', async () => {
    const pausesAt = [HEAD, 'data 1', 'data 2'];
    for (const body of [Readable.from([Buffer.from('1'), Buffer.from('2')])]) {
      const { recipient, told, held } = start(kind, { pausesAt });
      recipient.deliver(answer(body));
      for (const expected of [['start', HEAD], ['data 1'], ['data 2'], ['end {}']]) {
        await expect.poll(() => told.slice(-expected.length)).toEqual(expected);
        await turns();
        expect(told.at(-1)).toBe(expected.at(-1));
        held.resume();
      }
    }
    const { recipient, told, held } = start(kind, { pausesAt: [HEAD, 'data all'] });
    recipient.deliver(answer(Buffer.from('all')));
    expect(told).toEqual(['start', HEAD]);
    held.resume();
    expect(told.at(-1)).toBe('data all');
    held.resume();
    expect(told.at(-1)).toBe('end {}');
  });

  it('may give up before an answer, or in the middle of one', async () => {
    const before = start(kind);
    before.held.abort(new Error('enough'));
    const body = Readable.from([Buffer.from('1')]);
    before.recipient.deliver(answer(body));
    expect(before.told).toEqual(['start', 'error enough']);
    expect(body.destroyed).toBe(true);
    expect(before.aborted).toHaveBeenCalledExactlyOnceWith(new Error('enough'));

    const within = start(kind);
    const endless = new Readable({ read() {} });
    endless.push('1');
    within.recipient.deliver(answer(endless));
    await expect.poll(() => within.told.at(-1)).toBe('data 1');
    within.held.abort();
    expect(within.told.at(-1)).toBe('error Request aborted');
    expect(endless.destroyed).toBe(true);
    expect(within.aborted).toHaveBeenCalledOnce();
  });

  it.each(['start', HEAD, 'data 1'])('that throws at %s is not told more but that', async (throwsAt) => {
    const { recipient, told, aborted } = start(kind, { throwsAt });
    recipient.deliver(answer(Readable.from([Buffer.from('1')])));
    await expect.poll(() => told.at(-1)).toBe(`error thrown at ${throwsAt}`);
    await turns();
    expect(told.filter((what) => what.startsWith('error'))).toHaveLength(1);
    expect(aborted).toHaveBeenCalledOnce();
  });

  it('that throws at the end, or at an error, troubles nobody', () => {
    const atEnd = start(kind, { throwsAt: 'end {}' });
    atEnd.recipient.deliver(answer(null));
    expect(atEnd.told.at(-1)).toBe('error thrown at end {}');
    const atError = start(kind, { throwsAt: 'error x' });
    expect(() => atError.recipient.fail(new Error('x'))).not.toThrow();
  });

  it('is told of interim responses until there is an answer', () => {
    const { recipient, told } = start(kind);
    recipient.inform(103, ['A', 'b'], 'Early Hints');
    recipient.deliver(answer(null));
    recipient.inform(103, ['A', 'b'], 'Late Hints');
    expect(told).toEqual(['start', 'head 103 Early Hints {"a":"b"}', HEAD, 'end {}']);
  });

  it('is told of a content that breaks off', async () => {
    const { recipient, told } = start(kind);
    const body = new Readable({ read() {} });
    recipient.deliver(answer(body));
    body.destroy();
    await expect.poll(() => told.at(-1)).toBe('error Request aborted');
    const other = start(kind);
    const failing = new Readable({ read() {} });
    other.recipient.deliver(answer(failing));
    failing.destroy(new Error('broken'));
    await expect.poll(() => other.told.at(-1)).toBe('error broken');
  });
});
