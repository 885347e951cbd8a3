/** Waits for `work` until `signal` is aborted; then rejects with its reason, and `letGo` gets what comes too late. */
export function unlessAborted<T>(
  signal: AbortSignal,
  work: Promise<T>,
  letGo: (late: T) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = () => {
      reject(signal.reason);
      work.then(letGo, () => {});
    };
    if (signal.aborted) {
      leave();
      return;
    }
    signal.addEventListener('abort', leave, { once: true });
    const stay = () => signal.removeEventListener('abort', leave);
    work.then(
      (result) => {
        stay();
        resolve(result);
      },
      (error) => {
        stay();
        reject(error);
      },
    );
  });
}
