import { describe, expect, it } from 'vitest';
import { createStoreKeys } from '../store/keys.ts';
import { createSessionPresenter, type SessionPresenterOptions } from './presented-session.ts';

const keys = createStoreKeys('', 'secret');
const presenter = (options: Partial<SessionPresenterOptions> = {}) =>
  createSessionPresenter({ service: 'api', authority: '', keys, idInKey: 'plain', ...options });

describe('a presented session', () => {
  it('has its id in the key, or a keyed hash of it', () => {
    expect(presenter()('abc')!.storeKey).toBe('session:abc');
    expect(presenter({ idInKey: 'hashed' })('abc')!.storeKey).toBe(`session:${keys.hash('abc')}`);
    expect(presenter({ withIdentity: true, authority: 'a1' })('abc')!.storeKey).toBe('verdict:a1:abc');
  });

  it('is another with other values, and shows neither them nor its id in the key', () => {
    const present = presenter({ forwards: true });
    const [plain, a, b] = [
      present('abc')!,
      present('abc', ['x-tenant', 'a'])!,
      present('abc', ['x-tenant', 'b'])!,
    ];
    expect(plain.storeKey).toBe(`session:${keys.hash('abc')}`);
    expect(new Set([plain, a, b].map(({ storeKey }) => storeKey)).size).toBe(3);
    expect(a.storeKey).toMatch(/^session:[\w-]{22}$/);
    expect(a.forwarded).toEqual(['x-tenant', 'a']);
    // One caller's rate, whatever is sent along; and one tag, by which all of it is forgotten.
    expect(new Set([plain, a, b].map(({ rateLimitKey }) => rateLimitKey)).size).toBe(1);
    expect(new Set([plain, a, b].map(({ tag }) => tag)).size).toBe(1);
    expect(present('abd')!.tag).not.toBe(a.tag);
  });

  it('is never another’s because its id is the name of their key', () => {
    const present = presenter({ forwards: true });
    const [, digest = ''] = present('abc', ['x-tenant', 'a'])!.storeKey.split(':');
    expect(present(digest)!.storeKey).not.toBe(`session:${digest}`);
    const { storeKey } = presenter({ authority: 'kX3v9aQ1' })('abc')!;
    expect(presenter()('kX3v9aQ1:abc')!.storeKey).not.toBe(storeKey);
    expect(presenter({ authority: 'kX3v9aQ1' })('a:b')!.storeKey).toBe('session:kX3v9aQ1:a:b');
  });

  it('is not another’s because values run into each other', () => {
    const present = presenter({ forwards: true });
    const forms = [
      ['x', 'a', 'y', 'b'],
      ['x', 'a,y', 'b', ''],
      ['x', 'a","y', 'y', 'b'],
      ['x', 'ayb'],
    ];
    const found = forms.map((forwarded) => present('abc', forwarded)!.storeKey);
    expect(new Set(found).size).toBe(forms.length);
  });

  it('has no tag where it can have one verdict alone', () => {
    expect(presenter()('abc')!.tag).toBeNull();
  });

  it('is the same object for the same id and values', () => {
    const present = presenter();
    expect(present('abc', ['x', 'a'])).toBe(present('abc', ['x', 'a']));
    expect(present('abc')).toBe(present('abc', []));
  });

  it('is none with a malformed id', () => {
    expect([presenter()('a'.repeat(257)), presenter()('a b'), presenter()('')]).toEqual([null, null, null]);
  });
});

describe('a presented token', () => {
  const present = presenter({ secret: 'token' });

  it('may have 4096 characters', () => {
    expect(present('a'.repeat(4096))).not.toBeNull();
    expect(present('a'.repeat(4097))).toBeNull();
  });

  it('is shown by a digest, and is in no key', () => {
    const [one, two] = [present('eyJhbGciOiJFUzI1NiJ9.a.b')!, present('eyJhbGciOiJFUzI1NiJ9.a.c')!];
    expect(one.shownId).toMatch(/^[\w-]{8}$/);
    expect(one.shownId).not.toBe(two.shownId);
    expect(one.id).not.toContain(one.shownId);
    expect(one.storeKey).toBe(`session:${keys.hash(one.id)}`);
  });
});
