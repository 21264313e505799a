/**
 * @module The stretch of one recorded track that can still change: a ring of samples between what is already in
 * the file and what is known to play later. Whatever nobody placed is silence.
 */
import type { Codec } from './chunk.ts';
import { decodeTable } from './g711.ts';
import type { RecorderSpill } from './recorder-spill.ts';

export interface RecorderTrack {
  /** One past the last sample placed, or the last one read if that is later. */
  readonly end: number;
  /** Bytes held in memory, whatever is spilled. */
  readonly bytes: number;
  /** Puts G.711 audio at sample `start`, over what is there. What lies before the part already read is lost. */
  place(start: number, bytes: Uint8Array): void;
  /** Makes silence of everything from sample `start` on. */
  cut(start: number): void;
  /** Takes the next samples out, as many as `into` holds. */
  read(into: Int16Array): void;
  /** Goes on by `count` samples that hold nothing. Only where `end` was read. */
  skip(count: number): void;
}

// Two seconds: the one behind the axis, and audio that is played as it comes.
const FIRST_SIZE = 16_384;

// What plays later than in twelve seconds is spilled: with the ring's doubling, 256 kB is all a track may take.
const NEAR = 96_000;

/** Creates a track. @param spill takes what lies far ahead; without one the track grows, and its owner bounds that */
export function createRecorderTrack(codec: Codec, spill?: RecorderSpill): RecorderTrack {
  const table = decodeTable(codec);
  let ring = new Int16Array(FIRST_SIZE);
  let base = 0;
  /** One past what the ring holds, and one past everything, spilled or not. */
  let end = 0;
  let reach = 0;

  const reserve = (until: number): void => {
    let size = ring.length;
    while (size < until - base) size *= 2;
    if (size === ring.length) return;
    const larger = new Int16Array(size);
    for (let at = base; at < end; at += 1) larger[at & (size - 1)] = ring[at & (ring.length - 1)]!;
    ring = larger;
  };

  const keep = (start: number, bytes: Uint8Array): void => {
    const until = start + bytes.length;
    if (until <= base) return;
    reserve(until);
    const mask = ring.length - 1;
    for (let at = Math.max(start, base); at < until; at += 1) ring[at & mask] = table[bytes[at - start]!]!;
    end = Math.max(end, until);
  };

  /** Half of the way at a time: a file is read every few seconds, not with every block. */
  const fetch = (): void => {
    if (spill && spill.start < base + NEAR / 2) spill.take(base + NEAR, keep);
  };

  return {
    get end() {
      return reach;
    },
    get bytes() {
      return ring.byteLength;
    },
    place(start, bytes) {
      reach = Math.max(reach, start + bytes.length);
      const near = Math.max(0, base + NEAR - start);
      if (!spill || bytes.length <= near) return keep(start, bytes);
      if (near > 0) keep(start, bytes.subarray(0, near));
      spill.put(start + near, bytes.subarray(near));
    },
    cut(start) {
      spill?.cut(start);
      const from = Math.max(start, base);
      const mask = ring.length - 1;
      for (let at = from; at < end; at += 1) ring[at & mask] = 0;
      end = Math.min(end, from);
      reach = Math.min(reach, from);
    },
    read(into) {
      const mask = ring.length - 1;
      for (let index = 0; index < into.length; index += 1) {
        const slot = (base + index) & mask;
        into[index] = ring[slot]!;
        ring[slot] = 0;
      }
      base += into.length;
      end = Math.max(end, base);
      reach = Math.max(reach, base);
      fetch();
    },
    skip(count) {
      base += count;
      end = Math.max(end, base);
      reach = Math.max(reach, base);
      fetch();
    },
  };
}
