/**
 * Two mu-law encoders are in use: the 14-bit one of the recommendation and a 16-bit one that differs on 381 inputs.
 * Ours is the first, checked on all 65,536 samples against the decision values and against a second implementation.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Codec } from '../../src/audio/chunk.ts';
import { decode, decodeTable, encode, transcode } from '../../src/audio/g711.ts';

interface Oracle {
  /** First sample of each run of equal codes, ascending, and the code; captured from Python's audioop. */
  encodeRuns: [number, number][];
  decode: number[];
}
const oracles: Record<Codec, Oracle> = JSON.parse(
  readFileSync(new URL('fixtures/g711-audioop.json', import.meta.url), 'utf8'),
);

const laws: Codec[] = ['ulaw', 'alaw'];
const everySample = Int16Array.from({ length: 65_536 }, (_, index) => index - 32_768);
const everyCode = Uint8Array.from({ length: 256 }, (_, index) => index);

/** G.711 by its decision values: walk up the steps until the sample is below the next one. */
function referenceUlaw(sample: number): number {
  const linear = Math.floor(sample / 4);
  const magnitude = Math.abs(linear);
  let decision = 1;
  let code = 0;
  for (let segment = 0; segment < 8 && code < 127; segment += 1) {
    const step = 2 ** (segment + 1);
    for (let inside = segment === 0 ? 1 : 0; inside < 16 && code < 127; inside += 1) {
      if (magnitude < decision) return 255 - code - (linear < 0 ? 128 : 0);
      decision += step;
      code += 1;
    }
  }
  return 255 - code - (linear < 0 ? 128 : 0);
}

function referenceAlaw(sample: number): number {
  const linear = Math.floor(sample / 8);
  const magnitude = linear < 0 ? -linear - 1 : linear;
  let decision = 0;
  let code = -1;
  for (let segment = 0; segment < 8; segment += 1) {
    for (let inside = 0; inside < 16 && magnitude >= decision; inside += 1) {
      decision += segment < 2 ? 2 : 2 ** segment;
      code += 1;
    }
  }
  return ((linear < 0 ? 0 : 128) + code) ^ 0x55;
}

const references = { ulaw: referenceUlaw, alaw: referenceAlaw };

describe.each(laws)('G.711 %s', (codec) => {
  it('encodes every sample as the decision values of the recommendation say', () => {
    const expected = Uint8Array.from(everySample, (sample) => references[codec](sample));
    expect(Buffer.from(encode(codec, everySample)).equals(Buffer.from(expected))).toBe(true);
  });

  it('agrees with a second implementation on every sample and code', () => {
    const expected = new Uint8Array(65_536);
    for (const [first, code] of oracles[codec].encodeRuns) expected.fill(code, first + 32_768);
    expect(Buffer.from(encode(codec, everySample)).equals(Buffer.from(expected))).toBe(true);
    expect([...decode(codec, everyCode)]).toEqual(oracles[codec].decode);
    expect([...decodeTable(codec)]).toEqual(oracles[codec].decode);
  });

  it('gives every code back, but for the negative zero of mu-law', () => {
    const back = encode(codec, decode(codec, everyCode));
    const changed = [...everyCode].filter((code) => back[code] !== code);
    expect(changed).toEqual(codec === 'ulaw' ? [0x7f] : []);
  });

  it('writes into the array it is given, without another one', () => {
    const bytes = new Uint8Array(160);
    expect(encode(codec, new Int16Array(160), bytes)).toBe(bytes);
    const pcm = new Int16Array(200);
    const part = decode(codec, bytes, pcm);
    expect(part.length).toBe(160);
    expect(part.buffer).toBe(pcm.buffer);
    expect(() => decode(codec, bytes, new Int16Array(10))).toThrow(
      expect.objectContaining({ code: 'OFFHOOK_AUDIO_INVALID' }),
    );
    expect(() => encode(codec, pcm, new Uint8Array(10))).toThrow(/10 elements/);
  });
});

describe('from one law to the other', () => {
  it('is decoding and encoding in one lookup', () => {
    for (const [from, to] of [
      ['ulaw', 'alaw'],
      ['alaw', 'ulaw'],
    ] as const) {
      expect([...transcode(from, to, everyCode)]).toEqual([...encode(to, decode(from, everyCode))]);
    }
  });

  it('can work in place, and passes equal laws untouched', () => {
    const bytes = Uint8Array.of(0xff, 0x00, 0x80);
    expect(transcode('ulaw', 'ulaw', bytes)).toBe(bytes);
    expect([...transcode('ulaw', 'alaw', bytes, bytes)]).toEqual([0xd5, 0x2a, 0xaa]);
  });
});
