/**
 * @module Counts work that neither a timer nor a socket shows: lazy imports, file writes, child processes.
 * Virtual time waits for it before it moves on.
 */

let pending = 0;

/** How many tracked pieces of work are still under way in this process. */
export function pendingWork(): number {
  return pending;
}

/** Registers `work` until it settles, and returns it unchanged. */
export function trackWork<T>(work: Promise<T>): Promise<T> {
  pending += 1;
  const forget = (): void => {
    pending -= 1;
  };
  work.then(forget, forget);
  return work;
}
