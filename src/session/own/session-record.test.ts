import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkField,
  decodeRecord,
  encodeMoved,
  encodeRecord,
  movedTo,
  type SessionRecord,
  snapshot,
} from './session-record.ts';

const instant = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const records: fc.Arbitrary<SessionRecord> = fc.record({
  version: instant,
  user: fc.option(fc.string({ unit: 'binary', minLength: 1, maxLength: 128 })),
  roles: fc.array(fc.string({ minLength: 1 }), { maxLength: 32 }),
  createdAt: instant,
  seenAt: instant,
  endsAt: instant,
  // JSON has no negative zero.
  data: fc
    .dictionary(fc.string(), fc.jsonValue())
    .map((found) => new Map(Object.entries(JSON.parse(JSON.stringify(found))))),
});
const BLANK: SessionRecord = {
  ...{ version: 1, user: null, roles: [], createdAt: 1, seenAt: 1, endsAt: 2 },
  data: new Map(),
};

describe("a session's record", () => {
  it('comes back as it was', () => {
    fc.assert(
      fc.property(records, (record) => {
        expect(decodeRecord(encodeRecord(record))).toEqual(record);
      }),
    );
  });

  it('is frozen, and decoded once for each copy', () => {
    const bytes = encodeRecord({ ...BLANK, data: new Map([['a', { b: [1] }]]) });
    const record = decodeRecord(bytes)!;
    expect(decodeRecord(bytes)).toBe(record);
    expect(() => ((record.data.get('a') as { b: number[] }).b[0] = 2)).toThrow(TypeError);
  });

  it('is none of another form, of broken bytes or of other types', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void decodeRecord(Buffer.from(bytes))));
    const bytes = encodeRecord(BLANK);
    for (let length = 0; length < bytes.length; length++) {
      expect(decodeRecord(Buffer.from(bytes.subarray(0, length)))).toBeNull();
    }
    const later = Buffer.from(bytes);
    later[0] = 9;
    expect(decodeRecord(later)).toBeNull();
    const json = (text: string) => decodeRecord(Buffer.from(`\x01${text}`));
    expect(json('null')).toBeNull();
    expect(json('{"n":1,"u":"","r":[],"c":1,"t":1,"e":1,"d":{}}')).toBeNull();
    expect(json('{"n":1,"u":null,"r":[7],"c":1,"t":1,"e":1,"d":{}}')).toBeNull();
    expect(json('{"n":1,"u":null,"r":[],"c":1,"t":-1,"e":1,"d":{}}')).toBeNull();
    expect(json('{"n":1,"u":null,"r":[],"c":1,"t":1,"e":1,"d":[]}')).toBeNull();
    expect(json('{"n":1,"u":7,"r":[],"c":1,"t":1,"e":1,"d":{}}')).toBeNull();
    expect(json('{"n":1,"u":null,"r":{},"c":1,"t":1,"e":1,"d":{}}')).toBeNull();
    expect(json('{"n":1,"u":null,"r":[],"c":"1","t":1,"e":1,"d":{}}')).toBeNull();
  });

  it('says where a session has moved to', () => {
    expect(movedTo(encodeMoved('kid.digest'))).toBe('kid.digest');
    expect(movedTo(encodeRecord(BLANK))).toBeNull();
    expect(decodeRecord(encodeMoved('kid.digest'))).toBeNull();
  });
});

describe('a value', () => {
  it('is taken as JSON carries it, or refused', () => {
    fc.assert(
      fc.property(fc.anything({ withDate: true, withMap: true, withBigInt: true }), (value) => {
        let taken: unknown;
        try {
          taken = snapshot('f', value);
        } catch (error) {
          expect(error).toMatchObject({ code: 'ERR_SESSION_VALUE' });
          return;
        }
        expect(JSON.parse(JSON.stringify(taken))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('has a name', () => {
    checkField('a');
    checkField('x'.repeat(256));
    for (const name of ['', 'x'.repeat(257), 7 as never]) expect(() => checkField(name)).toThrow();
  });
});
