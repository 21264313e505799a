/**
 * @module The network under the agent's own sockets. Faults act here, below everything the runtime can see, and what
 * the runtime holds back in a socket is measured here, byte for byte and at every write.
 */
import diagnostics from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import type { Clock, TimerHandle } from '../../src/runtime/clock.ts';

export const KINDS = ['control', 'media', 'model'] as const;
export type WireKind = (typeof KINDS)[number];

/** What happens to bytes on one connection. */
export type Flow =
  | 'passing'
  /** Nothing moves either way, and TCP stays up: the peer's window is closed, what we write piles up here. */
  | 'stalled'
  /** The peer is gone without a FIN: what we write is lost on the way, nothing ever comes, pongs included. */
  | 'vanished'
  /** The peer reads a trickle. */
  | 'slow';

/** One connection of the agent's, seen from below. */
export interface Wire {
  readonly kind: WireKind;
  /** From the first byte of the handshake until the socket is closed. */
  readonly open: boolean;
  /** Called once, when the peer's first bytes have been read: it speaks WebSocket now. */
  onAnswer: (() => void) | undefined;
  /** Bytes written by the runtime and not taken by the network, and bytes that came and were not read. */
  readonly held: number;
  stall(): void;
  vanish(): void;
  slow(bytesPerSecond: number): void;
  /** The peer's process dies: a FIN, and no close frame. */
  kill(): void;
  reset(): void;
  /** Bytes from the peer, in pieces as large as TCP delivers them. */
  inject(bytes: Uint8Array): void;
}

export interface Wires {
  readonly all: readonly Wire[];
  /** The newest open one of a kind. */
  find(kind: WireKind): Wire | undefined;
  /** Called with each new wire once its kind is known, before its first byte has left. */
  onOpen: ((wire: Wire) => void) | undefined;
  /** Called after every write of the runtime. */
  onWrite: (() => void) | undefined;
  close(): void;
}

const PATHS: readonly [RegExp, WireKind][] = [
  [/^GET \S*\/agent\/listen\?/, 'control'],
  [/^GET \S*\/agent\/media\//, 'media'],
  [/^GET \S*\/realtime\?/, 'model'],
];

/** TCP hands over at most this much at a time. */
const SEGMENT = 65_536;
/** How often a slow reader takes its share. */
const SLICE_MS = 100;

type Done = (error?: Error | null) => void;

/** What Node's sockets are made of below their public face. */
interface Inner {
  _writeGeneric(writev: boolean, data: unknown, encoding: string, done: Done): void;
  readonly _bytesDispatched: number;
}

interface Piece {
  readonly data: Buffer;
  readonly done: Done;
}

function bytesOf(writev: boolean, data: unknown, encoding: string): Buffer {
  if (!writev) return Buffer.isBuffer(data) ? data : Buffer.from(data as string, encoding as BufferEncoding);
  const chunks = data as readonly { chunk: Buffer | string; encoding: string }[];
  return Buffer.concat(
    chunks.map(({ chunk, encoding: of }) =>
      typeof chunk === 'string' ? Buffer.from(chunk, of as BufferEncoding) : chunk,
    ),
  );
}

/** As much of the reader of the package `ws` as holds bytes. */
interface Receiver {
  readonly _bufferedBytes: number;
  readonly _fragments: readonly Uint8Array[];
}

/** Half-way received messages in a WebSocket's reader: bytes nobody else counts. */
function partialOf(socket: Socket): number {
  const key = Object.getOwnPropertySymbols(socket).find(({ description }) => description === 'websocket');
  const inside = key && (socket as unknown as Record<symbol, { _receiver?: Receiver } | undefined>)[key];
  const { _bufferedBytes = 0, _fragments = [] } = inside?._receiver ?? {};
  return _fragments.reduce((sum, { length }) => sum + length, _bufferedBytes);
}

class AgentWire implements Wire {
  kind: WireKind = 'control';
  onAnswer: (() => void) | undefined;
  flow: Flow = 'passing';
  readonly #socket: Socket;
  readonly #clock: () => Clock;
  readonly #write: Inner['_writeGeneric'];
  readonly #push: Socket['push'];
  readonly #peer: () => Socket | undefined;
  #waiting: Piece | undefined;
  #timer: TimerHandle | undefined;
  #rate = 0;

  constructor(socket: Socket, clock: () => Clock, peer: () => Socket | undefined) {
    this.#socket = socket;
    this.#clock = clock;
    this.#peer = peer;
    const inner = socket as unknown as Inner;
    this.#write = inner._writeGeneric.bind(socket);
    this.#push = socket.push.bind(socket);
    socket.once('close', () => {
      clock().clearTimeout(this.#timer);
      this.#waiting = undefined;
    });
  }

  get open(): boolean {
    return !this.#socket.destroyed;
  }

  get held(): number {
    const { writableLength, readableLength } = this.#socket;
    return this.open ? writableLength + readableLength + partialOf(this.#socket) : 0;
  }

  /** Takes over what the runtime writes. */
  send(writev: boolean, data: unknown, encoding: string, done: Done): void {
    if (this.flow === 'passing') return this.#write(writev, data, encoding, done);
    const bytes = bytesOf(writev, data, encoding);
    if (this.flow === 'vanished') {
      process.nextTick(done);
      return;
    }
    this.#waiting = { data: bytes, done };
    if (this.flow === 'slow') this.#trickle();
  }

  /** Takes over what comes from the peer; `null` is its FIN. */
  receive(data: Buffer | null, encoding?: BufferEncoding): boolean {
    if (this.flow !== 'passing' && this.flow !== 'slow') return true;
    const more = this.#push(data, encoding);
    const answered = this.onAnswer;
    this.onAnswer = undefined;
    answered?.();
    return more;
  }

  stall(): void {
    this.#become('stalled');
  }

  vanish(): void {
    this.#become('vanished');
  }

  slow(bytesPerSecond: number): void {
    this.#rate = bytesPerSecond;
    this.#become('slow');
  }

  kill(): void {
    this.#peer()?.destroy();
  }

  reset(): void {
    this.#peer()?.resetAndDestroy();
  }

  inject(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length && this.open; at += SEGMENT) {
      this.#push(Buffer.copyBytesFrom(bytes, at, SEGMENT));
    }
  }

  #become(flow: Flow): void {
    this.flow = flow;
    const socket = this.#socket;
    // Virtual time waits for bytes that are on their way: these are not. And no FIN of the peer will be read.
    Object.defineProperty(socket, 'bytesWritten', {
      configurable: true,
      get: () => (socket as unknown as Inner)._bytesDispatched,
    });
    if (flow !== 'slow')
      Object.defineProperty(socket, 'readableEnded', { configurable: true, get: () => true });
  }

  #trickle(): void {
    if (this.#timer) return;
    this.#timer = this.#clock().setTimeout(() => {
      this.#timer = undefined;
      const piece = this.#waiting;
      if (!piece || this.#socket.destroyed) return;
      const count = Math.max(1, Math.floor((this.#rate * SLICE_MS) / 1_000));
      const rest = piece.data.subarray(count);
      this.#waiting = rest.length > 0 ? { data: rest, done: piece.done } : undefined;
      this.#write(false, piece.data.subarray(0, count), 'buffer', rest.length > 0 ? () => {} : piece.done);
      if (rest.length > 0) this.#trickle();
    }, SLICE_MS);
  }
}

/** Watches every socket this process opens from here on. Make it before the agent. @param clock asked when it is needed */
export function watchWires(clock: () => Clock): Wires {
  const all: AgentWire[] = [];
  const servers = new Set<Socket>();
  const wires: Wires = {
    all,
    find: (kind) => all.findLast((wire) => wire.kind === kind && wire.open),
    onOpen: undefined,
    onWrite: undefined,
    close() {
      diagnostics.unsubscribe('net.client.socket', onClient);
      diagnostics.unsubscribe('net.server.socket', onServer);
    },
  };
  const peerOf = (socket: Socket) => (): Socket | undefined =>
    [...servers].find((server) => server.remotePort === socket.localPort);

  const onClient = (message: unknown): void => {
    const { socket } = message as { socket: Socket };
    const wire = new AgentWire(socket, clock, peerOf(socket));
    const inner = socket as unknown as Inner;
    let known = false;
    const identify = (writev: boolean, data: unknown, encoding: string): void => {
      known = true;
      const head = bytesOf(writev, data, encoding).toString('latin1');
      const found = PATHS.find(([path]) => path.test(head));
      if (!found) return;
      wire.kind = found[1];
      all.push(wire);
      // Only now: connecting puts the prototype's own back.
      const write = socket.write.bind(socket);
      socket.write = (...given: unknown[]) => {
        const more = write(...(given as Parameters<typeof write>));
        wires.onWrite?.();
        return more;
      };
      wires.onOpen?.(wire);
    };
    Object.assign(inner, {
      _writeGeneric(writev: boolean, data: unknown, encoding: string, done: Done) {
        if (!known) identify(writev, data, encoding);
        wire.send(writev, data, encoding, done);
      },
      push: (data: Buffer | null, encoding?: BufferEncoding) => wire.receive(data, encoding),
    });
  };
  const onServer = (message: unknown): void => {
    const { socket } = message as { socket: Socket };
    servers.add(socket);
    socket.once('close', () => servers.delete(socket));
  };
  diagnostics.subscribe('net.client.socket', onClient);
  diagnostics.subscribe('net.server.socket', onServer);
  return wires;
}
