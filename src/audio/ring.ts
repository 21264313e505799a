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

/** An empty ring takes no room: each call has two, which are seldom of use once its session is there. */
const NO_SLOTS: (Chunk | undefined)[] = [];

/** Creates an empty ring. It grows with what it holds: bound it by `ms`. */
export function createChunkRing(): ChunkRing {
  return new Ring();
}

class Ring implements ChunkRing {
  #slots = NO_SLOTS;
  #head = 0;
  #length = 0;
  #ms = 0;

  get length(): number {
    return this.#length;
  }

  get ms(): number {
    return this.#ms;
  }

  push(chunk: Chunk): void {
    if (this.#length === this.#slots.length) this.#grow();
    this.#put(keepChunk(chunk));
  }

  shift(): Chunk | undefined {
    if (this.#length === 0) return undefined;
    const chunk = this.#at(0);
    if (this.#length === 1) {
      // Fractions must not add up over an hour, and neither must room that nothing is kept in.
      this.clear();
      return chunk;
    }
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    this.#length -= 1;
    this.#ms -= chunk.ms;
    return chunk;
  }

  remove(matches: (chunk: Chunk) => boolean): number {
    const kept: Chunk[] = [];
    for (let index = 0; index < this.#length; index += 1) {
      const chunk = this.#at(index);
      if (!matches(chunk)) kept.push(chunk);
    }
    const removed = this.#length - kept.length;
    if (removed === 0) return 0;
    this.#slots.fill(undefined);
    this.#head = 0;
    this.#length = 0;
    this.#ms = 0;
    for (const chunk of kept) this.#put(chunk);
    return removed;
  }

  clear(): number {
    const held = this.#length;
    this.#slots = NO_SLOTS;
    this.#head = 0;
    this.#length = 0;
    this.#ms = 0;
    return held;
  }

  #at(index: number): Chunk {
    return this.#slots[(this.#head + index) & (this.#slots.length - 1)]!;
  }

  #put(chunk: Chunk): void {
    this.#slots[(this.#head + this.#length) & (this.#slots.length - 1)] = chunk;
    this.#length += 1;
    this.#ms += chunk.ms;
  }

  #grow(): void {
    const size = Math.max(FIRST_SIZE, this.#slots.length * 2);
    this.#slots = Array.from({ length: size }, (_, index) =>
      index < this.#length ? this.#at(index) : undefined,
    );
    this.#head = 0;
  }
}

/** A chunk that may be kept: the base64 text copied out of the message it was a view of. */
export function keepChunk(chunk: Chunk): Chunk {
  const { gen, ms, at, base64, bytes } = chunk;
  return { gen, ms, at, base64: base64 && new Uint8Array(base64), bytes };
}
