/**
 * @module What is played between the answer and the first sign of media: kept in order, then sent in one go, so that
 * a greeting made while it rang is not lost to the milliseconds in which the media connection opens.
 */
import type { Chunk } from '../../audio/chunk.ts';
import type { ClawopsCounters } from './counters.ts';
import type { Media } from './media.ts';

/** Media comes within 10 s or never; what is made while it rings is bounded to the same. */
const LONGEST_MS = 30_000;

export interface EarlyAudio extends Pick<Media, 'play' | 'mark' | 'clear'> {
  /** Sends what is kept, and keeps nothing more of it. */
  pour(media: Pick<Media, 'play' | 'mark'>): void;
}

/** Creates an empty one. What exceeds its 30 s is dropped and counted. */
export function createEarlyAudio(counters: ClawopsCounters): EarlyAudio {
  let kept: (Chunk | string)[] = [];
  let ms = 0;
  const empty = (): typeof kept => {
    const was = kept;
    kept = [];
    ms = 0;
    return was;
  };
  return {
    play(chunk) {
      if (ms + chunk.ms > LONGEST_MS) {
        counters.dropped += 1;
        return false;
      }
      ms += chunk.ms;
      kept.push(chunk);
      return true;
    },
    // One mark stands behind at least some audio, so the audio's bound is theirs too.
    mark: (name) => void kept.push(name),
    clear: () => void empty(),
    pour(media) {
      for (const item of empty()) {
        if (typeof item === 'string') media.mark(item);
        else media.play(item);
      }
    },
  };
}
