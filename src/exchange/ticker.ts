/**
 * @module The 20 ms heartbeat that all calls share, on an absolute schedule: a late timer makes up for what it
 * missed, and the next one is armed from the schedule, never from "now".
 */
import type { Clock, TimerHandle } from '../runtime/clock.ts';
import { FRAME_MS } from './voice.ts';

export interface Ticker {
  /** Calls `tick` every 20 ms with the scheduled time, first within 20 ms. @returns a function that leaves */
  join(tick: (at: number) => void): () => void;
  stop(): void;
}

/** Creates a ticker that runs only while it has members. */
export function createTicker(clock: Clock): Ticker {
  const members = new Set<(at: number) => void>();
  let next = 0;
  let timer: TimerHandle | undefined;

  const beat = (): void => {
    timer = undefined;
    while (members.size > 0 && next <= clock.now()) {
      const at = next;
      next += FRAME_MS;
      for (const tick of members) tick(at);
    }
    arm();
  };
  const arm = (): void => {
    if (members.size > 0 && !timer) timer = clock.setTimeout(beat, next - clock.now());
  };
  const stop = (): void => {
    members.clear();
    clock.clearTimeout(timer);
    timer = undefined;
  };

  return {
    join(tick) {
      if (members.size === 0) next = clock.now() + FRAME_MS;
      members.add(tick);
      arm();
      return () => {
        members.delete(tick);
        if (members.size === 0) stop();
      };
    },
    stop,
  };
}
