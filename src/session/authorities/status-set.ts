import { CachegateError } from '../../errors.ts';

/** A status code, or a range of them, such as `200-299`. */
export type StatusRange = number | string;

const RANGE = /^([1-5]\d\d)(?:-([1-5]\d\d))?$/;

/** Whether a status is one of these. @throws CachegateError `ERR_CONFIG_INVALID` for what is neither code nor range */
export function createStatusSet(ranges: readonly StatusRange[]): (status: number) => boolean {
  const statuses = new Set<number>();
  for (const range of ranges) {
    const [, first, last = first] = RANGE.exec(String(range)) ?? [];
    if (first === undefined || Number(first) > Number(last)) {
      throw new CachegateError('ERR_CONFIG_INVALID', `${range} is neither a status nor a range of them`);
    }
    for (let status = Number(first); status <= Number(last); status++) statuses.add(status);
  }
  return (status) => statuses.has(status);
}
