import { isToken } from './token.ts';

/**
 * The value of a request field in a form that values of the same meaning share. Those of content negotiation
 * (RFC 9110 §12.5) are sorted by weight and then, but for `Accept`, by name; without white space, in lower case, each
 * weight written in the shortest way. Of others, and of what is malformed, only the white space around commas goes.
 * Never longer than the value. Never throws.
 */
export function normalisedPreference(lowerFieldName: string, value: string): string {
  const field = NEGOTIATION_FIELDS.get(lowerFieldName);
  return field === undefined ? withoutListSpace(value) : remembered(field, value);
}

// Clients send few values over and over, so what each comes to is remembered, within bounds.
const MAX_REMEMBERED = 256;
const MAX_REMEMBERED_LENGTH = 256;

function remembered(field: NegotiationField, value: string): string {
  const { known } = field;
  const before = known.get(value);
  if (before !== undefined) return before;
  const normalised = negotiated(value, field) ?? withoutListSpace(value);
  if (value.length > MAX_REMEMBERED_LENGTH) return normalised;
  if (known.size === MAX_REMEMBERED) known.clear();
  known.set(value, normalised);
  return normalised;
}

// White space around commas means nothing in a list (RFC 9110 §5.6.1); within quotes it may.
function withoutListSpace(value: string): string {
  if (value.includes('"') || !value.includes(',')) return value.trim();
  return value
    .split(',')
    .map((member) => member.trim())
    .join(',');
}

/** One member: what is preferred, and how much, from 0 (not acceptable) to 1. */
interface Preference {
  readonly name: string;
  readonly weight: number;
}

type PreferenceParser = (range: string, parameters: readonly string[]) => Preference | undefined;

interface NegotiationField {
  readonly parse: PreferenceParser;
  /** Whether origins choose the first among members of one weight. */
  readonly ordered: boolean;
  /** Normalised values by the values they were received as. */
  readonly known: Map<string, string>;
}

const NEGOTIATION_FIELDS: ReadonlyMap<string, NegotiationField> = new Map([
  ['accept', { parse: parseMediaRange, ordered: true, known: new Map() }],
  ['accept-charset', { parse: parseName, ordered: false, known: new Map() }],
  ['accept-encoding', { parse: parseCoding, ordered: false, known: new Map() }],
  ['accept-language', { parse: parseName, ordered: false, known: new Map() }],
]);

/** `undefined` when a member is malformed, or one is weighed in two ways: what a recipient makes of it is its own. */
function negotiated(value: string, { parse, ordered }: NegotiationField): string | undefined {
  if (value.includes('"')) return undefined;
  const weights = new Map<string, number>();
  for (const member of value.split(',')) {
    if (member.trim() === '') continue;
    const [range, ...parameters] = member.split(';').map((part) => part.trim());
    const found = parse(range!, parameters);
    if (found === undefined) return undefined;
    const known = weights.get(found.name);
    if (known !== undefined && known !== found.weight) return undefined;
    weights.set(found.name, found.weight);
  }
  return formatPreferences(weights, ordered);
}

// By the standard the order says nothing (for languages RFC 9110 §12.5.4 has it that it can't be relied upon). But of
// media types of one weight origins choose the first (Express, Django REST framework), and equal weights are common.
function formatPreferences(weights: ReadonlyMap<string, number>, ordered: boolean): string {
  return [...weights]
    .sort(([name, weight], [otherName, other]) => other - weight || (ordered ? 0 : name < otherName ? -1 : 1))
    .map(([name, weight]) => (weight === 1 ? name : `${name};q=${weight}`))
    .join(',');
}

function parseName(name: string, parameters: readonly string[]): Preference | undefined {
  const weight = parameters.length === 0 ? 1 : weightOf(parameters[0]!);
  if (parameters.length > 1 || weight === undefined || !isToken(name)) return undefined;
  return { name: name.toLowerCase(), weight };
}

// Two codings have two names (RFC 9110 §8.4.1.1, §8.4.1.3).
const CODING_ALIASES: ReadonlyMap<string, string> = new Map([
  ['x-compress', 'compress'],
  ['x-gzip', 'gzip'],
]);

function parseCoding(range: string, parameters: readonly string[]): Preference | undefined {
  const found = parseName(range, parameters);
  return found && { name: CODING_ALIASES.get(found.name) ?? found.name, weight: found.weight };
}

/** The weight may stand anywhere among the parameters (RFC 9110 §12.5.1), whose values may depend on their case. */
function parseMediaRange(range: string, parameters: readonly string[]): Preference | undefined {
  const [type, subtype, ...more] = range.split('/');
  if (!isToken(type!) || !isToken(subtype ?? '') || more.length > 0) return undefined;
  let name = range.toLowerCase();
  let weight: number | undefined;
  for (const parameter of parameters) {
    if (parameter === '') continue;
    if (/^q=/i.test(parameter)) {
      const found = weightOf(parameter);
      if (found === undefined || weight !== undefined) return undefined;
      weight = found;
    } else {
      const [key, argument, ...others] = parameter.split('=');
      if (!isToken(key!) || !isToken(argument ?? '') || others.length > 0) return undefined;
      name += `;${key!.toLowerCase()}=${argument}`;
    }
  }
  return { name, weight: weight ?? 1 };
}

const WEIGHT = /^q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)$/i;

function weightOf(parameter: string): number | undefined {
  const match = WEIGHT.exec(parameter);
  return match === null ? undefined : Number(match[1]);
}
