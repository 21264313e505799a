/** @module Timers of one party to a call, gone with it. */
import type { Clock, TimerHandle } from '../../src/runtime/clock.ts';

export interface Timing {
  readonly clock: Clock;
  /** Runs `work` in `ms`, unless the party is gone by then. */
  readonly later: (ms: number, work: () => void) => void;
  readonly cancelAll: () => void;
}

export function createTiming(clock: Clock): Timing {
  const timers = new Set<TimerHandle>();
  return {
    clock,
    later(ms, work) {
      const timer = clock.setTimeout(() => {
        timers.delete(timer);
        work();
      }, ms);
      timers.add(timer);
    },
    cancelAll() {
      for (const timer of timers) clock.clearTimeout(timer);
      timers.clear();
    },
  };
}
