/**
 * @module Sample-rate conversion between 8, 16 and 24 kHz as a stream: a polyphase FIR that keeps its history,
 * so that the output is bit-identical however the input is cut into chunks.
 */
import { OffhookError } from '../errors.ts';

/** Rates the product's codecs and providers use, in Hz. */
export type SampleRate = 8000 | 16000 | 24000;

export interface Resampler {
  /**
   * Converts the next samples of the stream. A chunk of n samples gives exactly n * to / from where that is whole.
   * @param out where to write, if it is long enough; the result is then `out` or a view of it. Default: a new array.
   */
  process(pcm: Int16Array, out?: Int16Array): Int16Array;
  /** How much later a sound leaves than it came in, in ms of audio. */
  readonly delayMs: number;
  /** Forgets the past, as if the stream began again. */
  reset(): void;
}

// 70 dB is where 16-bit telephone audio gains nothing more: 50 dB lets 5 kHz fold in at -54 dB, 90 dB costs a
// third more time and 0.6 ms more delay.
const ATTENUATION_DB = 70;

// Fractions of half the lower rate. At 8 kHz: pass up to 3.4 kHz, the edge of the telephone band, and stop from
// 4.6 kHz. The transition straddles 4 kHz, so what folds lands above 3.4 kHz.
const PASS = 0.85;
const STOP = 1.15;

interface Filter {
  /** Interpolation and decimation. */
  readonly up: number;
  readonly down: number;
  /** Taps of one phase. */
  readonly taps: number;
  /** Phase after phase, each in the order of the samples it meets, oldest first; unity gain at DC each. */
  readonly coefficients: Float64Array;
  readonly delayMs: number;
}

const filters = new Map<number, Filter>();

/**
 * Creates a streaming converter. Equal rates hand back the array they are given.
 * @param from input rate in Hz. @param to output rate in Hz.
 * @throws OffhookError OFFHOOK_AUDIO_INVALID for a rate other than 8000, 16000 or 24000.
 */
export function createResampler(from: SampleRate, to: SampleRate): Resampler {
  checkRate(from);
  checkRate(to);
  if (from === to) return { process: (pcm, out) => copyInto(pcm, out), delayMs: 0, reset() {} };
  const filter = filterOf(from, to);
  const { up, down, taps } = filter;
  const history = taps - 1;
  let window = new Float64Array(history + (from / 1000) * 20);
  // Where the next output lies, in steps of the interpolated rate from the first new sample.
  let position = 0;

  return {
    delayMs: filter.delayMs,
    process(pcm, out) {
      const { length } = pcm;
      if (window.length < history + length) window = grow(window, history, length);
      for (let index = 0; index < length; index += 1) window[history + index] = pcm[index]!;
      const count = Math.max(0, Math.ceil((length * up - position) / down));
      const target = out && out.length >= count ? fit(out, count) : new Int16Array(count);
      if (up === 1) filterFolded(filter, window, position, target);
      else filterPhases(filter, window, position, target);
      position += count * down - length * up;
      window.copyWithin(0, length, length + history);
      return target;
    },
    reset() {
      window.fill(0);
      position = 0;
    },
  };
}

/** The general case: output n takes the phase `position mod up` at input `position div up`. */
function filterPhases(filter: Filter, window: Float64Array, start: number, target: Int16Array): void {
  const { up, down, taps, coefficients } = filter;
  let phase = start % up;
  let base = (start - phase) / up;
  for (let index = 0; index < target.length; index += 1) {
    const offset = phase * taps;
    let sum = 0;
    for (let tap = 0; tap < taps; tap += 1) sum += coefficients[offset + tap]! * window[base + tap]!;
    target[index] = clip(sum);
    phase += down;
    while (phase >= up) {
      phase -= up;
      base += 1;
    }
  }
}

/** Whole-number decimation: one symmetric phase, so each coefficient is multiplied once for two samples. */
function filterFolded(filter: Filter, window: Float64Array, start: number, target: Int16Array): void {
  const { down, taps, coefficients } = filter;
  const half = taps >> 1;
  let first = start;
  for (let index = 0; index < target.length; index += 1) {
    const last = first + taps - 1;
    let sum = 0;
    for (let tap = 0; tap < half; tap += 1) {
      sum += coefficients[tap]! * (window[first + tap]! + window[last - tap]!);
    }
    target[index] = clip(sum);
    first += down;
  }
}

function clip(value: number): number {
  const rounded = Math.round(value);
  return rounded > 32_767 ? 32_767 : rounded < -32_768 ? -32_768 : rounded;
}

function grow(window: Float64Array, history: number, length: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(history + length);
  larger.set(window.subarray(0, history));
  return larger;
}

function fit(out: Int16Array, length: number): Int16Array {
  return out.length === length ? out : out.subarray(0, length);
}

function copyInto(pcm: Int16Array, out: Int16Array | undefined): Int16Array {
  if (!out || out.length < pcm.length) return pcm;
  const target = fit(out, pcm.length);
  target.set(pcm);
  return target;
}

function checkRate(rate: number): void {
  if (rate === 8000 || rate === 16_000 || rate === 24_000) return;
  throw new OffhookError('OFFHOOK_AUDIO_INVALID', `Audio at ${rate} Hz cannot be converted.`, {
    expected: 'A sample rate of 8000, 16000 or 24000 Hz.',
  });
}

function filterOf(from: SampleRate, to: SampleRate): Filter {
  const key = from * 100 + to / 1000;
  const known = filters.get(key);
  if (known) return known;
  const filter = designFilter(from, to);
  filters.set(key, filter);
  return filter;
}

/** A Kaiser-windowed low pass at the common multiple of both rates, split into its phases. */
function designFilter(from: SampleRate, to: SampleRate): Filter {
  const common = greatestCommonDivisor(from, to);
  const up = to / common;
  const down = from / common;
  const nyquist = Math.min(from, to) / 2;
  const rate = from * up;
  const width = (2 * Math.PI * (STOP - PASS) * nyquist) / rate;
  const wanted = Math.ceil((ATTENUATION_DB - 7.95) / (2.285 * width)) + 1;
  // Even, so that it folds, and the same for every phase.
  const taps = Math.ceil(wanted / (2 * up)) * 2;
  const length = taps * up;
  const middle = (length - 1) / 2;
  const cutoff = (PASS + STOP) * 0.5 * (nyquist / rate) * 2;
  const beta = 0.1102 * (ATTENUATION_DB - 8.7);
  const prototype = Float64Array.from({ length }, (_, index) => {
    const offset = index - middle;
    return sinc(cutoff * offset) * bessel(beta * Math.sqrt(1 - (offset / (middle + 0.5)) ** 2));
  });
  const coefficients = new Float64Array(length);
  for (let phase = 0; phase < up; phase += 1) {
    let gain = 0;
    for (let tap = 0; tap < taps; tap += 1) gain += prototype[phase + tap * up]!;
    for (let tap = 0; tap < taps; tap += 1) {
      coefficients[phase * taps + taps - 1 - tap] = prototype[phase + tap * up]! / gain;
    }
  }
  return { up, down, taps, coefficients, delayMs: (middle / rate) * 1000 };
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** Modified Bessel function of the first kind, order zero, by its power series. */
function bessel(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > sum * 1e-16; k += 1) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}
