/**
 * @module A queue of audio chunks that knows how many milliseconds it holds; what is too much is its owner's
 * decision. Chunks are kept as copies, since their base64 may be a view into the socket message it came in.
 */
import type { Chunk } from './chunk.ts';

export interface ChunkRing {
  /** Chunks in it, and the audio they hold in ms. */
  readonly length: number;
  readonly ms: number;
  /** Keeps a chunk behind the others, safe beyond the message it came in. */
  push(chunk: Chunk): void;
  /** Takes the oldest chunk out. */
  shift(): Chunk | undefined;
  /** Takes out every chunk that `matches`, wherever it is, and says how many. The others keep their order. */
  remove(matches: (chunk: Chunk) => boolean): number;
  /** Empties it and says how many chunks it held. */
  clear(): number;
}

// 32 chunks of 20 ms; doubled as needed.
const FIRST_SIZE = 32;

/** Creates an empty ring. It grows with what it holds: bound it by `ms`. */
export function createChunkRing(): ChunkRing {
  let slots: (Chunk | undefined)[] = Array.from({ length: FIRST_SIZE }, () => undefined);
  let head = 0;
  let length = 0;
  let ms = 0;

  const at = (index: number): Chunk => slots[(head + index) & (slots.length - 1)]!;

  const grow = (): void => {
    const { length: size } = slots;
    slots = Array.from({ length: size * 2 }, (_, index) => (index < length ? at(index) : undefined));
    head = 0;
  };

  const clear = (): number => {
    const held = length;
    slots.fill(undefined);
    head = 0;
    length = 0;
    ms = 0;
    return held;
  };

  return {
    get length() {
      return length;
    },
    get ms() {
      return ms;
    },
    push(chunk) {
      if (length === slots.length) grow();
      slots[(head + length) & (slots.length - 1)] = keepChunk(chunk);
      length += 1;
      ms += chunk.ms;
    },
    shift() {
      if (length === 0) return undefined;
      const chunk = at(0);
      slots[head] = undefined;
      head = (head + 1) & (slots.length - 1);
      length -= 1;
      // Fractions must not add up over an hour.
      ms = length === 0 ? 0 : ms - chunk.ms;
      return chunk;
    },
    remove(matches) {
      const kept: Chunk[] = [];
      for (let index = 0; index < length; index += 1) if (!matches(at(index))) kept.push(at(index));
      const removed = length - kept.length;
      if (removed === 0) return 0;
      clear();
      for (const chunk of kept) {
        slots[length] = chunk;
        length += 1;
        ms += chunk.ms;
      }
      return removed;
    },
    clear,
  };
}

/** A chunk that may be kept: the base64 text copied out of the message it was a view of. */
export function keepChunk(chunk: Chunk): Chunk {
  const { gen, ms, at, base64, bytes } = chunk;
  return { gen, ms, at, base64: base64 && new Uint8Array(base64), bytes };
}
