import * as z from 'zod';
import { leafOf } from './accepted.ts';
import { configSchema } from './schema.ts';

type JsonSchema = z.core.JSONSchema.BaseSchema;

const REFERENCE: JsonSchema = { type: 'string', pattern: '\\$\\{' };

/**
 * The JSON Schema of configuration files, for editors. Every scalar may also be text with a `${NAME}`; what only code
 * can give (functions) is left out.
 */
export function createJsonSchema(): JsonSchema {
  return z.toJSONSchema(configSchema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema, path }) => {
      describe(zodSchema, jsonSchema);
      if (zodSchema instanceof z.ZodObject) omitFunctions(zodSchema, jsonSchema);
      if (isScalar(zodSchema) && !path.includes('propertyNames')) allowReferences(jsonSchema);
    },
  });
}

function describe(schema: z.core.$ZodType, jsonSchema: JsonSchema) {
  const leaf = leafOf(schema);
  if (leaf !== undefined) jsonSchema.description = leaf.accepted;
}

function omitFunctions(schema: z.ZodObject, jsonSchema: JsonSchema) {
  for (const [key, value] of Object.entries(schema.shape)) {
    const inner = value instanceof z.ZodOptional ? value.unwrap() : value;
    if (inner instanceof z.ZodCustom) delete jsonSchema.properties?.[key];
  }
}

function isScalar(schema: z.core.$ZodType): boolean {
  return [z.ZodString, z.ZodNumber, z.ZodBoolean, z.ZodEnum, z.ZodLiteral].some(
    (kind) => schema instanceof kind,
  );
}

// Free text already accepts a reference.
function allowReferences(jsonSchema: JsonSchema) {
  const { description, ...scalar } = jsonSchema;
  if (scalar.anyOf !== undefined || (scalar.type === 'string' && Object.keys(scalar).length === 1)) return;
  for (const key of Object.keys(scalar)) delete jsonSchema[key];
  jsonSchema.anyOf = [scalar, { ...REFERENCE }];
}
