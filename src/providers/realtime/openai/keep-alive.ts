/** @module Notices a peer that is gone without having said so. A dead network closes no socket for minutes. */
import type { Clock, TimerHandle } from '../../../runtime/clock.ts';

/** With the wait below, a caller talks to a dead connection for at most 8 s: as long as any silence may be. */
export const PING_EVERY = 4_000;

/** Longer than any round trip of a network that can still carry a conversation. */
export const PONG_WITHIN = 4_000;

export interface KeepAlive {
  start(): void;
  /** Anything has come from the peer. */
  beat(): void;
  stop(): void;
}

/** Pings every 4 s and calls `lost` once where nothing at all has come 4 s later. */
export function keepAlive(clock: Clock, ping: () => void, lost: () => void): KeepAlive {
  let timer: TimerHandle | undefined;
  let heard = false;
  const wait = (delay: number): void => {
    timer = clock.setTimeout(() => {
      heard = false;
      ping();
      timer = clock.setTimeout(() => {
        if (heard) wait(PING_EVERY - PONG_WITHIN);
        else lost();
      }, PONG_WITHIN);
    }, delay);
  };
  return {
    start: () => wait(PING_EVERY),
    beat() {
      heard = true;
    },
    stop: () => clock.clearTimeout(timer),
  };
}
