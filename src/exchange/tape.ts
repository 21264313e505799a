/**
 * @module A growing line of audio bytes, written 20 ms at a time.
 * Doubling its room keeps a long call from copying itself over and over.
 */

export interface Tape {
  append(bytes: Uint8Array): void;
  /** Everything so far, as a view. */
  read(): Uint8Array;
}

/** Creates a tape. @param keep false makes one that forgets everything */
export function createTape(keep: boolean): Tape {
  let room = new Uint8Array(0);
  let length = 0;
  return {
    append(bytes) {
      if (!keep) return;
      if (length + bytes.length > room.length) {
        const wider = new Uint8Array(Math.max(16_000, room.length * 2));
        wider.set(room.subarray(0, length));
        room = wider;
      }
      room.set(bytes, length);
      length += bytes.length;
    },
    read: () => room.subarray(0, length),
  };
}
