import { describe, expect, it } from 'vitest';
import { keySlot } from './key-slot.ts';

// Expected slots: `CLUSTER KEYSLOT` of Valkey 8.
describe('keySlot', () => {
  it.each([
    ['123456789', 12_739],
    ['', 0],
    ['foo', 12_182],
    ['{foo}:bar', 12_182],
    ['foo{}bar', 14_292],
    ['ключ', 10_303],
  ])('of "%s" is %i', (key, slot) => {
    expect(keySlot(key)).toBe(slot);
  });
});
