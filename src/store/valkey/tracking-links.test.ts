import { expect, it } from 'vitest';
import { confirmationNames } from './confirmations.ts';
import type { Masters } from './masters.ts';
import { createTrackingLinks } from './tracking-links.ts';

it('knows of no confirmation while others may know other masters yet', async () => {
  const masters: Masters = { all: [], complete: true, of: () => undefined, release: () => {} };
  const links = createTrackingLinks({
    masters,
    prefixes: [],
    namesOf: (tag) => confirmationNames('', tag),
    onKey: () => {},
    onLost: () => {},
    onChange: () => {},
    random: () => 0,
  });
  await links.confirmed();
  links.follow();
  await expect(links.confirmed()).rejects.toThrow('The masters have just changed');
  await links.close();
});
