/**
 * @module Converts a finished piece of PCM16 from any higher rate to 8 kHz. For whole clips off the hot path;
 * the streaming converter between the product's own rates is `audio/resample.ts`.
 */
import { OffhookError } from '../errors.ts';

const TARGET = 8000;

// Half the filter's length in output samples. Under this window 32 gives a transition of 0.7 kHz down to -74 dB:
// flat to the 3.4 kHz edge of the telephone band, and what folds back lands well above it.
const HALF_WIDTH = 32;
/** Middle of the transition, in Hz. */
const CUTOFF = 3700;

/**
 * Low-passes and resamples a whole clip, with zero delay: output n is the input at n / 8000 s.
 * @param pcm mono PCM16 at `rate`.
 * @param rate in Hz, a whole number of at least 8000.
 * @returns PCM16 at 8 kHz, `floor(pcm.length * 8000 / rate)` samples.
 * @throws OffhookError OFFHOOK_AUDIO_INVALID for a lower or fractional rate.
 */
export function downsample(pcm: Int16Array, rate: number): Int16Array {
  if (rate === TARGET) return pcm;
  if (!Number.isInteger(rate) || rate < TARGET) {
    throw new OffhookError(
      'OFFHOOK_AUDIO_INVALID',
      `Audio at ${rate} Hz cannot be brought down to 8000 Hz.`,
      {
        expected: 'A whole sample rate of at least 8000 Hz.',
      },
    );
  }
  const out = new Int16Array(Math.floor((pcm.length * TARGET) / rate));
  const step = rate / TARGET;
  const reach = HALF_WIDTH * step;
  const phases = new Map<number, Float64Array>();
  for (let index = 0; index < out.length; index += 1) {
    // In whole numbers, so that equal phases are equal keys: 160 of them from 22,050 Hz.
    const phase = (index * rate) % TARGET;
    const first = (index * rate - phase) / TARGET - Math.floor(reach) + 1;
    let taps = phases.get(phase);
    if (!taps) phases.set(phase, (taps = designPhase(phase / TARGET, reach, rate)));
    let sum = 0;
    for (let tap = 0; tap < taps.length; tap += 1) sum += taps[tap]! * (pcm[first + tap] ?? 0);
    out[index] = Math.max(-32_768, Math.min(32_767, Math.round(sum)));
  }
  return out;
}

/** The taps for outputs that lie `fraction` past an input: sinc times Blackman, unity gain at DC. */
function designPhase(fraction: number, reach: number, rate: number): Float64Array {
  const half = Math.floor(reach);
  const taps = Float64Array.from({ length: 2 * half }, (_, tap) => {
    const offset = tap - half + 1 - fraction;
    const angle = (Math.PI * offset) / reach;
    const window = 0.42 + 0.5 * Math.cos(angle) + 0.08 * Math.cos(2 * angle);
    return sinc((2 * CUTOFF * offset) / rate) * window;
  });
  const gain = taps.reduce((sum, tap) => sum + tap, 0);
  return taps.map((tap) => tap / gain);
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}
