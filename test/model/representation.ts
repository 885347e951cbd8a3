import { scrambled } from './random.ts';

/** What a resource is in one version for one kind of request. */
export interface Representation {
  readonly body: string;
  readonly strongTag: string;
  /** Shared by two versions, so that it says little of the bytes. */
  readonly weakTag: string;
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz012345';

/** Bytes by which a representation, and every part of it of some length, is known. */
export function representationOf(resource: number, version: number, variant: string): Representation {
  let state = scrambled(resource * 7919 + version);
  for (let i = 0; i < variant.length; i++) state = scrambled(state ^ variant.charCodeAt(i));
  const length = 20 + (state % 60);
  let body = '';
  while (body.length < length) {
    state = scrambled(state + 1);
    for (let bits = state, i = 0; i < 6; i++, bits >>>= 5) body += LETTERS[bits & 31];
  }
  const label = `${resource}.${variant.replace(/[^a-z]/g, '')}`;
  return {
    body: body.slice(0, length),
    strongTag: `"${label}.${version}"`,
    weakTag: `W/"${label}.${version >> 1}"`,
  };
}
