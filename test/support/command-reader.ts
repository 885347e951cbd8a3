/**
 * Reads the requests that a client sends to a Valkey server (RESP arrays of bulk strings) as they come, and tells the
 * first word of each when it begins.
 */
export class CommandReader {
  readonly #onCommand: (name: string) => void;
  #line = '';
  /** Words of the command that are still to come. */
  #words = 0;
  #isFirst = false;
  /** Bytes of the word that are still to come, its line end included; -1: none is being read. */
  #left = -1;
  #name = '';

  constructor(onCommand: (name: string) => void) {
    this.#onCommand = onCommand;
  }

  add(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; )
      at = this.#left === -1 ? this.#readLine(bytes, at) : this.#readWord(bytes, at);
  }

  #readLine(bytes: Buffer, from: number): number {
    const end = bytes.indexOf(10, from);
    this.#line += bytes.toString('latin1', from, end === -1 ? bytes.length : end);
    if (end === -1) return bytes.length;
    const line = this.#line.trimEnd();
    this.#line = '';
    const count = Number(line.slice(1));
    if (line.startsWith('*')) {
      this.#words = count;
      this.#isFirst = true;
    } else if (line.startsWith('$') && this.#words > 0) {
      this.#left = count + 2;
      this.#name = '';
    } else if (line !== '') throw new Error(`No command of RESP: ${line.slice(0, 40)}`);
    return end + 1;
  }

  #readWord(bytes: Buffer, from: number): number {
    const end = Math.min(bytes.length, from + this.#left);
    if (this.#isFirst) this.#name += bytes.toString('latin1', from, end);
    this.#left -= end - from;
    if (this.#left > 0) return end;
    this.#left = -1;
    this.#words -= 1;
    if (this.#isFirst) this.#onCommand(this.#name.trimEnd().toUpperCase());
    this.#isFirst = false;
    return end;
  }
}
