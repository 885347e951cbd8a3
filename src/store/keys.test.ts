import { describe, expect, it } from 'vitest';
import { createStoreKeys, isPieceKey } from './keys.ts';

const keys = createStoreKeys('site-a', 'secret');
const base = keys.response('records', 'GET records /a');

describe('the names of tags', () => {
  it.each(['news', 'page:12', 'a/b.c-d_e', 'x'.repeat(64)])('%s stands for itself', (name) => {
    expect(keys.tag(name)).toBe(`site-a:tag:{${name}}`);
  });

  it.each(['x'.repeat(65), 'a b', '{a}', 'a}', '@records:A', '>records:x', '#x', 'é', ''])(
    '%j stands as a digest, which no other name spells',
    (name) => {
      expect(keys.tag(name)).toMatch(/^site-a:tag:\{#[\w-]{22}\}$/);
    },
  );

  it('share the responses of a service among 64', () => {
    const all = keys.serviceTags('records');
    expect(new Set(all).size).toBe(64);
    for (let i = 0; i < 500; i++)
      expect(all).toContain(keys.serviceTag('records', keys.response('records', `${i}`)));
    expect(keys.serviceTags('record').some((tag) => all.includes(tag))).toBe(false);
  });

  it('say which target something is stored for', () => {
    expect(keys.targetTag(base)).toBe(base.replace('response:{', 'tag:{>'));
  });
});

it('counters and jobs that warm the cache are called by what they are', () => {
  expect(keys.statistics(3)).toBe('site-a:stats:{3}');
  expect(keys.hot('2027031509')).toBe('site-a:hot:{2027031509}');
  const job = keys.warm('a1');
  expect([job, keys.warmPart(job, 'items', 2)]).toEqual(['site-a:warm:{a1}', 'site-a:warm:{a1}:items:2']);
  expect(keys.warmTag()).toBe('site-a:tag:{~warm}');
});

it('pieces of a body lie in the slot of their response, and are told from all else', () => {
  const piece = keys.piece(base, 'id', 3);
  expect(piece).toBe(`${base}:body:id:3`);
  expect(isPieceKey(piece)).toBe(true);
  const others = [base, keys.variant(base, 'g', 'v'), keys.session('', 'a:body:b'), keys.tag('a:body:b')];
  expect(others.filter(isPieceKey)).toEqual([]);
});
