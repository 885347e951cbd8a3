// Writes the JSON Schema of configuration files beside the compiled code. Run after tsc.
import { writeFileSync } from 'node:fs';
import { createJsonSchema } from '../dist/config/json-schema.js';

const target = new URL('../dist/cachegate.schema.json', import.meta.url);
writeFileSync(target, `${JSON.stringify(createJsonSchema(), null, 2)}\n`);
