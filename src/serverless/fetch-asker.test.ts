import { expect, it } from 'vitest';
import { createFetchAsker } from './fetch-asker.ts';

const REQUEST = { method: 'GET', fields: [], signal: new AbortController().signal };

it('what is asked behind an answer is under way until its content is gone', async () => {
  let give = (_: Response) => {};
  const asker = createFetchAsker(() => new Promise((resolve) => (give = resolve)));
  const { ask } = asker.open({ connections: 1, connectMs: 1_000 });
  expect(asker.underWay()).toBeNull();
  const asked = ask(new URL('https://authority.test/'), REQUEST);
  await Promise.resolve();
  const underWay = asker.underWay();
  expect(underWay).not.toBeNull();
  give(new Response('a content'));
  const response = await asked;
  expect(asker.underWay()).not.toBeNull();
  await response.discard(1_000);
  await underWay;
  expect(asker.underWay()).toBeNull();
});

it('what fails is under way no longer', async () => {
  const asker = createFetchAsker(() => Promise.reject(new TypeError('fetch failed')));
  await expect(
    asker.open({ connections: 1, connectMs: 1_000 }).ask(new URL('https://authority.test/'), REQUEST),
  ).rejects.toThrow();
  expect(asker.underWay()).toBeNull();
});
