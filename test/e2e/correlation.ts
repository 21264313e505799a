/**
 * @module Which of many clips is in a recording: normalised cross-correlation over every shift, by Fourier transform.
 * Both are brought down to 1 kHz first, which holds the pitch and the first formant of a voice: enough to tell them apart.
 */

const DECIMATION = 8;

interface Sound {
  readonly samples: Float64Array;
  readonly energy: number;
}

function soundOf(pcm: Int16Array): Sound {
  const samples = new Float64Array(Math.floor(pcm.length / DECIMATION));
  for (let index = 0; index < samples.length; index += 1) {
    let sum = 0;
    for (let step = 0; step < DECIMATION; step += 1) sum += pcm[index * DECIMATION + step]!;
    samples[index] = sum / DECIMATION;
  }
  return { samples, energy: samples.reduce((sum, sample) => sum + sample * sample, 0) };
}

/**
 * Creates an ear that knows these clips. What it returns says for each of them how well the best match anywhere in a
 * recording fits: 1 is the clip itself, 0 nothing alike.
 */
export function createEar(pcm: readonly Int16Array[]): (recording: Int16Array) => number[] {
  const clips = pcm.map(soundOf);
  const longest = Math.max(...clips.map(({ samples }) => samples.length));
  const bySize = new Map<number, readonly Complex[]>();
  // Two real clips make one complex transform: the product's real and imaginary parts are their correlations.
  const transformPairs = (size: number): readonly Complex[] => {
    const known = bySize.get(size);
    if (known) return known;
    const pairs = clips
      .filter((_, index) => index % 2 === 0)
      .map((one, index) => transform(one.samples, clips[index * 2 + 1]?.samples, size));
    bySize.set(size, pairs);
    return pairs;
  };
  return (recording) => {
    const { samples } = soundOf(recording);
    const size = 2 ** Math.ceil(Math.log2(samples.length + longest));
    const whole = transform(samples, undefined, size);
    const sums = sumSquares(samples, size);
    return transformPairs(size).flatMap((pair, index) => {
      const { re, im } = multiplyByConjugate(whole, pair);
      fourier(re, im, true);
      const [one, two] = [clips[index * 2]!, clips[index * 2 + 1]];
      const first = findBest(re, 1, one, sums);
      return two ? [first, findBest(im, -1, two, sums)] : [first];
    });
  };
}

interface Complex {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

function transform(re: Float64Array, im: Float64Array | undefined, size: number): Complex {
  const padded = { re: new Float64Array(size), im: new Float64Array(size) };
  padded.re.set(re);
  if (im) padded.im.set(im);
  fourier(padded.re, padded.im, false);
  return padded;
}

function multiplyByConjugate(a: Complex, b: Complex): Complex {
  const re = new Float64Array(a.re.length);
  const im = new Float64Array(a.re.length);
  for (let index = 0; index < re.length; index += 1) {
    re[index] = a.re[index]! * b.re[index]! + a.im[index]! * b.im[index]!;
    im[index] = a.im[index]! * b.re[index]! - a.re[index]! * b.im[index]!;
  }
  return { re, im };
}

function sumSquares(samples: Float64Array, size: number): Float64Array {
  const sums = new Float64Array(size + 1);
  for (let index = 0; index < size; index += 1) sums[index + 1] = sums[index]! + (samples[index] ?? 0) ** 2;
  return sums;
}

/** @param sign of the correlation, as the transform of a pair leaves it */
function findBest(correlation: Float64Array, sign: 1 | -1, clip: Sound, sums: Float64Array): number {
  let highest = 0;
  for (let shift = 0; shift < correlation.length; shift += 1) {
    const value = sign * correlation[shift]!;
    if (value <= 0) continue;
    const under = sums[Math.min(correlation.length, shift + clip.samples.length)]! - sums[shift]!;
    // A clip is no match for a stretch a hundred times more quiet, however alike the two are.
    if (under < clip.energy / 100) continue;
    highest = Math.max(highest, value / Math.sqrt(under * clip.energy));
  }
  return highest;
}

/** In place, length a power of two (Cooley and Tukey, 1965). */
function fourier(re: Float64Array, im: Float64Array, inverse: boolean): void {
  const size = re.length;
  for (let index = 1, swap = 0; index < size; index += 1) {
    let bit = size >> 1;
    for (; swap & bit; bit >>= 1) swap ^= bit;
    swap ^= bit;
    if (index < swap) {
      [re[index], re[swap]] = [re[swap]!, re[index]!];
      [im[index], im[swap]] = [im[swap]!, im[index]!];
    }
  }
  for (let length = 2; length <= size; length *= 2) butterfly(re, im, length, inverse);
  if (!inverse) return;
  for (let index = 0; index < size; index += 1) {
    re[index]! /= size;
    im[index]! /= size;
  }
}

function butterfly(re: Float64Array, im: Float64Array, length: number, inverse: boolean): void {
  const half = length / 2;
  for (let step = 0; step < half; step += 1) {
    const angle = ((inverse ? 2 : -2) * Math.PI * step) / length;
    const cos = Math.cos(angle);
    const sin = Math.sin(angle);
    for (let one = step; one < re.length; one += length) {
      const two = one + half;
      const oddRe = re[two]! * cos - im[two]! * sin;
      const oddIm = re[two]! * sin + im[two]! * cos;
      re[two] = re[one]! - oddRe;
      im[two] = im[one]! - oddIm;
      re[one]! += oddRe;
      im[one]! += oddIm;
    }
  }
}
