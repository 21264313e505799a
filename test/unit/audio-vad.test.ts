/**
 * Energy alone calls a fan a voice and a click a word. The detector follows the noise floor, asks for a little
 * voice before it says so, and bridges the gaps between syllables.
 */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chunkOfBytes, type Codec } from '../../src/audio/chunk.ts';
import { encode } from '../../src/audio/g711.ts';
import { createVoiceDetector, type VoiceDetector } from '../../src/audio/vad.ts';

const amplitude = (db: number): number => 32_767 * 10 ** (db / 20);

/** White noise of an RMS level, from a small fixed generator. */
function noise(ms: number, db: number, seed = 1): Int16Array {
  let state = seed;
  return Int16Array.from({ length: ms * 8 }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.round((state / 2 ** 31 - 1) * Math.sqrt(3) * amplitude(db));
  });
}

/** Syllables: 180 ms of a buzzing vowel, 80 ms of the noise below it. */
function speech(ms: number, db: number, floorDb = -65): Int16Array {
  const pcm = noise(ms, floorDb, 7);
  for (let n = 0; n < pcm.length; n += 1) {
    if (n % 2080 >= 1440) continue;
    const phase = (2 * Math.PI * 140 * n) / 8000;
    pcm[n]! += Math.round(amplitude(db) * (Math.sin(phase) + 0.5 * Math.sin(5 * phase)));
  }
  return pcm;
}

const joined = (...parts: Int16Array[]): Int16Array => Int16Array.from(parts.flatMap((part) => [...part]));

/** Feeds 20 ms chunks and notes each edge with the time at the end of its chunk. */
function edges(
  detector: VoiceDetector,
  pcm: Int16Array,
  codec: Codec = 'ulaw',
  frame = 160,
): [string, number][] {
  const seen: [string, number][] = [];
  for (let at = 0; at < pcm.length; at += frame) {
    const edge = detector.push(chunkOfBytes(encode(codec, pcm.subarray(at, at + frame))));
    if (edge) seen.push([edge, Math.min(pcm.length, at + frame) / 8]);
  }
  return seen;
}

describe.each(['ulaw', 'alaw'] as const)('the voice detector on %s', (codec) => {
  it('starts within 100 ms of speech and stops a hangover after it', () => {
    const pcm = joined(noise(500, -65), speech(1220, -22), noise(1000, -65));
    const [start, stop, ...more] = edges(createVoiceDetector({ codec }), pcm, codec);
    expect(more).toEqual([]);
    expect(start![0]).toBe('start');
    expect(start![1]).toBeGreaterThanOrEqual(560);
    expect(start![1]).toBeLessThanOrEqual(600);
    expect(stop![0]).toBe('stop');
    expect(stop![1]).toBeGreaterThanOrEqual(1720 + 240);
    expect(stop![1]).toBeLessThanOrEqual(1720 + 300);
  });
});

describe('the voice detector', () => {
  it('hears nothing in silence, in noise, or in clicks', () => {
    const quiet = joined(new Int16Array(8000), noise(2000, -60), noise(2000, -52));
    for (let at = 1000; at + 240 < quiet.length; at += 4000) quiet.fill(20_000, at, at + 240);
    expect(edges(createVoiceDetector({ codec: 'ulaw' }), quiet)).toEqual([]);
  });

  it('stays voiced through thirty seconds of speech', () => {
    const detector = createVoiceDetector({ codec: 'ulaw' });
    const seen = edges(detector, joined(noise(300, -60), speech(30_000, -25, -60)));
    expect(seen.map(([edge]) => edge)).toEqual(['start']);
    expect(detector.voiced).toBe(true);
  });

  it('hears a quiet voice on a quiet line and a loud one on a noisy line', () => {
    const still = createVoiceDetector({ codec: 'ulaw' });
    expect(edges(still, joined(noise(1000, -70), speech(1000, -38, -70)))[0]?.[0]).toBe('start');
    const street = createVoiceDetector({ codec: 'ulaw' });
    edges(street, noise(5000, -40));
    street.push(chunkOfBytes(encode('ulaw', noise(20, -40))));
    expect(street.voiced).toBe(false);
    expect(edges(street, speech(1000, -18, -40))[0]?.[0]).toBe('start');
  });

  it('learns the noise of a line before anybody speaks', () => {
    const murmur = noise(500, -46);
    expect(edges(createVoiceDetector({ codec: 'ulaw' }), murmur)[0]?.[0]).toBe('start');
    expect(edges(createVoiceDetector({ codec: 'ulaw' }), joined(noise(5000, -52), murmur))).toEqual([]);
  });

  it('takes a fan that is switched on for noise within ten seconds', () => {
    const seen = edges(createVoiceDetector({ codec: 'ulaw' }), joined(noise(2000, -65), noise(12_000, -40)));
    expect(seen.map(([edge]) => edge)).toEqual(['start', 'stop']);
    expect(seen[1]![1]).toBeLessThan(12_000);
  });

  it('finds the same edges however the stream is cut', () => {
    const bytes = encode('ulaw', joined(noise(200, -65), speech(700, -22), noise(500, -65)));
    const flips = (sizes: number[]): number[] => {
      const detector = createVoiceDetector({ codec: 'ulaw' });
      const seen: number[] = [];
      let at = 0;
      for (let n = 0; at < bytes.length; n += 1) {
        const size = sizes[n % sizes.length]!;
        if (detector.push(chunkOfBytes(bytes.subarray(at, at + size)))) seen.push(Math.floor(at / 8));
        at += size;
      }
      return seen;
    };
    const fine = flips([8]);
    expect(fine.length).toBe(2);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 5 }), (sizes) => {
        const seen = flips(sizes);
        expect(seen.length).toBe(2);
        for (const [n, at] of seen.entries()) expect(Math.abs(at - fine[n]!)).toBeLessThanOrEqual(51);
      }),
      { seed: 4, numRuns: 40 },
    );
  });

  it('asks for exactly the configured onset and hangover', () => {
    const detector = createVoiceDetector({ codec: 'ulaw', onsetMs: 200, hangoverMs: 500 });
    const loud = noise(300, -20);
    const seen = edges(detector, joined(loud, noise(1000, -65)), 'ulaw', 80);
    expect(seen).toEqual([
      ['start', 200],
      ['stop', 800],
    ]);
  });

  it('forgets everything on a reset', () => {
    const detector = createVoiceDetector({ codec: 'ulaw' });
    edges(detector, noise(100, -20));
    expect(detector.voiced).toBe(true);
    detector.reset();
    expect(detector.voiced).toBe(false);
    expect(edges(detector, noise(100, -20))).toEqual([['start', 60]]);
  });
});
