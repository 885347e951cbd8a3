import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { MAX_VALUE_BYTES } from '../store/store.ts';
import { assertRejects, type ContractCase, contractCase, MINUTE } from './contract-case.ts';

/** What every store must do with values, and with its own end. */
export const valueContract: readonly ContractCase[] = [
  contractCase('answers null for a key that is not there', async ({ store, key }) => {
    assert.deepEqual(await store.get([key('absent')]), [null]);
  }),

  contractCase('answers nothing when asked for nothing', async ({ store }) => {
    assert.deepEqual(await store.get([]), []);
    assert.equal(await store.delete([]), 0);
  }),

  contractCase('keeps a value, and says how long it still will', async ({ store, key }) => {
    assert.equal(await store.set(key('a'), Buffer.from('one'), MINUTE), true);
    const [value] = await store.get([key('a')]);
    assert.equal(value?.bytes.toString(), 'one');
    assert.ok(value.expiresInMs > 0 && value.expiresInMs <= MINUTE, `expiresInMs ${value.expiresInMs}`);
  }),

  contractCase(
    'answers in the order of the keys, the same key twice if asked twice',
    async ({ store, key }) => {
      await store.set(key('a'), Buffer.from('A'), MINUTE);
      await store.set(key('b'), Buffer.from('B'), MINUTE);
      const values = await store.get([key('b'), key('absent'), key('a'), key('b')]);
      assert.deepEqual(
        values.map((value) => value?.bytes.toString()),
        ['B', undefined, 'A', 'B'],
      );
    },
  ),

  contractCase('forgets a value when its time is over', async ({ store, key, advance }) => {
    await store.set(key('brief'), Buffer.from('x'), 50);
    await advance(51);
    assert.deepEqual(await store.get([key('brief')]), [null]);
    assert.equal(await store.delete([key('brief')]), 0);
  }),

  contractCase('does not lengthen the time of a value that is read', async ({ store, key, advance }) => {
    await store.set(key('a'), Buffer.from('x'), MINUTE);
    await advance(20);
    await store.get([key('a')]);
    const [value] = await store.get([key('a')]);
    assert.ok(value !== null && value !== undefined && value.expiresInMs <= MINUTE - 20);
  }),

  contractCase('replaces a value and its time', async ({ store, key, advance }) => {
    await store.set(key('a'), Buffer.from('old'), 50);
    assert.equal(await store.set(key('a'), Buffer.from('new'), MINUTE), true);
    await advance(51);
    const [value] = await store.get([key('a')]);
    assert.equal(value?.bytes.toString(), 'new');
  }),

  contractCase('with onlyIfAbsent, leaves what is there', async ({ store, key }) => {
    assert.equal(await store.set(key('a'), Buffer.from('first'), MINUTE, { onlyIfAbsent: true }), true);
    assert.equal(await store.set(key('a'), Buffer.from('second'), MINUTE, { onlyIfAbsent: true }), false);
    const [value] = await store.get([key('a')]);
    assert.equal(value?.bytes.toString(), 'first');
  }),

  contractCase('with onlyIfAbsent, writes where the time is over', async ({ store, key, advance }) => {
    await store.set(key('a'), Buffer.from('first'), 50);
    await advance(51);
    assert.equal(await store.set(key('a'), Buffer.from('second'), MINUTE, { onlyIfAbsent: true }), true);
  }),

  contractCase('with onlyIfAbsent, lets one of many at once write', async ({ store, key }) => {
    const writers = Array.from({ length: 20 }, async (_, i) =>
      store.set(key('a'), Buffer.from([i]), MINUTE, { onlyIfAbsent: true }),
    );
    assert.equal((await Promise.all(writers)).filter((written) => written).length, 1);
  }),

  contractCase('deletes, and counts what was there', async ({ store, key }) => {
    await store.set(key('a'), Buffer.from('A'), MINUTE);
    await store.set(key('b'), Buffer.from('B'), MINUTE);
    assert.equal(await store.delete([key('a'), key('absent'), key('b')]), 2);
    assert.deepEqual(await store.get([key('a'), key('b')]), [null, null]);
  }),

  contractCase('keeps every byte', async ({ store, key }) => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    await store.set(key('a'), bytes, MINUTE);
    const [value] = await store.get([key('a')]);
    assert.ok(value?.bytes.equals(bytes));
  }),

  contractCase('keeps an empty value', async ({ store, key }) => {
    await store.set(key('a'), Buffer.alloc(0), MINUTE);
    const [value] = await store.get([key('a')]);
    assert.equal(value?.bytes.length, 0);
  }),

  contractCase('keeps keys of any characters apart', async ({ store, key }) => {
    const names = ['é', 'e\u0301', 'a b', 'a\r\nb', '{a}b', '日本', '', '*'];
    for (const name of names) await store.set(key(name), Buffer.from(`<${name}>`), MINUTE);
    const values = await store.get(names.map(key));
    assert.deepEqual(
      values.map((value) => value?.bytes.toString()),
      names.map((name) => `<${name}>`),
    );
  }),

  contractCase('is not changed by what the caller does to its buffer later', async ({ store, key }) => {
    const bytes = Buffer.from('before');
    await store.set(key('a'), bytes, MINUTE);
    bytes.write('after!');
    const [value] = await store.get([key('a')]);
    assert.equal(value?.bytes.toString(), 'before');
  }),

  contractCase('keeps a value of a mebibyte', async ({ store, key }) => {
    const bytes = randomBytes(1024 * 1024);
    await store.set(key('a'), bytes, MINUTE);
    const [value] = await store.get([key('a')]);
    assert.ok(value?.bytes.equals(bytes));
  }),

  contractCase('refuses a value over the bound, and keeps the one before', async ({ store, key }) => {
    await store.set(key('a'), Buffer.from('small'), MINUTE);
    const tooLarge = Buffer.alloc(MAX_VALUE_BYTES + 1);
    await assertRejects(() => store.set(key('a'), tooLarge, MINUTE), 'ERR_STORE_VALUE_TOO_LARGE');
    const [value] = await store.get([key('a')]);
    assert.equal(value?.bytes.toString(), 'small');
  }),

  contractCase('answers many reads at once, each its own', async ({ store, key }) => {
    const names = Array.from({ length: 1200 }, (_, i) => `many-${i}`);
    await Promise.all(names.map((name) => store.set(key(name), Buffer.from(name), MINUTE)));
    const apart = await Promise.all(names.map((name) => store.get([key(name)])));
    assert.deepEqual(
      apart.map(([value]) => value?.bytes.toString()),
      names,
    );
    const together = await store.get(names.map(key));
    assert.deepEqual(
      together.map((value) => value?.bytes.toString()),
      names,
    );
  }),

  contractCase('answers a ping', async ({ store }) => {
    await store.ping();
  }),

  contractCase('fails every call after it was closed, and closes twice', async ({ store, key }) => {
    await store.close();
    await store.close();
    const rules = [{ limit: 1, windowMs: MINUTE }];
    await assertRejects(() => store.get([key('a')]), 'ERR_STORE_CLOSED');
    await assertRejects(() => store.set(key('a'), Buffer.from('x'), MINUTE), 'ERR_STORE_CLOSED');
    const [one, two] = [Buffer.from('one'), Buffer.from('two')];
    await assertRejects(() => store.replace(key('a'), one, two, MINUTE), 'ERR_STORE_CLOSED');
    await assertRejects(() => store.delete([key('a')]), 'ERR_STORE_CLOSED');
    await assertRejects(() => store.take(key('r'), rules), 'ERR_STORE_CLOSED');
    await assertRejects(() => store.begin(key('a')), 'ERR_STORE_CLOSED');
    await assertRejects(() => store.drop([key('a')]), 'ERR_STORE_CLOSED');
    await assertRejects(() => store.dropTagged([key('t')]), 'ERR_STORE_CLOSED');
    await assertRejects(() => store.ping(), 'ERR_STORE_CLOSED');
  }),

  contractCase('finishes what is under way when it is closed', async ({ store, key }) => {
    const answers = Promise.all([
      store.set(key('a'), Buffer.from('x'), 50),
      store.get([key('absent')]),
      store.take(key('r'), [{ limit: 1, windowMs: 50 }]),
    ]);
    await store.close();
    const [written, values, taken] = await answers;
    assert.equal(written, true);
    assert.deepEqual(values, [null]);
    assert.equal(taken.allowed, true);
  }),
];
