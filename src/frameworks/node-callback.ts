/** As Node's functions tell their end: an error, or `null` and what was asked for. */
export type NodeCallback<T> = (error: unknown, value?: T) => void;

/** Tells a callback how a promise ended. What the callback throws is an exception of its own, not a rejection. */
export function tellCallback<T>(promise: Promise<T>, callback: NodeCallback<T> | undefined): void {
  promise.then(
    (value) => void process.nextTick(() => callback?.(null, value)),
    (error) => void process.nextTick(() => callback?.(error)),
  );
}
