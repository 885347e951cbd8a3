import { describe, expect, it } from 'vitest';
import { createFormat } from './format.ts';

const english = createFormat('en-US', 'UTC');
const german = createFormat('de-DE', 'Europe/Berlin');

describe('figures for people', () => {
  it.each([
    [0, '0 sec', '0 Sek.'],
    [0.25, '0.25 sec', '0,25 Sek.'],
    [9.96, '10 sec', '10 Sek.'],
    [59.4, '59 sec', '59 Sek.'],
    [59.6, '1 min', '1 Min.'],
    [3_599.6, '1 hr', '1 Std.'],
    [3_725, '1 hr 2 min', '1 Std. 2 Min.'],
    [200_000, '2 days 7 hr', '2 Tg. 7 Std.'],
  ])('%d seconds', (seconds, inEnglish, inGerman) => {
    expect(english.duration(seconds)).toBe(inEnglish);
    expect(german.duration(seconds).replaceAll('\u00a0', ' ')).toBe(inGerman);
  });

  it.each([
    [0, '0 ms'],
    [0.000_12, '0.12 ms'],
    [0.0123, '12.3 ms'],
    [0.25, '250 ms'],
    [0.9997, '1 sec'],
    [2.34, '2.3 sec'],
  ])('a latency of %d seconds', (seconds, text) => expect(english.latency(seconds)).toBe(text));

  it.each([
    [0, '0 B'],
    [1_023, '1,023 B'],
    [1_024, '1 KiB'],
    [12_345_678, '11.8 MiB'],
    [5 * 1024 ** 4, '5 TiB'],
    [5 * 1024 ** 6, '5,120 PiB'],
  ])('%d bytes', (count, text) => expect(english.bytes(count)).toBe(text));

  it('shares, rates, numbers and instants', () => {
    expect(english.percent(0.6667)).toBe('66.7%');
    expect([english.perSecond(2.44), english.perSecond(1_234.5)]).toEqual(['2.4/s', '1,235/s']);
    expect([english.number(1_234_567), german.number(1_234_567)]).toEqual(['1,234,567', '1.234.567']);
    expect(english.instant('2026-05-01T22:30:00.000Z')).toBe('May 1, 2026, 10:30:00 PM');
    expect(german.instant('2026-05-01T22:30:00.000Z')).toBe('02.05.2026, 00:30:00');
    expect(english.instant('soon')).toBe('soon');
  });
});
