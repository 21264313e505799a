/**
 * @module How a stage is timed: the same work over and over, the fastest of several rounds, since on a shared machine
 * that is the round least disturbed.
 */

export interface StageCost {
  readonly stage: string;
  readonly ns: number;
  /** What is counted. */
  readonly per: 'chunk' | 'message' | 'event' | 'snapshot';
}

const ROUNDS = 9;
/** A round lasts about this long: longer than a garbage collection, short enough to fall between two disturbances. */
const ROUND_NS = 20e6;

/** Nanoseconds of one `run`. */
export function time(run: () => void): number {
  let count = 100;
  let took = round(run, count);
  while (took < ROUND_NS / 4) {
    count *= 4;
    took = round(run, count);
  }
  let best = took / count;
  for (let index = 1; index < ROUNDS; index += 1) best = Math.min(best, round(run, count) / count);
  return best;
}

function round(run: () => void, count: number): number {
  const start = process.hrtime.bigint();
  for (let index = 0; index < count; index += 1) run();
  return Number(process.hrtime.bigint() - start);
}
