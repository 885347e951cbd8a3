import fc from 'fast-check';

// Windows far longer than a run takes, so that no key's real time to live is over within it.
const rule = fc.record({
  limit: fc.oneof(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 30, max: 60 }), fc.constant(1_000_000)),
  windowMs: fc.integer({ min: 600_000, max: 90_000_000 }),
});

export const rateRules = fc.array(rule, { minLength: 1, maxLength: 3 });

/** How far time goes, as a part of the longest window; also back. */
export const partOfWindow = fc.oneof(
  fc.constant(0),
  fc.double({ min: 0, max: 0.02, noNaN: true }),
  fc.double({ min: -0.1, max: 0.6, noNaN: true }),
  fc.constant(-3),
);
