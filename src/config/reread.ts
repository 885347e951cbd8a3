/** What the text of a variable is read as. */
export type Scalar = 'number' | 'boolean' | 'text';

const NUMBER = /^-?[0-9]{1,15}(?:\.[0-9]{1,15})?$/;

/** Where the schema leaves the value open (a transform's options), the reference's own default tells its type. */
export function scalarLike(fallback: string): Scalar {
  if (NUMBER.test(fallback)) return 'number';
  return fallback === 'true' || fallback === 'false' ? 'boolean' : 'text';
}

/** Reads the text of a whole reference as the type that is wanted; text that does not read so stays text. */
export function reread(text: string, wanted: Scalar | undefined): unknown {
  if (wanted === 'number' && NUMBER.test(text)) return Number(text);
  if (wanted === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}
