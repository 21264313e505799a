/** @module Notices a peer that is gone without having said so. A dead network closes no socket for minutes. */
import type { Clock, TimerHandle } from '../../../runtime/clock.ts';

/** Often enough that a caller waits in silence for at most 25 s, and that no proxy calls the socket idle. */
export const PING_EVERY = 15_000;

/** Longer than any round trip of a network that can still carry a conversation. */
export const PONG_WITHIN = 10_000;

export interface KeepAlive {
  start(): void;
  /** Anything has come from the peer. */
  beat(): void;
  stop(): void;
}

/** Pings every 15 s and calls `lost` once where nothing at all has come 10 s later. */
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
