/**
 * @module Medians, spreads and slopes over repetitions. Quantiles of a sample are its own members.
 */

/** The member at share `q` of the sorted sample; NaN of none. */
export function quantile(sample: readonly number[], q: number): number {
  const sorted = sample.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

/** The middle one, or the mean of the two in the middle. */
export function median(sample: readonly number[]): number {
  const sorted = sample.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  if (sorted.length % 2 === 1) return sorted[Math.floor(middle)]!;
  return sorted.length === 0 ? Number.NaN : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Largest minus smallest, as a share of the median; NaN of one. */
export const spread = (sample: readonly number[]): number =>
  sample.length < 2 ? Number.NaN : (Math.max(...sample) - Math.min(...sample)) / median(sample);

/** Over this a repeated measurement was disturbed. */
export const NOISE = 0.1;
export const isNoisy = (sample: readonly number[]): boolean => spread(sample) > NOISE;

/** Least squares: what one more of `x` adds to `y`. NaN for less than two different `x`. */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / points.length;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / points.length;
  const square = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  return points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / (square || Number.NaN);
}
