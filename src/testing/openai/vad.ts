/**
 * @module Voice detection by energy, on 10 ms frames: what a provider's detector does, with numbers one can
 * predict. It knows only powers; the audio axis is the caller's.
 */

/** Length of a frame in ms. */
export const FRAME_MS = 10;

// Voice must add up to this before it counts, so that a click or one loud frame of noise starts nothing; it is
// shorter than any vowel. Silent frames count down.
const ONSET_MS = 40;

export interface DetectorSettings {
  /** Mean square of a frame, 1 being full scale, from which it counts as voice. */
  readonly power: number;
  /** Audio before the onset that belongs to the turn, ms. */
  readonly prefixMs: number;
  /** Silence that ends a turn, ms, given how long the caller spoke. */
  silenceMs(voicedMs: number): number;
}

/** The power for a threshold of 0…1. Half is -40 dB: speech on a line is -15…-35, a quiet line is below -55. */
export function powerOf(threshold: number): number {
  return 10 ** ((-60 + 40 * threshold) / 10);
}

export interface Detector {
  configure(settings: DetectorSettings): void;
  /** Takes the next frame's mean square. */
  push(power: number): 'start' | 'stop' | undefined;
  readonly speaking: boolean;
  /** Voice since the last `take`, ms. */
  readonly voicedMs: number;
  /** Start of the turn on the audio axis, prefix included; valid from a `start`. */
  readonly startMs: number;
  /** All audio seen, ms. */
  readonly nowMs: number;
  /** The audio up to now was committed or cleared: no later turn reaches back before it. */
  take(): void;
}

/** Creates a detector at position 0. */
export function createDetector(initial: DetectorSettings): Detector {
  let settings = initial;
  let now = 0;
  let floor = 0;
  let onset = 0;
  let onsetAt = 0;
  let speaking = false;
  let silent = 0;
  let voiced = 0;
  let start = 0;

  const rise = (loud: boolean): 'start' | undefined => {
    if (loud) {
      if (onset === 0) onsetAt = now - FRAME_MS;
      onset += FRAME_MS;
    } else {
      onset = Math.max(0, onset - FRAME_MS);
    }
    if (onset < ONSET_MS) return undefined;
    speaking = true;
    silent = 0;
    start = Math.max(floor, onsetAt - settings.prefixMs);
    return 'start';
  };

  return {
    configure: (next) => {
      settings = next;
    },
    push(power) {
      now += FRAME_MS;
      const loud = power >= settings.power;
      if (loud) voiced += FRAME_MS;
      if (!speaking) return rise(loud);
      silent = loud ? 0 : silent + FRAME_MS;
      if (silent === 0 || silent < settings.silenceMs(voiced)) return undefined;
      speaking = false;
      onset = 0;
      return 'stop';
    },
    take() {
      floor = now;
      onset = 0;
      voiced = 0;
      speaking = false;
    },
    get speaking() {
      return speaking;
    },
    get voicedMs() {
      return voiced;
    },
    get startMs() {
      return start;
    },
    get nowMs() {
      return now;
    },
  };
}
