/**
 * @module Audio as the Realtime API carries it: the three formats, their powers by table, and a script's mu-law
 * lines cut into deltas of the negotiated format. Each line is converted and encoded once for all sessions.
 */
import { decode, decodeTable, encode, transcode } from '../../audio/g711.ts';
import { createResampler } from '../../audio/resample.ts';
import { FRAME_MS } from './vad.ts';
import type { SpokenLine } from './script.ts';

export type AudioFormat = 'audio/pcmu' | 'audio/pcma' | 'audio/pcm';

/** Bytes of one millisecond: G.711 at 8 kHz, PCM16 little-endian at 24 kHz. */
export const FORMAT_BYTES_PER_MS: Readonly<Record<AudioFormat, number>> = {
  'audio/pcmu': 8,
  'audio/pcma': 8,
  'audio/pcm': 48,
};

// Humming pace for lines without a recording: 15 characters a second is an ordinary speaking rate.
const HUM_MS_PER_CHARACTER = 65;
const HUM_MIN_MS = 300;
// Instructions can be pages long; nobody needs to hear them hummed.
const HUM_MAX_MS = 20_000;
const FULL_SCALE = 32_768;

const POWERS = { 'audio/pcmu': powersOf('ulaw'), 'audio/pcma': powersOf('alaw') } as const;

function powersOf(codec: 'ulaw' | 'alaw'): Float64Array {
  return Float64Array.from(decodeTable(codec), (sample) => (sample / FULL_SCALE) ** 2);
}

export interface Meter {
  /** Measures `length` bytes and calls `frame` with the mean square of every full 10 ms. */
  measure(bytes: Uint8Array, length: number, format: AudioFormat, frame: (power: number) => void): void;
}

/** Creates a meter; it keeps an unfinished frame between calls and forgets it when the format changes. */
export function createMeter(): Meter {
  let sum = 0;
  let count = 0;
  let last: AudioFormat | undefined;
  return {
    measure(bytes, length, format, frame) {
      if (format !== last) sum = count = 0;
      last = format;
      const wide = format === 'audio/pcm';
      const size = (FRAME_MS * FORMAT_BYTES_PER_MS[format]) / (wide ? 2 : 1);
      const table = wide ? undefined : POWERS[format];
      for (let index = 0; index + (wide ? 1 : 0) < length; index += wide ? 2 : 1) {
        if (table) {
          sum += table[bytes[index]!]!;
        } else {
          const sample = ((bytes[index + 1]! << 24) >> 16) | bytes[index]!;
          sum += (sample / FULL_SCALE) ** 2;
        }
        count += 1;
        if (count < size) continue;
        const power = sum / size;
        sum = count = 0;
        frame(power);
      }
    },
  };
}

/** A piece of a line as one delta carries it. */
export interface Piece {
  /** Where it begins within its line, ms. */
  readonly startMs: number;
  readonly ms: number;
  /** Its bytes in base64; encoded when first asked for, then kept. */
  base64(): string;
}

export interface Cut {
  readonly pieces: readonly Piece[];
  readonly ms: number;
}

const cuts = new WeakMap<Uint8Array, Map<string, Cut>>();
const hums = new Map<number, Uint8Array>();

/** Cuts a line into deltas of `sizes` ms, taken in turn. The same line, format and sizes are cut once. */
export function cutLine(line: SpokenLine, format: AudioFormat, sizes: readonly number[]): Cut {
  const audio = line.audio ?? hum(line.text);
  const key = `${format} ${sizes.join(' ')}`;
  let known = cuts.get(audio);
  if (!known) cuts.set(audio, (known = new Map()));
  let cut = known.get(key);
  if (!cut) known.set(key, (cut = cutBytes(convert(audio, format), FORMAT_BYTES_PER_MS[format], sizes)));
  return cut;
}

function cutBytes(bytes: Buffer, perMs: number, sizes: readonly number[]): Cut {
  const pieces: Piece[] = [];
  for (let start = 0, index = 0; start < bytes.length; index += 1) {
    const length = Math.min(bytes.length - start, sizes[index % sizes.length]! * perMs);
    const view = bytes.subarray(start, start + length);
    let text: string | undefined;
    pieces.push({
      startMs: start / perMs,
      ms: length / perMs,
      base64: () => (text ??= view.toString('base64')),
    });
    start += length;
  }
  return { pieces, ms: bytes.length / perMs };
}

/** Mu-law at 8 kHz into one of the formats of the API. */
export function convert(ulaw: Uint8Array, format: AudioFormat): Buffer {
  if (format === 'audio/pcmu') return bufferOf(ulaw);
  if (format === 'audio/pcma') return bufferOf(transcode('ulaw', 'alaw', ulaw));
  const pcm = createResampler(8000, 24_000).process(decode('ulaw', ulaw));
  const bytes = Buffer.alloc(pcm.length * 2);
  for (let index = 0; index < pcm.length; index += 1) bytes.writeInt16LE(pcm[index]!, index * 2);
  return bytes;
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A voice without words, mu-law: loud and soft at the pace of syllables, as long as the text would take. */
export function hum(text: string): Uint8Array {
  const ms = Math.min(HUM_MAX_MS, Math.max(HUM_MIN_MS, text.length * HUM_MS_PER_CHARACTER));
  let bytes = hums.get(ms);
  if (bytes) return bytes;
  const pcm = Int16Array.from({ length: ms * 8 }, (_, index) => {
    const syllable = 0.6 + 0.4 * Math.sin((2 * Math.PI * 4 * index) / 8000);
    return Math.round(4000 * syllable * Math.sin((2 * Math.PI * 180 * index) / 8000));
  });
  bytes = encode('ulaw', pcm);
  hums.set(ms, bytes);
  return bytes;
}
