/** Who is told of failures of one kind: of each that comes after a success, or first. */
export interface Told {
  failed(error: unknown): void;
  succeeded(): void;
  /** Tells how a call went; never rejects. */
  orFailed(call: Promise<void>): Promise<void>;
}

export function createTold(onFailure: (error: unknown) => void = () => {}): Told {
  let isFailing = false;

  function failed(error: unknown): void {
    if (!isFailing) onFailure(error);
    isFailing = true;
  }

  function succeeded(): void {
    isFailing = false;
  }

  return { failed, succeeded, orFailed: (call) => call.then(succeeded, failed) };
}
