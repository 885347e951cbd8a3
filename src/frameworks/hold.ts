import type { ServerResponse } from 'node:http';
import { addCookies, refuse } from './node-parts.ts';
import { type Refusal, refusal } from './refusal.ts';
import type { Committed, RequestParts } from './request-parts.ts';

/** What of an answer can be held. */
type Step = 'writeHead' | 'flushHeaders' | 'write' | 'end';
type Method = (this: ServerResponse, ...args: unknown[]) => unknown;

/** With more than this held, an answer that is still written has no regard to `false`, and is cut. */
const MAX_HELD_BYTES = 16 * 1024 * 1024;

/** What an answer over HTTP/2 is written to. */
interface Http2Stream {
  close(code: number): void;
}
/** RFC 9113 §7. */
const INTERNAL_ERROR = 2;

/** One answer, on its way or held. */
export class Hold {
  /** `over`: something else was answered, and what is still written goes nowhere. */
  #state: 'before' | 'held' | 'passing' | 'over' = 'before';
  readonly #response: ServerResponse;
  readonly #parts: RequestParts;
  readonly #methods: Readonly<Record<Step, Method>>;
  readonly #steps: { readonly name: Step; args: unknown[] }[] = [];
  #heldBytes = 0;

  constructor(response: ServerResponse, parts: RequestParts) {
    this.#response = response;
    this.#parts = parts;
    const { writeHead, flushHeaders, write, end } = response;
    this.#methods = { writeHead, flushHeaders, write, end } as Record<Step, Method>;
    if (response.headersSent) {
      this.#state = 'passing';
      this.#awaitClose();
    }
  }

  /** What `write` answers for a chunk that was kept: `false` while a `drain` will follow. */
  get mayGoOn(): boolean {
    return this.#state === 'over';
  }

  /** Whether a step is kept instead of taken. */
  keeps(name: Step, ...args: unknown[]): boolean {
    // What is set after the end would be stored by nobody.
    if (name === 'end') this.#parts.seal();
    if (this.#state === 'passing' && !(name === 'end' && this.#parts.needsCommit())) return false;
    if (this.#state === 'before' && !this.#parts.needsCommit()) {
      this.#state = 'passing';
      if (name !== 'end') this.#awaitClose();
      return false;
    }
    if (this.#state === 'over') {
      this.#callBack(args);
      return true;
    }
    // Middleware that looks at Node's own `_header` finds none, and writes the head again.
    if (name === 'writeHead' && this.#state === 'held') return true;
    this.#steps.push({ name, args });
    if (this.#state !== 'held') this.#begin();
    if (name === 'write') this.#count(args[0]);
    if (name === 'end') seem(this.#response, 'writableEnded');
    return true;
  }

  pass(name: Step, ...args: unknown[]): unknown {
    return this.#methods[name].apply(this.#response, args);
  }

  #begin(): void {
    const late = this.#state === 'passing';
    this.#state = 'held';
    if (late) {
      void this.#parts.commitLate().then((stored) => this.#release(() => this.#finish(stored)));
    } else {
      seem(this.#response, 'headersSent');
      void this.#commit().then((committed) => this.#release(() => this.#send(committed)));
    }
  }

  /** Where the end is held already, stores what was set since the first byte, too. */
  async #commit(): Promise<Committed> {
    const first = await this.#parts.commit();
    const isWhole = this.#steps.at(-1)?.name === 'end';
    if (first.failure !== null || !isWhole || !this.#parts.needsCommit()) return first;
    const { cookies, failure } = await this.#parts.commit();
    return { cookies: cookies.length === 0 ? first.cookies : cookies, failure };
  }

  /** A client that leaves in the middle is often the end of an answer that nobody ends. */
  #awaitClose(): void {
    const store = () => {
      this.#parts.seal();
      if (this.#parts.needsCommit()) void this.#parts.commitLate();
    };
    if (this.#response.closed) store();
    else this.#response.once('close', store);
  }

  /** Goes on with what was held; whatever happens in it ends with this answer. */
  #release(goOn: () => void): void {
    if (this.#state !== 'held') return;
    unseem(this.#response);
    this.#state = 'passing';
    try {
      goOn();
    } catch (error) {
      this.#parts.logError('An answer could not be sent', error);
      this.#fail();
    }
  }

  #fail(): void {
    try {
      if (this.#response.headersSent) this.#abandon();
      else this.#refuse(refusal(500));
    } catch {
      // The application's own middleware is in the way.
      this.#abandon();
    }
  }

  #send({ cookies, failure }: Committed): void {
    const [first] = this.#steps;
    const hasHead = first?.name === 'writeHead';
    const isRefused = failure !== null && (hasHead ? Number(first.args[0]) : this.#response.statusCode) < 500;
    if (hasHead && !isRefused) first.args = headSet(this.#response, first.args);
    addCookies(this.#response, cookies);
    if (isRefused) this.#refuse(failure.refusal);
    else this.#replay();
  }

  #finish(stored: boolean): void {
    // All but its end is with the client already: without that, it sees that the answer is not whole.
    if (stored) this.#replay();
    else this.#abandon();
  }

  #replay(): void {
    const response = this.#response;
    let toldToWait = false;
    for (const { name, args } of this.#steps.splice(0)) {
      toldToWait ||= name === 'write';
      this.pass(name, ...args);
    }
    // Where Node waits for the client too, the `drain` is its own.
    if (toldToWait && !response.writableEnded && !response.writableNeedDrain) {
      process.nextTick(() => response.emit('drain'));
    }
    if (!response.writableEnded) this.#awaitClose();
  }

  #refuse(answer: Refusal): void {
    refuse(this.#response, answer);
    this.#end();
  }

  #abandon(): void {
    const { stream } = this.#response as { stream?: Http2Stream };
    // A stream of HTTP/2 that is destroyed looks as if it had come to its end.
    if (stream === undefined) this.#response.destroy();
    else stream.close(INTERNAL_ERROR);
    this.#end();
  }

  /** Lets go of what is held; who waits to write more goes on. */
  #end(): void {
    this.#state = 'over';
    for (const { args } of this.#steps.splice(0)) this.#callBack(args);
    process.nextTick(() => this.#response.emit('drain'));
  }

  #callBack(args: readonly unknown[]): void {
    const callback = args.find((each) => typeof each === 'function');
    if (callback !== undefined) process.nextTick(callback as () => void);
  }

  #count(chunk: unknown): void {
    if (this.#heldBytes <= MAX_HELD_BYTES) {
      this.#heldBytes += (chunk as { length?: number } | null)?.length ?? 0;
      return;
    }
    this.#parts.logError('An answer was written too fast for what its session had to store');
    unseem(this.#response);
    this.#abandon();
  }
}

// As far as the handler can see, the answer is on its way.
function seem(response: ServerResponse, name: 'headersSent' | 'writableEnded'): void {
  Object.defineProperty(response, name, { value: true, configurable: true });
}

function unseem(response: ServerResponse): void {
  Reflect.deleteProperty(response, 'headersSent');
  Reflect.deleteProperty(response, 'writableEnded');
}

/**
 * Sets the fields that a `writeHead` was given, an object or names and values in turn, so that others can stand beside
 * them; answers the arguments without.
 */
function headSet(response: ServerResponse, [status, reason, given]: unknown[]): unknown[] {
  const message = typeof reason === 'string' ? reason : undefined;
  const fields = message === undefined ? (given ?? reason) : given;
  const values = new Map<string, [name: string, values: unknown[]]>();
  const pairs = Array.isArray(fields) ? inPairs(fields) : Object.entries(fields ?? {});
  for (const [name, value] of pairs) {
    const known = values.get(name.toLowerCase());
    if (known === undefined) values.set(name.toLowerCase(), [name, [value]]);
    else known[1].push(value);
  }
  for (const [name, lines] of values.values()) {
    response.setHeader(name, (lines.length === 1 ? lines[0] : lines.flat()) as string);
  }
  return message === undefined ? [status] : [status, message];
}

function inPairs(list: readonly unknown[]): [string, unknown][] {
  if (Array.isArray(list[0])) return list as [string, unknown][];
  const pairs: [string, unknown][] = [];
  for (let i = 0; i < list.length; i += 2) pairs.push([String(list[i]), list[i + 1]]);
  return pairs;
}
