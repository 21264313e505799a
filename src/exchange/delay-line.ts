/**
 * @module The network between exchange and agent: one constant delay for everything sent, in order.
 * Being constant it needs a single queue and a single timer for all sockets.
 */
import type { WebSocket } from 'ws';
import type { Clock, TimerHandle } from '../runtime/clock.ts';

export interface DelayLine {
  /** Sends one message after the delay, unless the socket has closed by then. */
  send(socket: WebSocket, data: string | Uint8Array): void;
  /** Runs `work` when everything sent so far is on the wire. */
  after(work: () => void): void;
  stop(): void;
}

interface Parcel {
  readonly due: number;
  readonly socket: WebSocket | undefined;
  readonly data: string | Uint8Array | undefined;
  readonly work: (() => void) | undefined;
}

/** Creates a line. @param delay in ms; 0 sends at once */
export function createDelayLine(clock: Clock, delay: number): DelayLine {
  let parcels: Parcel[] = [];
  let head = 0;
  let timer: TimerHandle | undefined;
  let stopped = false;

  const deliver = (parcel: Parcel): void => {
    if (parcel.work) parcel.work();
    else if (parcel.socket?.readyState === 1) parcel.socket.send(parcel.data!);
  };

  const drain = (): void => {
    timer = undefined;
    const now = clock.now();
    while (head < parcels.length && parcels[head]!.due <= now) {
      head += 1;
      deliver(parcels[head - 1]!);
    }
    if (head > 1024 || head === parcels.length) {
      parcels = parcels.slice(head);
      head = 0;
    }
    arm();
  };
  const arm = (): void => {
    const next = parcels[head];
    if (next && !timer && !stopped) timer = clock.setTimeout(drain, next.due - clock.now());
  };
  const put = (parcel: Parcel): void => {
    if (stopped) return;
    if (delay === 0) return deliver(parcel);
    parcels.push(parcel);
    arm();
  };

  return {
    send: (socket, data) => put({ due: clock.now() + delay, socket, data, work: undefined }),
    after: (work) => put({ due: clock.now() + delay, socket: undefined, data: undefined, work }),
    stop() {
      stopped = true;
      parcels = [];
      head = 0;
      clock.clearTimeout(timer);
      timer = undefined;
    },
  };
}
