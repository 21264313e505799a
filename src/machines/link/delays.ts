/**
 * @module How long a link waits, and for what. All in ms; the reasons stand next to the numbers.
 */

/** A handshake that takes longer is given up and tried again (clawops.md §7, first connect wait). */
export const LINK_ATTEMPT = 10_000;

/** First and longest wait between two attempts (clawops.md §2.2); doubled in between. */
export const LINK_BACKOFF_FIRST = 1_000;
export const LINK_BACKOFF_LONGEST = 30_000;

/**
 * A connection has to last this long before earlier failures are forgotten. Shorter, and a platform that accepts
 * and drops at once would be asked every second, which is what its reconnect throttle punishes.
 */
export const LINK_STABLE = 5_000;

/**
 * Wait before the next attempt: doubled per failure, then spread over the upper half of that span, so that a
 * thousand agents that lost the same gateway do not come back in the same second. Never over the ceiling.
 * @param failures failed or ended attempts in a row, from 1
 * @param jitter 0 to 1, drawn by whoever reports the failure
 */
export function backoffDelay(failures: number, jitter: number): number {
  const doubled = LINK_BACKOFF_FIRST * 2 ** Math.min(Math.max(failures - 1, 0), 5);
  const span = Math.min(doubled, LINK_BACKOFF_LONGEST);
  return span / 2 + (span / 2) * Math.min(Math.max(jitter, 0), 1);
}
