/**
 * Converters that restart at every chunk click fifty times a second, and those without a filter fold everything
 * above 4 kHz into the voice. Ours is a stream: the same samples however it is cut, clean to the telephone band.
 */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createResampler, type SampleRate } from '../../src/audio/resample.ts';

const RATES: SampleRate[] = [8000, 16_000, 24_000];
const DIRECTIONS = RATES.flatMap((from) =>
  RATES.filter((to) => to !== from).map((to): [SampleRate, SampleRate] => [from, to]),
);
/** Half of full scale. */
const AMPLITUDE = 16_384;

function tone(hertz: number, rate: number, ms: number): Int16Array {
  const step = (2 * Math.PI * hertz) / rate;
  return Int16Array.from({ length: (rate / 1000) * ms }, (_, n) =>
    Math.round(AMPLITUDE * Math.sin(step * n)),
  );
}

/** Converts in 20 ms chunks and leaves the first 20 ms, where the filter fills up, out. */
function convert(pcm: Int16Array, from: SampleRate, to: SampleRate): Int16Array {
  const resampler = createResampler(from, to);
  const frame = from / 50;
  const parts: number[] = [];
  for (let at = 0; at < pcm.length; at += frame)
    parts.push(...resampler.process(pcm.subarray(at, at + frame)));
  return Int16Array.from(parts).subarray(to / 50);
}

/** Amplitude of one frequency, by projection over a whole number of its periods. */
function amplitudeAt(hertz: number, rate: number, pcm: Int16Array): number {
  const step = (2 * Math.PI * hertz) / rate;
  let sine = 0;
  let cosine = 0;
  for (let n = 0; n < pcm.length; n += 1) {
    sine += pcm[n]! * Math.sin(step * n);
    cosine += pcm[n]! * Math.cos(step * n);
  }
  return (2 * Math.hypot(sine, cosine)) / pcm.length;
}

const db = (amplitude: number): number => 20 * Math.log10(amplitude / AMPLITUDE);

function peak(pcm: Int16Array): number {
  let highest = 0;
  for (const sample of pcm) highest = Math.max(highest, Math.abs(sample));
  return highest;
}

describe.each(DIRECTIONS)('%i to %i Hz', (from, to) => {
  it('passes the telephone band within half a decibel', () => {
    for (const hertz of [100, 300, 1000, 2000, 3000, 3400]) {
      const level = db(amplitudeAt(hertz, to, convert(tone(hertz, from, 220), from, to)));
      expect(Math.abs(level), `${hertz} Hz at ${level} dB`).toBeLessThan(0.5);
    }
  });

  it('keeps aliases and images 70 dB down', () => {
    if (to < from) {
      // 5 kHz for an 8 kHz output, in proportion for 16 kHz.
      for (let hertz = (to / 8) * 5; hertz < from / 2; hertz += 250) {
        const level = db(peak(convert(tone(hertz, from, 220), from, to)));
        expect(level, `${hertz} Hz`).toBeLessThan(-70);
      }
    } else {
      for (const hertz of [1000, 2000, 3000]) {
        const out = convert(tone(hertz, from, 220), from, to);
        for (let image = from - hertz; image < to / 2; image += from - 2 * hertz) {
          expect(db(amplitudeAt(image, to, out)), `${hertz} Hz seen at ${image} Hz`).toBeLessThan(-70);
        }
      }
    }
  });

  it('gives the same samples for any chunking, exactly in proportion', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -32_768, max: 32_767 }), { minLength: 600, maxLength: 600 }),
        fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 20 }),
        (samples, sizes) => {
          const pcm = Int16Array.from(samples);
          const whole = createResampler(from, to).process(pcm);
          expect(whole.length).toBe((600 * to) / from);
          const cut = createResampler(from, to);
          const parts: number[] = [];
          let at = 0;
          for (const size of sizes) {
            parts.push(...cut.process(pcm.subarray(at, at + size)));
            at = Math.min(600, at + size);
          }
          parts.push(...cut.process(pcm.subarray(at)));
          expect(parts).toEqual([...whole]);
        },
      ),
      { numRuns: 60, seed: 1 },
    );
  });

  it('gives exactly one frame for every frame', () => {
    const resampler = createResampler(from, to);
    for (let frame = 0; frame < 50; frame += 1) {
      expect(resampler.process(new Int16Array(from / 50)).length).toBe(to / 50);
    }
  });

  it('delays by what it says, under 2 ms', () => {
    const resampler = createResampler(from, to);
    expect(resampler.delayMs).toBeLessThan(2);
    const clickAt = from / 100;
    const pcm = new Int16Array(from / 50);
    pcm[clickAt] = 32_767;
    const out = resampler.process(pcm);
    let weight = 0;
    let moment = 0;
    for (let n = 0; n < out.length; n += 1) {
      weight += out[n]!;
      moment += out[n]! * n;
    }
    expect((moment / weight / to) * 1000 - 10).toBeCloseTo(resampler.delayMs, 1);
  });

  it('keeps silence and full scale as they are', () => {
    const resampler = createResampler(from, to);
    expect(peak(resampler.process(new Int16Array(from / 50)))).toBe(0);
    resampler.process(new Int16Array(from / 50).fill(32_767));
    const steady = resampler.process(new Int16Array(from / 50).fill(32_767));
    expect(Math.min(...steady)).toBeGreaterThanOrEqual(32_766);
    resampler.process(new Int16Array(from / 50).fill(-32_768));
    expect(Math.max(...resampler.process(new Int16Array(from / 50).fill(-32_768)))).toBeLessThanOrEqual(
      -32_767,
    );
  });
});

describe('a resampler', () => {
  it('begins again after a reset', () => {
    const resampler = createResampler(24_000, 8000);
    const voice = tone(700, 24_000, 33);
    const first = [...resampler.process(voice)];
    resampler.process(tone(900, 24_000, 21).subarray(1));
    resampler.reset();
    expect([...resampler.process(voice)]).toEqual(first);
  });

  it('writes into the array it is given', () => {
    const out = new Int16Array(200);
    const part = createResampler(24_000, 8000).process(new Int16Array(480), out);
    expect(part.length).toBe(160);
    expect(part.buffer).toBe(out.buffer);
  });

  it('passes equal rates through and refuses unknown ones', () => {
    const pcm = Int16Array.of(1, 2, 3);
    expect(createResampler(8000, 8000).process(pcm)).toBe(pcm);
    expect(() => Reflect.apply(createResampler, undefined, [44_100, 8000])).toThrow(
      expect.objectContaining({ code: 'OFFHOOK_AUDIO_INVALID' }),
    );
  });
});
