import { isOfForm } from '../config/text-forms.ts';
import type { Acceptable } from './compiled-config.ts';

/** Whether a value may stand where that is acceptable. Entries of a list are another matter. */
export function fits(value: unknown, acceptable: Acceptable): boolean {
  if (acceptable.kind === 'list') return Array.isArray(value) && isWithin(value.length, acceptable);
  if (isOpen(acceptable)) return true;
  if (typeof value === 'number') return Number.isSafeInteger(value) && isWithinBoth(value, acceptable);
  if (typeof value === 'boolean') return acceptable.kind === 'boolean';
  return typeof value === 'string' && textFits(value, acceptable);
}

function isOpen({ accepted, min, choices, pattern, form }: Acceptable): boolean {
  return [accepted, min, choices, pattern, form].every((said) => said === undefined);
}

function isWithin(found: number, { min = -Infinity, max = Infinity }: Acceptable): boolean {
  return found >= min && found <= max;
}

/** A number is only where a range says of which. */
function isWithinBoth(found: number, acceptable: Acceptable): boolean {
  return acceptable.min !== undefined && isWithin(found, acceptable);
}

function textFits(text: string, { choices, pattern, flags, form }: Acceptable): boolean {
  if (choices?.includes(text)) return true;
  if (form !== undefined) return isOfForm(form, text);
  return pattern !== undefined && new RegExp(pattern, flags).test(text);
}
