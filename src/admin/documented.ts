/** A JSON Schema (2020-12), as OpenAPI 3.1 has it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** An answer of the OpenAPI document: JSON of this schema. */
export function jsonAnswer(description: string, schema: JsonSchema, example?: unknown) {
  const content = { 'application/json': { schema, ...(example !== undefined && { example }) } };
  return { description, content };
}

/** An object of which all properties are there, and no others. */
export function objectOf(
  properties: Readonly<Record<string, JsonSchema>>,
  more: JsonSchema = {},
): JsonSchema {
  return {
    type: 'object',
    properties,
    required: Object.keys(properties),
    additionalProperties: false,
    ...more,
  };
}

/** No parameters at all. */
export const NO_PARAMETERS: JsonSchema = { type: 'object', properties: {}, additionalProperties: false };

export const text = (description: string): JsonSchema => ({ type: 'string', description });
export const textOrNull = (description: string): JsonSchema => ({ type: ['string', 'null'], description });
export const count = (description: string): JsonSchema => ({ type: 'integer', minimum: 0, description });
export const flag = (description: string): JsonSchema => ({ type: 'boolean', description });
export const number = (description: string): JsonSchema => ({ type: 'number', description });
export const numberOrNull = (description: string): JsonSchema => ({ type: ['number', 'null'], description });
export const instant = (description: string): JsonSchema => ({
  type: 'string',
  format: 'date-time',
  description,
});
export const listOf = (items: JsonSchema, description: string): JsonSchema => ({
  type: 'array',
  items,
  description,
});
