import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { createLog, logThrough, setLoggingLevel } from './log.ts';
import { shownError } from './shown-error.ts';

function capture() {
  const lines: string[] = [];
  return {
    destination: { write: (line: string) => void lines.push(line) },
    text: () => lines.join(''),
    record: () => JSON.parse(lines.at(-1)!) as Record<string, unknown>,
  };
}

const SECRET = 'a-very-secret-value';

describe('the log', () => {
  it('is JSON with levels as numbers, and says whose it is', () => {
    const { destination, record } = capture();
    createLog({ level: 'aggregate', destination }).info({ a: 1 }, 'text');
    expect(record()).toMatchObject({
      level: 30,
      name: 'cachegate',
      a: 1,
      msg: 'text',
      time: expect.any(Number),
    });
  });

  it.each([
    ['detailed', true, true],
    ['aggregate', true, true],
    ['minimal', false, true],
  ] as const)('at %s shows info: %s, warnings: %s', (level, info, warn) => {
    const log = createLog({ level, destination: capture().destination });
    expect([log.isLevelEnabled('info'), log.isLevelEnabled('warn')]).toEqual([info, warn]);
  });

  it.each([
    [{ password: SECRET }],
    [{ Authorization: SECRET }],
    [{ a: { b: { c: { 'Set-Cookie': [SECRET] } } } }],
    [{ headers: { 'x-api-key': SECRET, 'X-Wagtail-Session': SECRET } }],
    [{ rawHeaders: ['Cookie', SECRET, 'Accept', '*/*'] }],
    [{ pairs: [['authorization', SECRET]] }],
    [{ session_secrets: [SECRET], cookies: { id: SECRET } }],
    [{ url: new URL(`http://user:${SECRET}@host/?${SECRET}`) }],
    [{ body: Buffer.from(SECRET) }],
    [{ a: { b: { c: { d: { e: { f: { g: SECRET } } } } } } }],
    [{ reason: Object.assign(new Error('no'), { command: { args: [SECRET] }, request: { path: SECRET } }) }],
    [{ err: new Error('outer', { cause: new TypeError(`Invalid URL http://u:${SECRET}@h/`) }) }],
  ])('hides secrets by their names, however deep: %j', (fields) => {
    const { destination, text } = capture();
    const log = createLog({ level: 'detailed', destination });
    log.info(fields, 'text');
    log.child(fields).info('text');
    expect(text()).not.toContain(SECRET);
    expect(text()).not.toContain(Buffer.from(SECRET).toString('base64'));
  });

  it('shows all the rest, and changes nothing of what it was given', () => {
    const { destination, record } = capture();
    const fields = {
      a: [1, { b: 'c' }],
      token: 'x',
      at: new Date(0),
      services: { token: { hits: 1, name: 'x' } },
    };
    createLog({ level: 'detailed', destination }).info(fields, 'text');
    expect(record()).toMatchObject({
      a: [1, { b: 'c' }],
      token: '[redacted]',
      at: '1970-01-01T00:00:00.000Z',
      services: { token: { hits: 1, name: '[redacted]' } },
    });
    expect(fields.token).toBe('x');
  });

  it('bounds what is shown of something large or without end', () => {
    const { destination, text } = capture();
    const endless: Record<string, unknown> = { list: Array.from({ length: 10_000 }, (_, i) => ({ i })) };
    endless.self = endless;
    createLog({ level: 'detailed', destination }).info(endless, 'text');
    expect(text().length).toBeLessThan(20_000);
  });

  it('makes no text of an error that is logged by itself', () => {
    const { destination, record } = capture();
    createLog({ level: 'detailed', destination }).error(new Error(`to http://u:${SECRET}@h/?a=b`));
    expect(record()).toMatchObject({ msg: 'to http://h/?…', err: { message: 'to http://h/?…' } });
  });
});

describe('another level by a reload', () => {
  it('is followed by a log that was made here, and by its children', () => {
    const { destination } = capture();
    const log = createLog({ level: 'minimal', destination });
    for (const each of [log.child({ worker: 1 }), logThrough(log.child({})), log]) {
      const shown = (['aggregate', 'minimal', 'detailed', 'minimal'] as const).map((level) => {
        setLoggingLevel(each, level);
        return each.level;
      });
      expect(shown).toEqual(['info', 'warn', 'info', 'warn']);
    }
  });

  it('is nothing to an application’s own log', () => {
    const log = logThrough(pino({ level: 'debug' }, capture().destination));
    for (const level of ['minimal', 'aggregate', 'minimal'] as const) setLoggingLevel(log, level);
    expect(log.level).toBe('debug');
  });
});

describe('an application’s own log', () => {
  it('is told of errors safely too, and keeps its level', () => {
    const { destination, text } = capture();
    const given = pino({ level: 'info' }, destination);
    const log = logThrough(given);
    const err = Object.assign(new Error(`to http://u:${SECRET}@h/`), { command: { args: [SECRET] } });
    log.error({ err }, 'text');
    log.error({ err: shownError(err) }, 'text');
    given.error({ err: shownError(err) }, 'text');
    expect(text()).not.toContain(SECRET);
    given.level = 'debug';
    log.debug('seen');
    expect(text()).toContain('"msg":"seen"');
  });
});

describe('an error as it is shown', () => {
  it('has its name, code, text, places and causes', () => {
    const cause = Object.assign(new TypeError('inner'), { code: 'ECONNRESET' });
    expect(shownError(new RangeError('outer\n    at secret', { cause }))).toEqual({
      type: 'RangeError',
      message: 'outer\n    at secret',
      stack: expect.stringMatching(/^ {4}at .*log\.test\.ts:\d+:\d+/),
      cause: { type: 'TypeError', code: 'ECONNRESET', message: 'inner', stack: expect.any(String) },
    });
  });

  it.each(['{"a": secret-0123}', 'secret-0123', '{"secret-0123'])(
    'hides what a parser quotes of %j',
    (text) => {
      let error: unknown;
      try {
        JSON.parse(text);
      } catch (thrown) {
        error = thrown;
      }
      expect(JSON.stringify(shownError(error))).not.toContain('secret');
    },
  );

  it.each([
    ['text', { type: 'string', message: 'text' }],
    [undefined, { type: 'undefined', message: 'undefined' }],
    [{ token: 'x' }, { type: 'object', message: 'not an error' }],
  ])('may be something else that was thrown: %j', (thrown, shown) => {
    expect(shownError(thrown)).toEqual(shown);
  });

  it('stays as it is when it was shown before', () => {
    const shown = shownError(new Error('x'));
    expect(shownError(shown)).toBe(shown);
  });
});
