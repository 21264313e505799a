/**
 * @module Tells voice from silence in 20 ms mu-law frames, and cuts recordings into frames ready to send.
 * The exchange knows both lines without noise of their own, so plain energy is enough.
 */
import { SILENCE } from '../audio/chunk.ts';

/** Bytes of one 20 ms frame. */
export const FRAME_BYTES = 160;
/** Length of a frame in ms. */
export const FRAME_MS = 20;

/**
 * Mean square above which a frame is voiced: an RMS of 330 of 32,768, or -40 dBFS. Speech on a telephone lies
 * 15 dB and more above it, comfort noise and companded room noise below.
 */
const VOICED_MEAN_SQUARE = 330 * 330;

const squares = new Float64Array(256);
for (let code = 0; code < 256; code += 1) {
  const bits = ~code & 0xff;
  const magnitude = (((bits & 0x0f) << 3) + 0x84) * 2 ** ((bits >> 4) & 7) - 0x84;
  squares[code] = magnitude * magnitude;
}

/** Whether a stretch of mu-law bytes holds voice. */
export function isVoiced(bytes: Uint8Array, start = 0, end = bytes.length): boolean {
  let sum = 0;
  for (let index = start; index < end; index += 1) sum += squares[bytes[index]!]!;
  return sum > VOICED_MEAN_SQUARE * (end - start);
}

/** One 20 ms frame of what a caller sends. */
export interface CallerFrame {
  readonly bytes: Uint8Array;
  readonly base64: string;
  readonly voiced: boolean;
}

function frameOf(bytes: Uint8Array): CallerFrame {
  return { bytes, base64: Buffer.from(bytes).toString('base64'), voiced: isVoiced(bytes) };
}

/** A frame of digital silence. */
export const SILENT_FRAME: CallerFrame = frameOf(new Uint8Array(FRAME_BYTES).fill(SILENCE.ulaw));

/** A recording cut into frames; `first` and `last` are the indices of its voiced ones, -1 if there are none. */
export interface PreparedClip {
  readonly frames: readonly CallerFrame[];
  readonly first: number;
  readonly last: number;
}

const prepared = new WeakMap<Uint8Array, PreparedClip>();

/** Cuts mu-law audio into frames, the last one filled up with silence. A hundred callers share one result. */
export function prepareClip(audio: Uint8Array): PreparedClip {
  const known = prepared.get(audio);
  if (known) return known;
  const frames: CallerFrame[] = [];
  for (let offset = 0; offset < audio.length; offset += FRAME_BYTES) {
    const bytes = new Uint8Array(FRAME_BYTES).fill(SILENCE.ulaw);
    bytes.set(audio.subarray(offset, offset + FRAME_BYTES));
    frames.push(frameOf(bytes));
  }
  const clip = {
    frames,
    first: frames.findIndex((frame) => frame.voiced),
    last: frames.findLastIndex((frame) => frame.voiced),
  };
  prepared.set(audio, clip);
  return clip;
}
