/**
 * @module The caller's ear: turns the frames being played into the agent's utterances.
 * Word gaps belong to an utterance; a pause or a `clear` ends it.
 */
import type { CallEvent } from './events.ts';
import { FRAME_MS } from './voice.ts';

/** Silence that ends an utterance: gaps between words stay below 250 ms, turns are further apart. */
const PAUSE_MS = 300;

export interface Ear {
  /** When the present utterance began; undefined while the agent is quiet. */
  readonly speakingSince: number | undefined;
  /** End of the last voiced frame played. */
  readonly lastVoiced: number;
  /** Whether anything voiced was played after `time` that no `clear` cut off. */
  heardSince(time: number): boolean;
  /** Takes one frame of playback. */
  hear(voiced: boolean, at: number): void;
  /** The agent emptied the queue. */
  cut(at: number): void;
}

/** Creates an ear that has heard nothing yet. */
export function createEar(emit: (event: CallEvent) => void): Ear {
  let since: number | undefined;
  let lastVoiced = Number.NEGATIVE_INFINITY;
  let cutAt = Number.NEGATIVE_INFINITY;

  const finish = (at: number): void => {
    if (since === undefined) return;
    since = undefined;
    emit({ at, type: 'agentVoiceStop' });
  };

  return {
    get speakingSince() {
      return since;
    },
    get lastVoiced() {
      return lastVoiced;
    },
    heardSince: (time) => lastVoiced > time && lastVoiced > cutAt,
    hear(voiced, at) {
      if (voiced) {
        if (since === undefined) {
          since = at;
          emit({ at, type: 'agentVoiceStart' });
        }
        lastVoiced = at + FRAME_MS;
      } else if (at - lastVoiced >= PAUSE_MS) finish(lastVoiced);
    },
    cut(at) {
      // The frame being played is heard to its end, which may lie after the clear.
      cutAt = Math.max(at, lastVoiced);
      finish(lastVoiced);
    },
  };
}
