import * as z from 'zod';
import type { Acceptable } from '../compiled/compiled-config.ts';
import { leafOf } from './accepted.ts';
import type { Path } from './path.ts';
import { scalarLike } from './reread.ts';
import { configSchema } from './schema.ts';
import { expectationAt, layersOf, schemasAt } from './schema-lookup.ts';

type Schema = z.core.$ZodType;
type Parts = Omit<Acceptable, 'kind' | 'accepted' | 'fallback'>;

/**
 * What the schema lets stand at a path, for where there is no schema; `null` where it can't be said without.
 * @param referenced the default of the reference there, which tells the type where the schema leaves it open
 */
export function acceptableAt(path: Path, referenced: string): Acceptable | null {
  const { accepted, fallback, scalar } = expectationAt(configSchema, path);
  const layers = schemasAt(configSchema, path).flatMap(layersOf);
  const words = { ...(accepted !== undefined && { accepted }), ...(fallback !== undefined && { fallback }) };
  if (isOpen(layers)) return { kind: scalarLike(referenced), ...words };
  const list = layers.find((layer) => layer instanceof z.ZodArray);
  if (list !== undefined && scalar === undefined && !layers.some((layer) => layer instanceof z.ZodLiteral)) {
    const each = acceptableAt([...path, 0], '');
    return each && { kind: 'list', ...lengthsOf(list), each, ...words };
  }
  const parts = partsOf(layers);
  return parts && { kind: scalar ?? 'text', ...parts, ...words };
}

function isOpen(layers: readonly Schema[]): boolean {
  return layers.some((layer) => layer instanceof z.ZodUnknown);
}

/** `null` where a layer checks what can't be written down, or nothing of a text could stand there. */
function partsOf(layers: readonly Schema[]): Parts | null {
  const form = layers.map((layer) => leafOf(layer)?.form).find((found) => found !== undefined);
  const found = layers.map((layer) => partOf(layer, form !== undefined));
  if (found.includes(null)) return null;
  const parts: Parts = Object.assign({}, ...found, form === undefined ? {} : { form });
  return Object.keys(parts).length === 0 && !layers.some((layer) => layer instanceof z.ZodBoolean)
    ? null
    : parts;
}

function partOf(schema: Schema, hasForm: boolean): Parts | null {
  if (schema instanceof z.ZodNumber) return { min: schema.minValue!, max: schema.maxValue! };
  if (schema instanceof z.ZodEnum) return { choices: schema.options.map(String) };
  if (schema instanceof z.ZodLiteral) return { choices: [...schema.values].map(String) };
  if (schema instanceof z.ZodString) return hasForm ? {} : textOf(schema);
  // What it is changed into is known where the form says it.
  return schema instanceof z.ZodPipe && !hasForm ? null : {};
}

function textOf(schema: z.ZodString): Parts | null {
  const checks = (schema.def.checks ?? []).map(({ _zod: { def } }) => def as CheckOfText);
  if (checks.length === 1 && checks[0]!.pattern !== undefined) {
    const { source, flags } = checks[0]!.pattern;
    return { pattern: source, ...(flags !== '' && { flags }) };
  }
  if (!checks.every(({ check }) => check === 'min_length' || check === 'max_length')) return null;
  const { min = 0, max = '' } = lengths(checks);
  return { pattern: `^[^]{${min},${max}}$` };
}

interface CheckOfText {
  readonly check: string;
  readonly pattern?: RegExp;
  readonly minimum?: number;
  readonly maximum?: number;
}

function lengthsOf(list: z.ZodArray): Parts {
  return lengths((list.def.checks ?? []).map(({ _zod: { def } }) => def as CheckOfText));
}

function lengths(checks: readonly CheckOfText[]): { min?: number; max?: number } {
  const min = checks.find(({ check }) => check === 'min_length')?.minimum;
  const max = checks.find(({ check }) => check === 'max_length')?.maximum;
  return { ...(min !== undefined && { min }), ...(max !== undefined && { max }) };
}

/** A value that the schema lets stand at a path; `undefined` when none of those known does. */
export function standInAt(path: Path, which: 'first' | 'last', number: number): unknown {
  const schemas = schemasAt(configSchema, path);
  const isAccepted = (value: unknown) => schemas.some((schema) => z.safeParse(schema, value).success);
  const own = schemas.flatMap(layersOf).flatMap(ownValues).filter(isAccepted);
  if (own.length === 0) return textsLike(number).find(isAccepted);
  return which === 'first' ? own[0] : own.at(-1);
}

function ownValues(schema: Schema): (string | number | boolean)[] {
  if (schema instanceof z.ZodNumber) return [schema.minValue!, schema.maxValue!];
  if (schema instanceof z.ZodBoolean) return [false, true];
  if (schema instanceof z.ZodEnum) return schema.options.map(String);
  return schema instanceof z.ZodLiteral ? [...schema.values].map(String) : [];
}

/** Each of another form; those of another number are others. */
function textsLike(number: number): string[] {
  return [
    ...[`stand-in-${number}`, `/stand-in-${number}`, `https://stand-in-${number}.invalid`],
    ...[
      `header:stand-in-${number}`,
      `stand-in-of-32-characters-or-more-${number}`,
      `/stand-in-${number}/{id}`,
    ],
    ...[`192.0.2.${number % 256}`, `127.0.0.1:${1 + (number % 65_000)}`, `stand-in-${number}.example`],
    ...['GET', '404', 'memory:'],
  ];
}
