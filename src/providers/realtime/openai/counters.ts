/** @module What a connection dropped or survived, told once in the log when it ends. */

export interface Counters {
  /** Messages of a type nobody knows. */
  unknown: number;
  /** Frames that are no message. */
  malformed: number;
  /** Pieces of a generation that was cut, finished or never began. */
  late: number;
  /** Cancels and truncations that the vendor refused. */
  refused: number;
  /** Other errors it reported. */
  errors: number;
  /** Items of caller audio without a transcript. */
  untranscribed: number;
  /** Orders given before the session was ready, or for a generation nobody knows. */
  misplaced: number;
}

/** All zero. */
export function createCounters(): Counters {
  return { unknown: 0, malformed: 0, late: 0, refused: 0, errors: 0, untranscribed: 0, misplaced: 0 };
}
