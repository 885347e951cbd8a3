import { oneLine } from './found.ts';

const MAX_REASON = 300;

export type Imported = { readonly value: unknown } | { readonly reason: string };

/** The default export of a TypeScript or JavaScript file (`undefined` when it has none), or why there is none. */
export async function importDefault(file: string): Promise<Imported> {
  // Loaded only here: a configuration without code does not pay for it.
  const { createJiti } = await import('jiti');
  const jiti = createJiti(import.meta.url, { fsCache: false });
  try {
    const namespace: unknown = await jiti.import(file);
    const isModule = typeof namespace === 'object' && namespace !== null && 'default' in namespace;
    return { value: isModule ? namespace.default : undefined };
  } catch (error) {
    return { reason: oneLine(error instanceof Error ? error.message : String(error), MAX_REASON) };
  }
}
