/**
 * @module An ordered way out of the stand-in: what is put in leaves after the network's latency, never before
 * what was put in earlier. One timer per socket, so that a run under virtual time is the same every time.
 */
import type { Clock, TimerHandle } from '../../runtime/clock.ts';
import { encodeEvent, type ServerEvent } from './wire.ts';

/**
 * Sums of fractional times miss each other by the last bit; what is due this soon is due now, or a timer would be
 * armed again and again without time passing.
 */
export const SLACK_MS = 0.001;

export interface Outbox {
  send(event: ServerEvent): void;
  /** Sends bytes as they are: prepared deltas, or junk on purpose. */
  raw(data: Buffer, binary?: boolean): void;
  /** Runs `action` in its place in the order, for a close that follows what was said before. */
  act(action: () => void): void;
  /** The next event id, for messages that are prepared outside. */
  nextId(): string;
  /** Drops what has not left yet. */
  close(): void;
}

interface Parcel {
  readonly due: number;
  readonly data: Buffer | undefined;
  readonly binary: boolean;
  readonly action: (() => void) | undefined;
}

export interface OutboxOptions {
  readonly clock: Clock;
  /** Ms a message is under way; at least 1, so that an answer never arrives in the instant of its cause. */
  readonly delayMs: number;
  /** Names this session in event ids. */
  readonly name: string;
  write(data: Buffer, binary: boolean): void;
  count(type: string): void;
}

/** Creates the outbox of one socket. */
export function createOutbox(options: OutboxOptions): Outbox {
  const { clock } = options;
  const delay = Math.max(1, options.delayMs);
  let queue: Parcel[] = [];
  let timer: TimerHandle | undefined;
  let ids = 0;
  let closed = false;

  const nextId = (): string => `event_${options.name}_${(ids += 1)}`;

  const arm = (): void => {
    const head = queue[0];
    if (head && !timer) timer = clock.setTimeout(flush, head.due - clock.now());
  };
  const flush = (): void => {
    timer = undefined;
    const now = clock.now();
    let sent = 0;
    for (;;) {
      const parcel = queue[sent];
      if (closed || !parcel || parcel.due > now + SLACK_MS) break;
      sent += 1;
      if (parcel.data) options.write(parcel.data, parcel.binary);
      parcel.action?.();
    }
    queue = closed ? [] : queue.slice(sent);
    arm();
  };
  const put = (data: Buffer | undefined, binary: boolean, action?: () => void): void => {
    if (closed) return;
    queue.push({ due: clock.now() + delay, data, binary, action });
    arm();
  };

  return {
    nextId,
    send(event) {
      options.count(event.type);
      put(encodeEvent(event, nextId()), false);
    },
    raw: (data, binary = false) => put(data, binary),
    act: (action) => put(undefined, false, action),
    close() {
      closed = true;
      queue = [];
      clock.clearTimeout(timer);
      timer = undefined;
    },
  };
}
