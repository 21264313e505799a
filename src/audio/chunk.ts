/**
 * @module A piece of G.711 audio on its way between carrier and provider: 8 kHz, mono, one byte a sample.
 * Audio that only passes through stays in the base64 it arrived in; `bytesOf` decodes once and remembers.
 */

/** G.711 companding laws. */
export type Codec = 'ulaw' | 'alaw';

/** Samples, and so bytes, of G.711 in one millisecond (8,000 Hz, 8 bits). */
export const BYTES_PER_MS = 8;

/** Silence in each law: the code of the sample nearest to zero. */
export const SILENCE: Readonly<Record<Codec, number>> = { ulaw: 0xff, alaw: 0xd5 };

export interface Chunk {
  /** The generation it belongs to; 0 for the caller's audio. */
  readonly gen: number;
  /** Length in milliseconds; 160 bytes are 20 ms. May be fractional. */
  readonly ms: number;
  /** Position on the carrier's media axis in ms; caller audio only. */
  readonly at: number;
  /** ASCII bytes of the base64 text, possibly a view into the message it came in. */
  base64: Uint8Array | undefined;
  /** The decoded bytes. At least one of the two is set. */
  bytes: Uint8Array | undefined;
}

/** Wraps decoded G.711 bytes. */
export function chunkOfBytes(bytes: Uint8Array, gen = 0, at = 0): Chunk {
  return { gen, ms: bytes.length / BYTES_PER_MS, at, base64: undefined, bytes };
}

/** Wraps base64 text that is to pass through undecoded. */
export function chunkOfBase64(base64: Uint8Array, gen = 0, at = 0): Chunk {
  return { gen, ms: base64Length(base64) / BYTES_PER_MS, at, base64, bytes: undefined };
}

/** The chunk's bytes; decodes at most once. */
export function bytesOf(chunk: Chunk): Uint8Array {
  chunk.bytes ??= decodeBase64(chunk.base64!);
  return chunk.bytes;
}

/** The chunk's base64 text; encodes at most once. */
export function base64Of(chunk: Chunk): Uint8Array {
  chunk.base64 ??= Buffer.from(asBuffer(chunk.bytes!).toString('base64'), 'latin1');
  return chunk.base64;
}

/**
 * Cuts a chunk after `bytes` of its audio without decoding it.
 * @param bytes where to cut; a multiple of 3 if the chunk is base64 only, since four characters hold three bytes.
 */
export function splitChunk(chunk: Chunk, bytes: number): [Chunk, Chunk] {
  const ms = bytes / BYTES_PER_MS;
  const part = (from: 0 | 1): Chunk => ({
    gen: chunk.gen,
    ms: from === 0 ? ms : chunk.ms - ms,
    at: from === 0 ? chunk.at : chunk.at + ms,
    base64: bytes % 3 === 0 ? slice(chunk.base64, (bytes / 3) * 4, from) : undefined,
    bytes: slice(chunk.bytes, bytes, from),
  });
  return [part(0), part(1)];
}

function slice(data: Uint8Array | undefined, at: number, from: 0 | 1): Uint8Array | undefined {
  return from === 0 ? data?.subarray(0, at) : data?.subarray(at);
}

/** How many bytes a piece of base64 text decodes to. */
export function base64Length(text: Uint8Array): number {
  const { length } = text;
  if (length === 0) return 0;
  const padding = text[length - 1] !== 0x3d ? 0 : text[length - 2] === 0x3d ? 2 : 1;
  return Math.floor((length * 3) / 4) - padding;
}

function decodeBase64(text: Uint8Array): Uint8Array {
  return Buffer.from(asBuffer(text).toString('latin1'), 'base64');
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
