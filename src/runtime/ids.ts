/**
 * @module Numbers and chance, injected: generation numbers of a call, and a seeded source of randomness.
 */

/** Counts 1, 2, 3, …; one for each thing that needs numbers that never repeat. */
export function createCounter(): () => number {
  let last = 0;
  return () => (last += 1);
}

/** A repeatable random function in [0, 1) (mulberry32): the same seed gives the same numbers on every machine. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
