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

/** Samples of 16 bits; the ring of a track doubles, and is never given back while the call lasts. */
const FIRST_TRACK = 16_384;

/** Replaces src/audio/recorder-track.ts. */
export function watchTracks(real: typeof TrackModule): typeof TrackModule {
  return {
    ...real,
    createRecorderTrack(codec, spill) {
      // Blinded to what lies on the disk, the real one's end is the end of what is in memory.
      const track = real.createRecorderTrack(
        codec,
        spill && {
          get start() {
            return spill.start;
          },
          end: 0,
          put: (start, bytes) => spill.put(start, bytes),
          take: (until, give) => spill.take(until, give),
          cut: (start) => spill.cut(start),
          close: () => spill.close(),
        },
      );
      let base = 0;
      let size = FIRST_TRACK;
      const grow = (): void => {
        while (size < track.end - base) size *= 2;
      };
      stores.add({
        get bytes() {
          return size * 2;
        },
      });
      return {
        get end() {
          return Math.max(track.end, spill?.end ?? 0);
        },
        place(start, bytes) {
          track.place(start, bytes);
          grow();
        },
        cut: (start) => track.cut(start),
        read(into) {
          track.read(into);
          base += into.length;
          grow();
        },
        skip(count) {
          track.skip(count);
          base += count;
          grow();
        },
      };
    },
  };
}
