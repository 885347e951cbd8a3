import type { Estimate } from './stats.ts';

const Z = 1.959964;
/** Student's t for 95 % with 1, 2 and 3 degrees of freedom, where the series below is too far off. */
const T_OF_FEW = [12.706, 4.303, 3.182];
/** Below it Hall's transformation is the identity, but for rounding. */
const NO_SKEWNESS = 1e-6;

/** `null` for no values. */
export function mean(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * The mean of a population from a random sample, with a 95 % interval. `values` are none below 0; `population` is how many
 * there are in all: no more than were looked at, and the mean is exact. `null` where nothing can be said: no values, or one
 * of several.
 *
 * The interval is the union of Student's and of one that corrects for skewness by a monotone cubic transformation of t
 * (P. Hall, "On the removal of skewness by transformation", J. R. Statist. Soc. B 54 (1992), 221–228). What a cache holds is
 * skewed: of values of which a tenth is long, Student's alone holds the truth in 92 to 93 of 100 samples of 100, this in 98.
 */
export function meanEstimate(
  values: readonly number[],
  population = Number.POSITIVE_INFINITY,
): Estimate | null {
  const value = mean(values);
  if (value === null) return null;
  if (values.length >= population) return { value, low: value, high: value };
  if (values.length === 1) return null;
  const { deviation, skewness } = momentsOf(values, value);
  const step = studentsT(values.length - 1) / Math.sqrt(values.length);
  const upper = Math.max(step, -unskewed(-step, skewness, values.length));
  const lower = Math.max(step, unskewed(step, skewness, values.length));
  return { value, low: Math.max(0, value - deviation * lower), high: value + deviation * upper };
}

function momentsOf(values: readonly number[], center: number) {
  let squares = 0;
  let cubes = 0;
  for (const value of values) {
    const distance = value - center;
    squares += distance * distance;
    cubes += distance * distance * distance;
  }
  const { length } = values;
  const spread = Math.sqrt(squares / length);
  return {
    deviation: Math.sqrt(squares / (length - 1)),
    skewness: spread > 0 ? cubes / length / spread ** 3 : 0,
  };
}

/** The inverse of g(t) = t + γt²/3 + γ²t³/27 + γ/6n, which makes (mean − truth) / deviation nearly symmetric. */
function unskewed(step: number, skewness: number, count: number): number {
  if (Math.abs(skewness) < NO_SKEWNESS) return step;
  return (3 / skewness) * (Math.cbrt(1 + skewness * (step - skewness / (6 * count))) - 1);
}

/** The 97.5 % point, by its expansion around the normal one (Abramowitz and Stegun, 26.7.5). */
function studentsT(freedom: number): number {
  const few = T_OF_FEW[freedom - 1];
  if (few !== undefined) return few;
  return (
    Z +
    (Z ** 3 + Z) / (4 * freedom) +
    (5 * Z ** 5 + 16 * Z ** 3 + 3 * Z) / (96 * freedom ** 2) +
    (3 * Z ** 7 + 19 * Z ** 5 + 17 * Z ** 3 - 15 * Z) / (384 * freedom ** 3)
  );
}
