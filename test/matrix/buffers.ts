/**
 * @module What one call holds in memory outside its sockets: the rings of the gates, audio kept for a media connection
 * that is still opening, and the stretch of the recording that can still change. Counted at the seams of src/audio.
 */
import type { Chunk } from '../../src/audio/chunk.ts';
import type * as EarlyModule from '../../src/transport/clawops/early-audio.ts';
import type * as RingModule from '../../src/audio/ring.ts';
import type * as TrackModule from '../../src/audio/recorder-track.ts';

interface Store {
  readonly bytes: number;
}

const stores = new Set<Store>();

/** Bytes in all stores made since `forgetStores`. */
export function storedBytes(): number {
  let sum = 0;
  for (const { bytes } of stores) sum += bytes;
  return sum;
}

/** The call is over, and with it what it kept. */
export const forgetStores = (): void => stores.clear();

const sizeOf = ({ base64, bytes }: Chunk): number => (base64?.length ?? 0) + (bytes?.length ?? 0);

/** Replaces src/audio/ring.ts: the same rings, counted. */
export function watchRings(real: typeof RingModule): typeof RingModule {
  return {
    ...real,
    createChunkRing() {
      const ring = real.createChunkRing();
      // A ring hands out what it took in, in order, but for what is removed from its middle: sizes by chunk.
      let bytes = 0;
      stores.add({
        get bytes() {
          return ring.length === 0 ? (bytes = 0) : bytes;
        },
      });
      return {
        get length() {
          return ring.length;
        },
        get ms() {
          return ring.ms;
        },
        push(chunk) {
          bytes += sizeOf(chunk);
          ring.push(chunk);
        },
        shift() {
          const chunk = ring.shift();
          if (chunk) bytes -= sizeOf(chunk);
          return chunk;
        },
        remove: (matches) =>
          ring.remove((chunk) => {
            const goes = matches(chunk);
            if (goes) bytes -= sizeOf(chunk);
            return goes;
          }),
        clear() {
          bytes = 0;
          return ring.clear();
        },
      };
    },
  };
}

/** Replaces src/transport/clawops/early-audio.ts. */
export function watchEarlyAudio(real: typeof EarlyModule): typeof EarlyModule {
  return {
    ...real,
    createEarlyAudio(counters) {
      const early = real.createEarlyAudio(counters);
      let bytes = 0;
      stores.add({
        get bytes() {
          return bytes;
        },
      });
      return {
        ...early,
        play(chunk) {
          const taken = early.play(chunk);
          if (taken) bytes += sizeOf(chunk);
          return taken;
        },
        clear() {
          bytes = 0;
          early.clear();
        },
        pour(media) {
          bytes = 0;
          early.pour(media);
        },
      };
    },
  };
}

/** Replaces src/audio/recorder-track.ts. */
export function watchTracks(real: typeof TrackModule): typeof TrackModule {
  return {
    ...real,
    createRecorderTrack(codec, spill) {
      const track = real.createRecorderTrack(codec, spill);
      stores.add(track);
      return track;
    },
  };
}
