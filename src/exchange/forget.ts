/**
 * @module What a network or a model remembers of the past: so much, and the oldest of what is over goes first.
 * Without it a process that serves for days would keep every call it ever had.
 */

/** Calls and sessions that are over and remembered, unless told otherwise: a long test's worth. */
export const KEPT = 1_000;

/** Takes the oldest entries that are over out of `entries` until `keep` are left. @param gone told of each */
export function forgetOldest<Entry>(
  entries: Entry[],
  keep: number,
  isOver: (entry: Entry) => boolean,
  gone: (entry: Entry) => void = () => {},
): void {
  while (entries.length > keep) {
    const oldest = entries.findIndex(isOver);
    if (oldest < 0) return;
    for (const entry of entries.splice(oldest, 1)) gone(entry);
  }
}
