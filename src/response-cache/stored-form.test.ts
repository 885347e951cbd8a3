import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeStoredForm, encodeStoredForm, type StoredForm } from './stored-form.ts';

// Field values hold any byte but NUL, CR and LF (RFC 9110 §5.5).
const byteText = fc.string({
  unit: fc
    .integer({ min: 1, max: 255 })
    .filter((code) => code !== 10 && code !== 13)
    .map((code) => String.fromCharCode(code)),
});
const token = fc.stringMatching(/^[A-Za-z0-9-]{1,20}$/);
const response = fc.record({
  status: fc.integer({ min: 200, max: 599 }),
  requestAt: fc.integer({ min: 0, max: 2 ** 45 }),
  responseAt: fc.integer({ min: 0, max: 2 ** 45 }),
  fields: fc.array(fc.tuple(token, byteText), { maxLength: 20 }).map((pairs) => pairs.flat()),
  body: fc.uint8Array({ maxLength: 500 }).map((bytes) => Buffer.from(bytes)),
});

const tags = fc.array(fc.stringMatching(/^[!-~]{1,20}$/), { maxLength: 5 });

describe('the stored form', () => {
  it('gives back what was put in', () => {
    fc.assert(
      fc.property(response, tags, (stored, tags) => {
        const form: StoredForm = { kind: 'response', response: stored, tags };
        expect(decodeStoredForm(encodeStoredForm(form))).toEqual(form);
      }),
    );
  });

  it('gives back the sets of nominated fields', () => {
    const form: StoredForm = {
      kind: 'variants',
      generation: 'g1',
      nominated: [['accept', 'accept-language'], ['cookie']],
    };
    expect(decodeStoredForm(encodeStoredForm(form))).toEqual(form);
  });

  it('takes another version for a miss', () => {
    const bytes = encodeStoredForm({ kind: 'variants', generation: 'g1', nominated: [['accept']] });
    for (const version of [0, 1, 3, 255]) {
      bytes[0] = version;
      expect(decodeStoredForm(bytes), String(version)).toBeNull();
    }
  });

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        decodeStoredForm(Buffer.from([2, ...bytes]));
      }),
    );
  });
});
