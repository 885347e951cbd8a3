/** One run at a time: who asks during one gets the next, which begins when it is over, and shares it with all who do. */
export function oneAtATime<T>(run: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | null = null;
  let next: Promise<T> | null = null;

  function start(): Promise<T> {
    const started = run().finally(() => {
      running = null;
    });
    running = started;
    return started;
  }

  function startNext(): Promise<T> {
    next = null;
    return start();
  }

  return () => {
    if (next !== null) return next;
    if (running === null) return start();
    next = running.then(startNext, startNext);
    return next;
  };
}
