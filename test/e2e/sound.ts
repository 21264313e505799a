/**
 * @module Ears for tests: where a clip lies in a recording, how much of it was heard, and which of many clips a
 * recording holds. Audio is PCM16 at 8 kHz, or the mu-law bytes of the line.
 */
import { decode } from '../../src/audio/g711.ts';
import type { Arrival } from '../../src/exchange/index.ts';

/** Bytes, and samples, of one ms. */
export const PER_MS = 8;
/** Bytes of a frame of 20 ms. */
export const FRAME = 160;
const SILENT = 0xff;

/** Any audible stretch of a mu-law tape. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** How many ms of a clip, from its beginning, are on a mu-law tape without a gap; 0 if it does not begin there. */
export function heardOf(tape: Uint8Array, clip: Uint8Array): { readonly at: number; readonly ms: number } {
  const start = clip.findIndex((byte) => byte !== SILENT);
  const line = Buffer.from(tape.buffer, tape.byteOffset, tape.byteLength);
  const at = line.indexOf(clip.subarray(start, start + 2 * FRAME));
  if (at < 0) return { at, ms: 0 };
  let count = 0;
  while (start + count < clip.length && tape[at + count] === clip[start + count]) count += 1;
  return { at: at / PER_MS, ms: (start + count) / PER_MS };
}

/** Audible stretches of a tape; silence of up to `gapMs` belongs to them. */
export function findStretches(tape: Uint8Array, gapMs = 300): Stretch[] {
  const stretches: Stretch[] = [];
  let from = -1;
  let last = -1;
  for (let index = 0; index < tape.length; index += 1) {
    if (tape[index] === SILENT) continue;
    if (from >= 0 && index - last > gapMs * PER_MS) {
      stretches.push({ from, to: last + 1 });
      from = -1;
    }
    if (from < 0) from = index;
    last = index;
  }
  if (from >= 0) stretches.push({ from, to: last + 1 });
  return stretches;
}

/** Pieces of `clip` that arrived after the agent's first clear; silence belongs to no clip. */
export function findStale(arrivals: readonly Arrival[], clip: Uint8Array): readonly Arrival[] {
  const whole = Buffer.from(clip);
  return arrivals.filter(
    ({ clears, audio }) =>
      clears > 0 && audio?.some((byte) => byte !== audio[0]) && whole.includes(Buffer.from(audio)),
  );
}

export interface Comparison {
  /** Audible stretches of the tape that are in the recording, sample by sample, within a frame of their place. */
  readonly found: number;
  readonly of: number;
  /** Samples by which stretches lie off their place, the largest one. */
  readonly worstLag: number;
  /** Audible samples of the recording that nothing on the tape accounts for. */
  readonly foreign: number;
}

/** Holds a recording against what went over the line. The last frame of a stretch may be missing: it was cut. */
export function compareWithTape(recording: Int16Array, tape: Uint8Array): Comparison {
  const truth = decode('ulaw', tape);
  const rest = recording.slice();
  const stretches = findStretches(tape);
  let found = 0;
  let worstLag = 0;
  for (const { from, to } of stretches) {
    const lag = findLag(recording, truth, from, Math.max(from + 1, to - FRAME));
    if (lag === undefined) continue;
    found += 1;
    if (Math.abs(lag) > Math.abs(worstLag)) worstLag = lag;
    rest.fill(0, Math.max(0, from + lag), to + lag + FRAME);
  }
  return { found, of: stretches.length, worstLag, foreign: rest.filter((sample) => sample !== 0).length };
}

function findLag(recording: Int16Array, truth: Int16Array, from: number, to: number): number | undefined {
  for (let step = 0; step <= FRAME * 2; step += 1) {
    const lag = step % 2 === 0 ? step / 2 : -(step + 1) / 2;
    let index = from;
    while (index < to && recording[index + lag] === truth[index]) index += 1;
    if (index === to) return lag;
  }
  return undefined;
}
