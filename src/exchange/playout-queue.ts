/**
 * @module The platform's playback queue for one call (clawops.md 3.2, 3.5): any chunk size in, 20 ms frames out.
 * Holds the marks too, since what a mark means is a position in this queue.
 */
import { SILENCE } from '../audio/chunk.ts';
import { FRAME_BYTES, FRAME_MS } from './voice.ts';

/** How long a short tail waits for more audio before its frame is closed with silence (clawops.md 3.2). */
export const TAIL_TIMEOUT_MS = 40;

export interface PlayoutQueue {
  /** Bytes waiting. */
  readonly length: number;
  /** Silence added to short tails so far, in bytes. */
  readonly padded: number;
  push(chunk: Uint8Array, now: number): void;
  /** Notes a mark behind everything queued; that closes a short tail. */
  mark(name: string): void;
  /** Takes the next mark whose audio has been played out by `now`, if any. */
  takeMark(now: number): string | undefined;
  /** Fills `frame` with the next 20 ms; false means silence was all there is. */
  take(frame: Uint8Array, now: number): boolean;
  /** Empties the queue. @returns the marks that were pending, in order */
  clear(): string[];
}

/** Creates an empty queue; it has no upper bound, as the platform's has none. */
export function createPlayoutQueue(): PlayoutQueue {
  let chunks: Uint8Array[] = [];
  let head = 0;
  let offset = 0;
  let length = 0;
  let padded = 0;
  /** Position on the axis of everything ever queued: `played` has left the queue, `played + length` is its end. */
  let played = 0;
  let lastPush = 0;
  /** When the frame taken last has been heard to its end. */
  let busyUntil = 0;
  let marks: { name: string; at: number }[] = [];

  const append = (chunk: Uint8Array): void => {
    chunks.push(chunk);
    length += chunk.length;
  };

  const pad = (): void => {
    const missing = (FRAME_BYTES - (length % FRAME_BYTES)) % FRAME_BYTES;
    if (missing === 0) return;
    append(new Uint8Array(missing).fill(SILENCE.ulaw));
    padded += missing;
  };

  const copyOut = (frame: Uint8Array): void => {
    let filled = 0;
    while (filled < FRAME_BYTES) {
      const chunk = chunks[head]!;
      const count = Math.min(FRAME_BYTES - filled, chunk.length - offset);
      frame.set(chunk.subarray(offset, offset + count), filled);
      filled += count;
      offset += count;
      if (offset === chunk.length) {
        head += 1;
        offset = 0;
      }
    }
    if (head === chunks.length) {
      chunks.length = 0;
      head = 0;
    } else if (head > 512) {
      chunks.splice(0, head);
      head = 0;
    }
  };

  return {
    get length() {
      return length;
    },
    get padded() {
      return padded;
    },
    push(chunk, now) {
      if (chunk.length === 0) return;
      append(chunk);
      lastPush = now;
    },
    mark(name) {
      pad();
      marks.push({ name, at: played + length });
    },
    takeMark(now) {
      const next = marks[0];
      if (!next || next.at > played || now < busyUntil) return undefined;
      marks.shift();
      return next.name;
    },
    take(frame, now) {
      if (length > 0 && length < FRAME_BYTES && now - lastPush >= TAIL_TIMEOUT_MS) pad();
      if (length < FRAME_BYTES) {
        frame.fill(SILENCE.ulaw);
        return false;
      }
      copyOut(frame);
      length -= FRAME_BYTES;
      played += FRAME_BYTES;
      busyUntil = now + FRAME_MS;
      return true;
    },
    clear() {
      const pending = marks.map((mark) => mark.name);
      marks = [];
      chunks = [];
      head = 0;
      offset = 0;
      played += length;
      length = 0;
      return pending;
    },
  };
}
