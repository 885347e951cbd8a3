import { isShownError, shownError } from './shown-error.ts';
import { shownName } from './shown-text.ts';

const CENSORED = '[redacted]';
/** So deep, and so many values in all, is looked into what is logged; what lies beyond is left out. */
const MAX_DEPTH = 5;
const MAX_VALUES = 500;

const SECRET_NAME =
  /^(?:authorization|proxyauthorization|cookies?|setcookie\d?|passw(?:or)?d|passphrase|secrets?|xwagtailsession)$|(?:password|passwd|secret|token|apikey|privatekey|hashkey|credentials?|sessioncookie)s?$/;

// Names are few; those of somebody else's objects may be many.
const MAX_NAMES = 1_000;
const names = new Map<string, boolean>();

/** Whether what stands under such a name may be a secret. */
export function isSecretName(name: string): boolean {
  let isSecret = names.get(name);
  if (isSecret === undefined) {
    isSecret = SECRET_NAME.test(name.toLowerCase().replace(/[^a-z0-9]/g, ''));
    if (names.size < MAX_NAMES) names.set(name, isSecret);
  }
  return isSecret;
}

/**
 * What is logged, without what stands under the name of a secret, however deep, and with errors as they may be shown.
 * The same object where there is nothing of that in it.
 */
export function withoutSecrets(fields: Record<string, unknown>): Record<string, unknown> {
  if (AS_IT_IS in fields) return fields;
  for (const name in fields) {
    if (isSecretName(name) || isComposed(fields[name])) return copied(fields);
  }
  return fields;
}

const AS_IT_IS = Symbol('shown as it is');

/** Marks an object that has nothing but figures, which is logged whole, however many there are. */
export function shownAsIs<T extends object>(figures: T): T {
  return Object.assign(figures, { [AS_IT_IS]: true });
}

function isComposed(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function copied(fields: Record<string, unknown>): Record<string, unknown> {
  let left = MAX_VALUES;

  function shown(value: unknown, depth: number, isHidden: boolean): unknown {
    if (typeof value === 'function') return undefined;
    if (!isComposed(value)) return isHidden && typeof value === 'string' ? CENSORED : value;
    if (value instanceof Error || isShownError(value)) return shownError(value);
    if (value instanceof URL) return isHidden ? CENSORED : shownName(value.href);
    if (value instanceof Date || AS_IT_IS in value) return value;
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
    if (depth === MAX_DEPTH) return '[…]';
    return Array.isArray(value)
      ? list(value, depth + 1, isHidden)
      : object(value as Record<string, unknown>, depth + 1, isHidden);
  }

  // A mapping may be by names that only look like those of secrets: a service's, for one. Of that, figures are shown.
  function named(name: unknown, value: unknown, depth: number, isHidden: boolean): unknown {
    const isSecret = typeof name === 'string' && isSecretName(name);
    return isSecret && !isComposed(value) ? CENSORED : shown(value, depth, isHidden || isSecret);
  }

  function object(
    fields: Record<string, unknown>,
    depth: number,
    isHidden: boolean,
  ): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    for (const name of Object.keys(fields)) {
      if (--left < 0) break;
      result[name] = named(name, fields[name], depth, isHidden);
    }
    return result;
  }

  function list(values: readonly unknown[], depth: number, isHidden: boolean): unknown[] {
    const result: unknown[] = [];
    for (const [i, value] of values.entries()) {
      if (--left < 0) break;
      // In lists of fields a name stands before its value.
      result.push(named(values[i - 1], value, depth, isHidden));
    }
    return result;
  }

  return object(fields, 0, false);
}
