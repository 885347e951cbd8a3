/** Where a value came from, when not from the file's own text. */
export interface Source {
  /** Environment variables or command-line options. */
  readonly names: readonly string[];
  /** The default that the reference to the variable gives. */
  readonly fallback?: string | undefined;
}

/** Where the values of a configuration came from, by formatted path. */
export type Sources = ReadonlyMap<string, Source>;
