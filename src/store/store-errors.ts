import { CachegateError } from '../errors.ts';
import { MAX_VALUE_BYTES } from './store.ts';

/** The error of a value that is larger than a store keeps, or `null` when it fits. */
export function valueTooLarge(sizeBytes: number, boundBytes = MAX_VALUE_BYTES): CachegateError | null {
  if (sizeBytes <= boundBytes) return null;
  const message = `Value of ${sizeBytes} bytes is larger than the store's bound of ${boundBytes} bytes`;
  return new CachegateError('ERR_STORE_VALUE_TOO_LARGE', message);
}

const ofOneKey = new WeakSet<CachegateError>();

/** Marks an error as one of what lies under a key (another's value, say), which tells nothing of other keys. */
export function markOfOneKey(error: CachegateError): CachegateError {
  ofOneKey.add(error);
  return error;
}

/** Whether an error was marked so: no reason to ask the store for nothing more. */
export function isOfOneKey(error: CachegateError): boolean {
  return ofOneKey.has(error);
}

/** The error of a call to a store that was closed. */
export function storeClosed(): CachegateError {
  return new CachegateError('ERR_STORE_CLOSED', 'Store closed');
}
