/**
 * @module A voice detector for where nobody else detects: energy over an adaptive noise floor, with hangover.
 * It reports edges, never levels; what an edge means is the chart's business.
 */
import { bytesOf, type Chunk, type Codec } from './chunk.ts';
import { decodeTable } from './g711.ts';

export interface VoiceDetectorOptions {
  readonly codec: Codec;
  /** Voice needed for a `start`, in ms; shorter sounds are clicks. Default 60. */
  readonly onsetMs?: number;
  /** Silence needed for a `stop`, in ms; shorter ones are the gaps between syllables. Default 240. */
  readonly hangoverMs?: number;
  /** How far above the noise floor voice begins, in dB. Default 10. */
  readonly marginDb?: number;
  /** Below this nothing is voice, in dB of full scale. Default -48. */
  readonly minimumDb?: number;
}

export interface VoiceDetector {
  /** The next audio of the stream. Of two edges within one chunk, neither is reported. */
  push(chunk: Chunk): 'start' | 'stop' | undefined;
  readonly voiced: boolean;
  /** Forgets everything, the noise floor included. */
  reset(): void;
}

// 10 ms: short enough to resolve a 60 ms onset, long enough to hold a period of a low voice.
const WINDOW = 80;
const WINDOW_MS = 10;
// A line with nobody on it; the floor starts there, so that the first word counts.
const FIRST_FLOOR_DB = -60;
// Louder "noise" than this is somebody talking: the floor must never swallow a voice of normal level (-15…-30).
const HIGHEST_FLOOR_DB = -32;
// The floor falls within 50 ms, to catch the gaps between words, and rises within a second when nobody speaks.
const FALL = 0.2;
const RISE = 0.01;
// While voiced it creeps up by 3 dB a second, so that a fan switched on is not a voice for ever; the gaps of real
// speech bring it down again long before that matters.
const CREEP_DB = 0.03;
// Voice ends lower than it begins, or a fading vowel would flicker.
const HYSTERESIS_DB = 3;

/** Creates a detector for one direction of one call, at 8 kHz. Allocates nothing per chunk. */
export function createVoiceDetector(options: VoiceDetectorOptions): VoiceDetector {
  const { codec, onsetMs = 60, hangoverMs = 240, marginDb = 10, minimumDb = -48 } = options;
  const power = powerTable(codec);
  let sum = 0;
  let filled = 0;
  let floor = FIRST_FLOOR_DB;
  let voiced = false;
  /** How long the windows have spoken against the present state, in ms. */
  let against = 0;

  const judge = (level: number): void => {
    const threshold = Math.max(floor + marginDb, minimumDb) - (voiced ? HYSTERESIS_DB : 0);
    const loud = level > threshold;
    if (level < floor) floor += (level - floor) * FALL;
    else if (voiced) floor += CREEP_DB;
    else if (!loud) floor += (level - floor) * RISE;
    floor = Math.min(floor, HIGHEST_FLOOR_DB);
    // One quiet window does not undo an onset, it only delays it.
    if (loud !== voiced) against += WINDOW_MS;
    else against = voiced ? 0 : Math.max(0, against - WINDOW_MS);
    if (against < (voiced ? hangoverMs : onsetMs)) return;
    voiced = !voiced;
    against = 0;
  };

  return {
    get voiced() {
      return voiced;
    },
    push(chunk) {
      const bytes = bytesOf(chunk);
      const before = voiced;
      for (let index = 0; index < bytes.length; index += 1) {
        sum += power[bytes[index]!]!;
        filled += 1;
        if (filled < WINDOW) continue;
        judge(sum === 0 ? -100 : 10 * Math.log10(sum / WINDOW));
        sum = 0;
        filled = 0;
      }
      if (voiced === before) return undefined;
      return voiced ? 'start' : 'stop';
    },
    reset() {
      sum = 0;
      filled = 0;
      floor = FIRST_FLOOR_DB;
      voiced = false;
      against = 0;
    },
  };
}

/** Power of every code relative to a full-scale square wave. */
function powerTable(codec: Codec): Float64Array {
  return Float64Array.from(decodeTable(codec), (sample) => (sample / 32_768) ** 2);
}
