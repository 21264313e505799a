/**
 * @module Finds out that the far end of a WebSocket is gone (clawops.md §2.1, §3.1): a ping after 30 s without a
 * frame, and the connection is dropped when nothing at all follows within 15 s.
 */
import type { WebSocket } from 'ws';
import type { Clock, TimerHandle } from '../../runtime/clock.ts';

const IDLE = 30_000;
const ANSWER = 15_000;

export interface Keepalive {
  /** A frame arrived. Cheap enough to be called for each. */
  heard(): void;
  stop(): void;
}

/**
 * Watches an open socket. One timer at a time, re-armed when it fires and never per frame.
 * A dead socket is terminated, so its `close` event follows.
 */
export function createKeepalive(socket: WebSocket, clock: Clock): Keepalive {
  let last = clock.now();
  let timer: TimerHandle;

  const checkIdle = (): void => {
    const left = last + IDLE - clock.now();
    if (left > 0) {
      timer = clock.setTimeout(checkIdle, left);
      return;
    }
    const asked = clock.now();
    socket.ping();
    timer = clock.setTimeout(() => {
      if (last < asked) socket.terminate();
      else checkIdle();
    }, ANSWER);
  };
  const heard = (): void => {
    last = clock.now();
  };

  timer = clock.setTimeout(checkIdle, IDLE);
  socket.on('ping', heard);
  socket.on('pong', heard);
  return { heard, stop: () => clock.clearTimeout(timer) };
}
