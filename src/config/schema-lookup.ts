import * as z from 'zod';
import { leafOf } from './accepted.ts';
import { isSecretName } from './found.ts';
import type { Path } from './path.ts';

/** What a schema says about the value at a path. */
export interface Expectation {
  /** Undefined where the schema leaves the value open. */
  readonly accepted: string | undefined;
  /** The default, where it is one word or number. */
  readonly fallback: string | undefined;
  readonly secret: boolean;
  /** What text from the environment is read as. */
  readonly scalar: 'number' | 'boolean' | 'text' | undefined;
  /** The keys that the mapping here may have. */
  readonly keys: readonly string[];
}

type Schema = z.core.$ZodType;

/** The schemas of the value at a path: several, where one of several forms of a block is accepted. */
export function schemasAt(root: Schema, path: Path): Schema[] {
  return path.reduce<Schema[]>((level, key) => level.flatMap((each) => child(each, key)), [root]);
}

export function expectationAt(root: Schema, path: Path): Expectation {
  const schemas = schemasAt(root, path);
  const layers = schemas.flatMap(layersOf);
  const leaf = layers.map(leafOf).find((found) => found !== undefined);
  const keys = layers.flatMap((layer) => (layer instanceof z.ZodObject ? Object.keys(layer.shape) : []));
  return {
    accepted: leaf?.accepted ?? (keys.length > 0 ? `a mapping of ${keys.join(', ')}` : undefined),
    fallback: layers.map(scalarDefault).find((found) => found !== undefined),
    secret: leaf?.secret ?? (leaf === undefined && isSecretName(String(path.at(-1) ?? ''))),
    scalar: layers.map(scalarOf).find((found) => found !== undefined),
    keys,
  };
}

/** What the names of the mapping at a path may be. */
export function acceptedNameAt(root: Schema, path: Path): string | undefined {
  const record = schemasAt(root, path)
    .flatMap(layersOf)
    .find((layer) => layer instanceof z.ZodRecord);
  return record && leafOf(record.keyType)?.accepted;
}

function child(schema: Schema, key: PropertyKey): Schema[] {
  return layersOf(schema).flatMap((layer) => {
    if (layer instanceof z.ZodObject)
      return Object.hasOwn(layer.shape, key) ? [layer.shape[String(key)]] : [];
    if (layer instanceof z.ZodRecord) return [layer.valueType];
    if (layer instanceof z.ZodArray) return [layer.element];
    return [];
  });
}

/** A schema and all that it wraps or chooses from, outermost first. */
export function layersOf(schema: Schema): Schema[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return [schema, ...layersOf(schema.unwrap())];
  }
  if (schema instanceof z.ZodPipe) return [schema, ...layersOf(schema.in)];
  if (schema instanceof z.ZodUnion) return [schema, ...schema.options.flatMap(layersOf)];
  return [schema];
}

function scalarDefault(schema: Schema): string | undefined {
  if (!(schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault)) return undefined;
  const value: unknown = schema.def.defaultValue;
  if (typeof value === 'string') return value === '' ? 'empty' : value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

function scalarOf(schema: Schema): Expectation['scalar'] {
  if (schema instanceof z.ZodNumber) return 'number';
  if (schema instanceof z.ZodBoolean) return 'boolean';
  return schema instanceof z.ZodString || schema instanceof z.ZodEnum ? 'text' : undefined;
}
