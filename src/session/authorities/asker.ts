import type { FieldList } from '../../http/fields.ts';

export interface AskerOptions {
  /** At most so many connections at once to a server. */
  readonly connections: number;
  readonly connectMs: number;
}

/** Asks an authority, or for its keys. */
export interface Asker {
  /**
   * Asks once and follows no redirect.
   * @param signal bounds the whole exchange, the content included
   * @throws whatever kept an answer away; its `code` says why, where it has one
   */
  ask(target: URL, request: AskedRequest): Promise<AskedResponse>;
  close(): Promise<void>;
}

/** How whoever has something to ask comes by an asker. */
export type OpenAsker = (options: AskerOptions) => Asker;

export interface AskedRequest {
  readonly method: string;
  readonly fields: FieldList;
  readonly signal: AbortSignal;
}

export interface AskedResponse {
  readonly status: number;
  /**
   * The values of a field by its lower-case name, one for each line, every byte a character (RFC 9110 §5.5). Where several
   * lines can't be told from one with `, ` in it, it is cut there.
   */
  lines(lowerName: string): readonly string[];
  readonly body: AsyncIterable<Uint8Array>;
  /**
   * The content is not wanted: one of so many bytes at most is read away, so that the connection can be used again.
   * Resolves when that is over, and never rejects.
   */
  discard(maxBytes: number): Promise<void>;
}
