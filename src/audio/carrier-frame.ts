/**
 * @module Where the carrier's frames of 20 ms begin and end in what was sent to it: a mark closes a short frame with
 * silence (clawops.md 3.2, 3.5), so in mid-speech it may stand on a frame's edge only.
 */
import { BYTES_PER_MS, bytesOf, type Chunk, splitChunk } from './chunk.ts';

/** 20 ms of G.711. */
export const FRAME_BYTES = 160;
// The carrier's safety timer: with nothing else to play, a short frame that waited this long is closed.
const FRAME_CLOSES_AFTER_MS = 40;
// Base64 holds three bytes in four characters: it can be cut without decoding at every third byte only.
const BASE64_GROUP = 3;

/** The carrier's current, unfinished frame, as far as it follows from what was sent. */
export class CarrierFrame {
  #bytes = 0;
  #sentAt = 0;

  /** Length of the unfinished frame in ms; 0 on an edge. */
  get ms(): number {
    return this.#bytes / BYTES_PER_MS;
  }

  get onEdge(): boolean {
    return this.#bytes === 0;
  }

  /** Audio was sent at `now`. */
  add(chunk: Chunk, now: number): void {
    this.#bytes = (this.#bytes + lengthOf(chunk)) % FRAME_BYTES;
    this.#sentAt = now;
  }

  /** A mark, a clear or a new connection: what comes next begins a frame. */
  close(): void {
    this.#bytes = 0;
  }

  /** The carrier may have closed the frame by itself. `left`: ms of audio it still had to play before this frame. */
  mayHaveClosed(left: number, now: number): boolean {
    return this.#bytes > 0 && left <= 0 && now - this.#sentAt >= FRAME_CLOSES_AFTER_MS;
  }

  /** Whether `chunk` would end on an edge. */
  endsOnEdge(chunk: Chunk): boolean {
    return (this.#bytes + lengthOf(chunk)) % FRAME_BYTES === 0;
  }

  /**
   * Cuts `chunk` on an edge: the last one within `limit` ms, else the first one there is. The pieces are views.
   * @param decode whether base64 may be decoded for it; otherwise a chunk under 60 ms may have no place to be cut.
   * @returns undefined if there is no such place inside the chunk
   */
  cut(chunk: Chunk, limit: number, decode: boolean): [Chunk, Chunk] | undefined {
    const at = this.#findCut(chunk, limit * BYTES_PER_MS, chunk.base64 ? BASE64_GROUP : 1);
    if (at > 0) return splitChunk(chunk, at);
    if (!decode || !chunk.base64) return undefined;
    const odd = this.#findCut(chunk, limit * BYTES_PER_MS, 1);
    if (odd === 0) return undefined;
    bytesOf(chunk);
    return splitChunk(chunk, odd);
  }

  /** In bytes; 0 if there is none. Edges come back in step with groups of base64 every 480 bytes, which are 60 ms. */
  #findCut(chunk: Chunk, limit: number, group: number): number {
    const length = lengthOf(chunk);
    let found = 0;
    for (let at = FRAME_BYTES - this.#bytes; at < length; at += FRAME_BYTES) {
      if (at % group !== 0) continue;
      if (at > limit && found > 0) break;
      found = at;
      if (at > limit) break;
    }
    return found;
  }
}

function lengthOf(chunk: Chunk): number {
  return Math.round(chunk.ms * BYTES_PER_MS);
}
