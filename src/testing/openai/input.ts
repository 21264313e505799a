/**
 * @module The input audio buffer: takes the caller's audio, hears voice in it, and says when a turn starts and
 * ends. It keeps only lengths; whoever wants the bytes asks for them.
 */
import { type AudioFormat, createMeter, FORMAT_BYTES_PER_MS } from './audio.ts';
import { createDetector, type DetectorSettings } from './vad.ts';

/** Under this an utterance cannot be committed, ms (the service's own limit). */
export const MIN_COMMIT_MS = 100;
// A committed buffer counts as speech from this much voice; below it, it was a noise.
const MIN_VOICE_MS = 40;

export interface InputEvents {
  started(startMs: number): void;
  stopped(endMs: number): void;
}

export interface InputBuffer {
  append(bytes: Uint8Array, length: number, format: AudioFormat): void;
  /** @param detect whether edges are reported; voice is measured either way. */
  configure(settings: DetectorSettings, detect: boolean): void;
  /** Takes what is in the buffer. `voiced`: somebody spoke in it. */
  take(): { ms: number; voiced: boolean };
  /** Audio since the last take, ms. */
  readonly heldMs: number;
  /** All audio of the session, ms: the axis of `audio_start_ms`. */
  readonly totalMs: number;
  readonly speaking: boolean;
}

/** Creates an empty buffer. */
export function createInputBuffer(initial: DetectorSettings, events: InputEvents): InputBuffer {
  const meter = createMeter();
  const detector = createDetector(initial);
  let detecting = true;
  let totalMs = 0;
  let takenMs = 0;

  const frame = (power: number): void => {
    const edge = detector.push(power);
    if (!edge || !detecting) return;
    if (edge === 'start') events.started(detector.startMs);
    else events.stopped(detector.nowMs);
  };

  return {
    append(bytes, length, format) {
      totalMs += length / FORMAT_BYTES_PER_MS[format];
      meter.measure(bytes, length, format, frame);
    },
    configure(settings, detect) {
      detector.configure(settings);
      detecting = detect;
    },
    take() {
      const taken = { ms: totalMs - takenMs, voiced: detector.voicedMs >= MIN_VOICE_MS };
      takenMs = totalMs;
      detector.take();
      return taken;
    },
    get heldMs() {
      return totalMs - takenMs;
    },
    get totalMs() {
      return totalMs;
    },
    get speaking() {
      return detecting && detector.speaking;
    },
  };
}
