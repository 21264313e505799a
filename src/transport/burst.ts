/**
 * @module What a call says to a socket in one go leaves in one system call: audio and the mark behind it, not one
 * after the other. Nothing waits for more than the code that is running, and a clear takes it along at once.
 */
import type { Writable } from 'node:stream';

/**
 * A burst leaves early at this many bytes: a flood is no burst, and what is gathered counts as backlog. A frame of
 * 200 ms and its mark are 2 KiB.
 */
const LARGEST_BURST = 16 * 1024;

/** Gathers the messages of one burst; the socket itself keeps their order. */
export interface Burst {
  /** Before a message that may have others behind it: they leave together once the running code is done. */
  gather(): void;
  /** After a message that cannot wait: it leaves now, and what was gathered before it. */
  send(): void;
}

/** @param stream the connection under a WebSocket; undefined before there is one, and then nothing is gathered */
export function createBurst(stream: () => Writable | undefined): Burst {
  let corked: Writable | undefined;
  const send = (): void => {
    corked?.uncork();
    corked = undefined;
  };
  return {
    gather() {
      if (corked && corked.writableLength < LARGEST_BURST) return;
      send();
      corked = stream();
      if (!corked) return;
      corked.cork();
      process.nextTick(send);
    },
    send,
  };
}
