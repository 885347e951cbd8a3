import * as z from 'zod';
import { accepts, acceptsSecret } from './accepted.ts';
import { isOfForm, type TextForm } from './text-forms.ts';

export const DAY_SECONDS = 86_400;
export const YEAR_SECONDS = 31_536_000;

/** A whole number in a range; `unit` reads as in `a whole number of seconds`. */
export function wholeNumber(unit: string, min: number, max: number) {
  const noun = unit === '' ? 'a whole number' : `a whole number of ${unit}`;
  return accepts(z.int().min(min).max(max), `${noun} from ${min} to ${max}`);
}

export function flag() {
  return accepts(z.boolean(), 'true or false');
}

export function choice<const Values extends readonly [string, ...string[]]>(values: Values) {
  const last = values.length - 1;
  return accepts(z.enum(values), `${values.slice(0, last).join(', ')} or ${values[last]}`);
}

export function patterned(pattern: RegExp, accepted: string) {
  return accepts(z.string().regex(pattern), accepted);
}

// What `Authorization: Bearer` can carry (RFC 6750, section 2.1).
const BEARER_TOKEN = /^(?=.{16,1024}$)[A-Za-z0-9._~+/-]+=*$/;

export function bearerToken() {
  return acceptsSecret(
    z.string().regex(BEARER_TOKEN),
    'a secret of 16 to 1024 characters of A-Z, a-z, 0-9, -, ., _, ~, + and /, with = at its end only',
  );
}

export function text(isValid: (text: string) => boolean, accepted: string) {
  return accepts(z.string().refine(isValid), accepted);
}

/** As `text`, for what can be checked where there is no schema as well. */
export function formed(form: TextForm, accepted: string) {
  return accepts(
    z.string().refine((found) => isOfForm(form, found)),
    accepted,
    form,
  );
}

/** A block that can be switched off by the word `off`. */
export function orOff<Block extends z.ZodType>(block: Block, accepted: string) {
  return accepts(z.union([z.literal('off'), block]), `off, or ${accepted}`);
}

export function listOf<Entry extends z.ZodType>(entry: Entry, accepted: string) {
  return accepts(z.array(entry), `a list of ${accepted}`);
}
