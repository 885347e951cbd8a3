import type { FunctionObserver } from './cached-function.ts';

/** Tells all of them; what one throws, neither the others nor the caller of a function shall notice. */
export function safeObserver(observers: readonly FunctionObserver[]): FunctionObserver {
  function tell<E extends keyof FunctionObserver>(event: E) {
    return (...args: Parameters<NonNullable<FunctionObserver[E]>>): void => {
      for (const observer of observers) {
        try {
          (observer[event] as ((...args: unknown[]) => void) | undefined)?.(...args);
        } catch {
          // Its owner's own.
        }
      }
    };
  }
  return {
    resultLookedUp: tell('resultLookedUp'),
    staleAnswered: tell('staleAnswered'),
    refreshFailed: tell('refreshFailed'),
    resultRefused: tell('resultRefused'),
    storeFailed: tell('storeFailed'),
  };
}
