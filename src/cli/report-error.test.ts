import { describe, expect, it } from 'vitest';
import { ConfigError, faultAt } from '../config/fault.ts';
import { CachegateError } from '../errors.ts';
import { CommandFailure, Incomplete, NoAnswer } from './command-failure.ts';
import { reportError } from './report-error.ts';

function reported(error: unknown) {
  let text = '';
  const code = reportError(error, (line) => {
    text += line;
  });
  return { code, text };
}

describe('reportError', () => {
  it('has a line for each fault of a configuration, and 2', () => {
    const faults = [faultAt('a', [], 'missing', 'b'), faultAt(['c', 0], ['D'], 'not set', 'e')];
    expect(reported(new ConfigError(faults))).toEqual({
      code: 2,
      text: 'cachegate: a: missing; accepted: b\ncachegate: D (c[0]): not set; accepted: e\n',
    });
  });

  it('has 2 for a configuration that turns out bad at the start', () => {
    const error = new CachegateError('ERR_CONFIG_INVALID', 'tls: no certificate');
    expect(reported(error)).toEqual({ code: 2, text: 'cachegate: tls: no certificate\n' });
  });

  it('has 1 for a server that cannot listen', () => {
    const error = new CachegateError('ERR_SERVER_LISTEN', '127.0.0.1:80: the address is in use');
    expect(reported(error)).toEqual({ code: 1, text: 'cachegate: 127.0.0.1:80: the address is in use\n' });
  });

  it('has 1 for what a command could not do, and 3 for what it did in part', () => {
    expect(reported(new CommandFailure('a'))).toEqual({ code: 1, text: 'cachegate: a\n' });
    expect(reported(new NoAnswer('b'))).toEqual({ code: 1, text: 'cachegate: b\n' });
    expect(reported(new Incomplete('c\nd'))).toEqual({ code: 3, text: 'cachegate: c\ncachegate: d\n' });
  });

  it('has 1 and where it happened for what nobody expected', () => {
    const { code, text } = reported(new TypeError('broken'));
    expect(code).toBe(1);
    expect(text).toMatch(/^cachegate: unexpected error: TypeError: broken\ncachegate: +at /);
    expect(
      text
        .trimEnd()
        .split('\n')
        .every((line) => line.startsWith('cachegate: ')),
    ).toBe(true);
  });
});
