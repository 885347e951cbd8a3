import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { markedCopy } from '../store/mark.ts';
import {
  type Coding,
  decodePiece,
  decodeStoredForm,
  encodePiece,
  encodeStoredForm,
  type PackedBody,
  type StoredForm,
} from './stored-form.ts';

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
});

const packed: fc.Arbitrary<PackedBody> = fc.record({
  length: fc.nat(2 ** 26),
  coding: fc.constantFrom<(Coding | null)[]>(null, 'br', 'zstd'),
  bytes: fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes)),
  pieces: fc.constant(null),
});
const inPieces: fc.Arbitrary<PackedBody> = fc.record({
  length: fc.nat(2 ** 26),
  coding: fc.constantFrom<(Coding | null)[]>(null, 'br', 'zstd'),
  bytes: fc.constant(null),
  pieces: fc.record({
    id: fc.stringMatching(/^[\w-]{12}$/),
    count: fc.integer({ min: 1, max: 300 }),
    until: fc.integer({ min: 0, max: 2 ** 45 }),
  }),
});
const whole = fc.uint8Array({ maxLength: 500 }).map((bytes) => Buffer.from(bytes));
// Plain bytes beside the head are a Buffer, and nothing else.
const body = fc.oneof(
  whole,
  packed.filter(({ coding }) => coding !== null),
  inPieces,
);
const staleAt = fc.option(fc.integer({ min: 1, max: 2 ** 45 }));

describe('the stored form', () => {
  it('gives back what was put in', () => {
    fc.assert(
      fc.property(response, body, staleAt, (stored, body, staleAt) => {
        const form: StoredForm = { kind: 'response', response: stored, body, staleAt };
        expect(decodeStoredForm(encodeStoredForm(form))).toEqual(form);
      }),
    );
  });

  it('takes a mark where the store puts it, whatever is stored', () => {
    fc.assert(
      fc.property(response, body, (stored, body) => {
        const form: StoredForm = { kind: 'response', response: stored, body, staleAt: null };
        const marked = markedCopy(encodeStoredForm(form), 1_800_000_000_123)!;
        expect(decodeStoredForm(marked)).toEqual({ ...form, staleAt: 1_800_000_000_123 });
      }),
    );
    const variants: StoredForm = { kind: 'variants', generation: 'g1', nominated: [['accept']] };
    expect(decodeStoredForm(markedCopy(encodeStoredForm(variants), 5)!)).toEqual(variants);
    const piece = Buffer.from('piece');
    expect(decodePiece(markedCopy(encodePiece(piece), 5)!)).toEqual(piece);
  });

  it('tells a piece of a body from a response', () => {
    const piece = encodePiece(Buffer.from('a piece of a body that is long enough'));
    expect(decodeStoredForm(piece)).toBeNull();
    const form: StoredForm = { kind: 'variants', generation: 'g1', nominated: [['accept']] };
    expect(decodePiece(encodeStoredForm(form))).toBeNull();
    expect(decodePiece(encodePiece(Buffer.alloc(0)))).toEqual(Buffer.alloc(0));
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
    for (const version of [0, 1, 2, 4, 255]) {
      bytes[0] = version;
      expect(decodeStoredForm(bytes), String(version)).toBeNull();
    }
  });

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const damaged = Buffer.from([3, ...bytes]);
        decodeStoredForm(damaged);
        decodePiece(damaged);
      }),
    );
  });
});
