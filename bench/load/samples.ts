/**
 * @module How long something took, each time, and when: so that what fell into a moment in which the machine was not
 * ours can be left out afterwards. Grows by doubling, since a load of four hundred calls counts a million of them.
 */
import { isWithin, machineNow, type Span } from '../quiet.ts';

/** Times in ms. */
export interface Quantiles {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export class Samples {
  #ends = new Float64Array(1_024);
  #times = new Float64Array(1_024);
  #count = 0;

  /** Something that took `ms` is over. */
  record(ms: number): void {
    if (this.#count === this.#ends.length) {
      this.#ends = doubled(this.#ends);
      this.#times = doubled(this.#times);
    }
    this.#ends[this.#count] = machineNow();
    this.#times[this.#count] = ms;
    this.#count += 1;
  }

  reset(): void {
    this.#count = 0;
  }

  /** Those that lie in one of the spans as a whole. */
  within(spans: readonly Span[]): Float64Array {
    const times = this.#times.subarray(0, this.#count);
    return times.filter((ms, index) => isWithin(spans, this.#ends[index]!, ms));
  }

  read(spans: readonly Span[]): Quantiles {
    const sorted = this.within(spans).sort();
    const at = (share: number): number =>
      sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
    return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) };
  }
}

function doubled(array: Float64Array): Float64Array<ArrayBuffer> {
  const twice = new Float64Array(array.length * 2);
  twice.set(array);
  return twice;
}
