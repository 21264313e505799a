/**
 * @module G.711 to and from PCM16 by table, exact to the recommendation. A frame costs one lookup a sample
 * and, with `out` given, no allocation.
 */
import { OffhookError } from '../errors.ts';
import type { Codec } from './chunk.ts';

// ITU-T G.711 defines mu-law on 14-bit and A-law on 13-bit samples: the bits below are dropped before the
// lookup. Companding all 16 bits instead differs on 381 (mu) and 127 (A) of the 65,536 inputs.
const SHIFT = { ulaw: 2, alaw: 3 } as const satisfies Record<Codec, number>;

/** Made when first asked for: a call that only passes audio through never does, and they are 24,576 entries. */
const encodeTables: Partial<Record<Codec, Uint8Array>> = {};

function encodeTable(codec: Codec): Uint8Array {
  encodeTables[codec] ??=
    codec === 'ulaw' ? buildEncodeTable(14, companderUlaw) : buildEncodeTable(13, companderAlaw);
  return encodeTables[codec];
}

const DECODE: Readonly<Record<Codec, Int16Array>> = {
  ulaw: Int16Array.from({ length: 256 }, (_, code) => expandUlaw(code)),
  alaw: Int16Array.from({ length: 256 }, (_, code) => expandAlaw(code)),
};

const transcodeTables: Partial<Record<Codec, Uint8Array>> = {};

/**
 * Compands PCM16 at 8 kHz to G.711.
 * @param out where to write; at least as long as `pcm`. Default: a new array.
 * @returns the written bytes: `out` itself where the length fits exactly, otherwise a view of it.
 * @throws OffhookError OFFHOOK_AUDIO_INVALID if `out` is too short.
 */
export function encode(codec: Codec, pcm: Int16Array, out?: Uint8Array): Uint8Array {
  const { length } = pcm;
  const target = fitBytes(out, length);
  const table = encodeTable(codec);
  const shift = SHIFT[codec];
  const mask = table.length - 1;
  for (let index = 0; index < length; index += 1) target[index] = table[(pcm[index]! >> shift) & mask]!;
  return target;
}

/**
 * Expands G.711 to PCM16 at 8 kHz.
 * @param out where to write; at least as long as `bytes`. Default: a new array.
 * @returns the written samples: `out` itself where the length fits exactly, otherwise a view of it.
 * @throws OffhookError OFFHOOK_AUDIO_INVALID if `out` is too short.
 */
export function decode(codec: Codec, bytes: Uint8Array, out?: Int16Array): Int16Array {
  const { length } = bytes;
  if (out && out.length < length) throw tooShort(out.length, length);
  const target = !out ? new Int16Array(length) : out.length === length ? out : out.subarray(0, length);
  const table = DECODE[codec];
  for (let index = 0; index < length; index += 1) target[index] = table[bytes[index]!]!;
  return target;
}

/**
 * Changes the law of G.711 bytes, by way of the linear sample. With equal laws the bytes pass as they are:
 * copied to `out` if there is one, otherwise the same array.
 * @param out where to write; may be `bytes` itself. Default: a new array.
 * @throws OffhookError OFFHOOK_AUDIO_INVALID if `out` is too short.
 */
export function transcode(from: Codec, to: Codec, bytes: Uint8Array, out?: Uint8Array): Uint8Array {
  if (from === to && !out) return bytes;
  const target = fitBytes(out, bytes.length);
  if (from === to) {
    target.set(bytes);
    return target;
  }
  transcodeTables[from] ??= encode(to, DECODE[from]);
  return mapBytes(transcodeTables[from], bytes, target);
}

/** The 256 samples that a law's codes stand for, for taps that look up rather than decode. Not to be written. */
export function decodeTable(codec: Codec): Readonly<Int16Array> {
  return DECODE[codec];
}

/** Maps every byte through a table of 256. `target` may be `bytes` itself. */
export function mapBytes(table: Uint8Array, bytes: Uint8Array, target: Uint8Array): Uint8Array {
  const { length } = bytes;
  for (let index = 0; index < length; index += 1) target[index] = table[bytes[index]!]!;
  return target;
}

/** `out` cut to `length` bytes, or a new array. @throws OffhookError OFFHOOK_AUDIO_INVALID if it is too short. */
export function fitBytes(out: Uint8Array | undefined, length: number): Uint8Array {
  if (!out) return new Uint8Array(length);
  if (out.length < length) throw tooShort(out.length, length);
  return out.length === length ? out : out.subarray(0, length);
}

function tooShort(have: number, need: number): OffhookError {
  return new OffhookError(
    'OFFHOOK_AUDIO_INVALID',
    `The output array has ${have} elements; ${need} are needed.`,
    {
      expected: 'An array at least as long as the input, or none.',
    },
  );
}

function buildEncodeTable(bits: number, compand: (sample: number) => number): Uint8Array {
  const size = 1 << bits;
  const table = new Uint8Array(size);
  for (let index = 0; index < size; index += 1) {
    table[index] = compand(index < size / 2 ? index : index - size);
  }
  return table;
}

/** One 14-bit sample to mu-law: a bias of 33 makes every segment twice the one below (G.711 table 2). */
function companderUlaw(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const biased = Math.min(Math.abs(sample), 8158) + 33;
  const segment = 26 - Math.clz32(biased);
  return ~(sign | (segment << 4) | ((biased >> (segment + 1)) & 0x0f)) & 0xff;
}

function expandUlaw(code: number): number {
  const bits = ~code & 0xff;
  const magnitude = ((((bits & 0x0f) << 3) + 132) << ((bits >> 4) & 7)) - 132;
  return bits & 0x80 ? -magnitude : magnitude;
}

/** One 13-bit sample to A-law: two equal segments at the bottom, even bits inverted (G.711 table 1). */
function companderAlaw(sample: number): number {
  const sign = sample < 0 ? 0 : 0x80;
  const magnitude = sample < 0 ? -sample - 1 : sample;
  const segment = Math.max(0, 27 - Math.clz32(magnitude));
  const step = (magnitude >> Math.max(1, segment)) & 0x0f;
  return (sign | (segment << 4) | step) ^ 0x55;
}

function expandAlaw(code: number): number {
  const bits = code ^ 0x55;
  const segment = (bits >> 4) & 7;
  const mantissa = ((bits & 0x0f) << 4) + 8;
  const magnitude = segment === 0 ? mantissa : (mantissa + 256) << (segment - 1);
  return bits & 0x80 ? magnitude : -magnitude;
}
