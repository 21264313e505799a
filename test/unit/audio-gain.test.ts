/**
 * A gain is applied to companded audio by a table, so it must be what decoding, multiplying and encoding would give,
 * clipped at full scale instead of wrapped, and nothing at all where the gain is one.
 */
import { describe, expect, it } from 'vitest';
import { decode, encode } from '../../src/audio/g711.ts';
import { applyGain } from '../../src/audio/gain.ts';

const everyCode = Uint8Array.from({ length: 256 }, (_, code) => code);

describe.each(['ulaw', 'alaw'] as const)('gain on %s', (codec) => {
  it.each([0, 0.25, 0.5, 1.4, 2, 8])('of %f is decode, multiply, clip, encode', (gain) => {
    const expected = [...decode(codec, everyCode)].map((sample) =>
      Math.min(32_767, Math.max(-32_768, Math.round(sample * gain))),
    );
    expect([...applyGain(codec, everyCode, gain)]).toEqual([...encode(codec, Int16Array.from(expected))]);
  });

  it('clips instead of wrapping around', () => {
    const loud = encode(codec, Int16Array.of(30_000, -30_000));
    const [high, low] = decode(codec, applyGain(codec, loud, 4));
    expect(high).toBeGreaterThan(31_000);
    expect(low).toBeLessThan(-31_000);
  });
});

describe('gain', () => {
  it('of one passes the bytes themselves', () => {
    const bytes = Uint8Array.of(1, 0x7f);
    expect(applyGain('ulaw', bytes, 1)).toBe(bytes);
    expect([...applyGain('ulaw', bytes, 1, new Uint8Array(2))]).toEqual([1, 0x7f]);
  });

  it('works in place', () => {
    const bytes = encode('ulaw', Int16Array.of(1000, -1000));
    expect(applyGain('ulaw', bytes, 2, bytes)).toBe(bytes);
    const [high, low] = decode('ulaw', bytes);
    expect(Math.abs(high! - 2000)).toBeLessThan(70);
    expect(low).toBe(-high!);
  });

  it.each([-1, Number.NaN, 101])('refuses %f', (gain) => {
    expect(() => applyGain('alaw', everyCode, gain)).toThrow(
      expect.objectContaining({ code: 'OFFHOOK_OPTION_INVALID' }),
    );
  });
});
