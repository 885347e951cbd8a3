import * as z from 'zod';
import type { TextForm } from './text-forms.ts';

interface Leaf {
  /** What the schema accepts, as it stands in a fault: a noun phrase with range and unit, without the default. */
  readonly accepted: string;
  /** Values found here are never printed. */
  readonly secret?: boolean;
  /** What a text has to be, where no check of the schema's own says so. */
  readonly form?: TextForm | undefined;
}

const leaves = z.registry<Leaf>();

/** Names what a schema accepts, for faults and for editors. */
export function accepts<Schema extends z.ZodType>(schema: Schema, accepted: string, form?: TextForm): Schema {
  leaves.add(schema, { accepted, form });
  return schema;
}

/** As `accepts`, for values that must never be printed. */
export function acceptsSecret<Schema extends z.ZodType>(schema: Schema, accepted: string): Schema {
  leaves.add(schema, { accepted, secret: true });
  return schema;
}

export function leafOf(schema: z.core.$ZodType): Leaf | undefined {
  return leaves.get(schema as z.ZodType);
}
