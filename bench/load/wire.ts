/**
 * @module A WebSocket as cheap as it gets, for both ends of the load: text frames on a bare socket, one write each,
 * nothing parsed but the frame. The subjects use real ones; here every microsecond would limit what can be measured.
 */
import { createHash } from 'node:crypto';
import { createServer, get } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

const MAGIC = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** A client has to mask; any key but zero makes the other side do the work of unmasking. */
const MASK = [0x5a, 0xc3, 0x17, 0x9e] as const;

const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

export interface Listener {
  /** One text message, `data` from `start` to `end`. The memory is not kept. */
  text(data: Buffer, start: number, end: number): void;
  closed(): void;
}

export class Wire {
  readonly #socket: Duplex;
  readonly #masks: boolean;
  readonly #listener: Listener;
  #rest: Buffer | undefined;
  #open = true;

  constructor(socket: Duplex, masks: boolean, listener: Listener) {
    this.#socket = socket;
    this.#masks = masks;
    this.#listener = listener;
    (socket as Socket).setNoDelay(true);
    (socket as Socket).setTimeout(0);
    socket.on('data', (data: Buffer) => this.#take(data));
    socket.on('error', () => this.#end());
    socket.on('end', () => this.#end());
    socket.on('close', () => this.#end());
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** Sends a message of ASCII; `stamp` may overwrite parts of it in place, given where its text begins. */
  send(text: string, stamp?: (frame: Buffer, at: number) => void): void {
    if (!this.#open) return;
    const frame = this.#frame(TEXT, text.length);
    const at = frame.length - text.length;
    frame.write(text, at, 'latin1');
    stamp?.(frame, at);
    this.#write(frame, at);
  }

  close(): void {
    if (!this.#open) return;
    const frame = this.#frame(CLOSE, 2);
    frame.writeUInt16BE(1000, frame.length - 2);
    this.#write(frame, frame.length - 2);
    this.#end();
  }

  #frame(opcode: number, length: number): Buffer {
    const isLong = length > 125;
    const frame = Buffer.allocUnsafe((isLong ? 4 : 2) + (this.#masks ? 4 : 0) + length);
    frame[0] = 0x80 | opcode;
    frame[1] = (this.#masks ? 0x80 : 0) | (isLong ? 126 : length);
    if (isLong) frame.writeUInt16BE(length, 2);
    return frame;
  }

  #write(frame: Buffer, at: number): void {
    if (this.#masks) {
      for (let index = 0; index < 4; index += 1) frame[at - 4 + index] = MASK[index]!;
      mask(frame, at, frame.length, MASK);
    }
    this.#socket.write(frame);
  }

  #take(data: Buffer): void {
    const input = this.#rest ? Buffer.concat([this.#rest, data]) : data;
    let at = 0;
    for (;;) {
      const end = this.#read(input, at);
      if (end < 0 || !this.#open) break;
      at = end;
    }
    this.#rest = at < input.length ? input.subarray(at) : undefined;
  }

  /** Reads one frame. @returns the place behind it, or -1 while it is not whole */
  #read(input: Buffer, at: number): number {
    if (input.length < at + 2) return -1;
    const second = input[at + 1]!;
    const short = second & 0x7f;
    // Nobody sends the load a message over 64 KB, nor one in pieces.
    if (short === 127 || (input[at]! & 0x80) === 0) throw new Error('a frame that the load does not read');
    const sizeEnd = at + (short === 126 ? 4 : 2);
    if (input.length < sizeEnd) return -1;
    const length = short === 126 ? input.readUInt16BE(at + 2) : short;
    const start = sizeEnd + (second & 0x80 ? 4 : 0);
    const end = start + length;
    if (input.length < end) return -1;
    if (second & 0x80) mask(input, start, end, input.subarray(sizeEnd, start));
    this.#dispatch(input[at]! & 0x0f, input, start, end);
    return end;
  }

  #dispatch(opcode: number, input: Buffer, start: number, end: number): void {
    if (opcode === TEXT) this.#listener.text(input, start, end);
    else if (opcode === CLOSE) this.close();
    else if (opcode === PING) {
      const frame = this.#frame(PONG, end - start);
      input.copy(frame, frame.length - (end - start), start, end);
      this.#write(frame, frame.length - (end - start));
    } else if (opcode !== PONG) throw new Error(`an opcode that the load does not know: ${opcode}`);
  }

  #end(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#socket.end();
    this.#listener.closed();
  }
}

function mask(data: Uint8Array, start: number, end: number, key: ArrayLike<number>): void {
  for (let at = start, index = 0; at < end; at += 1, index = (index + 1) & 3) data[at]! ^= key[index]!;
}

/** Takes WebSockets on a free port of this machine. */
export function listen(accept: (socket: Duplex) => void): Promise<number> {
  const server = createServer();
  server.on('upgrade', (request, socket) => {
    const key = `${request.headers['sec-websocket-key']}${MAGIC}`;
    const answer = createHash('sha1').update(key).digest('base64');
    const protocol = request.headers['sec-websocket-protocol']?.split(',')[0];
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        `Sec-WebSocket-Accept: ${answer}\r\n${protocol ? `Sec-WebSocket-Protocol: ${protocol}\r\n` : ''}\r\n`,
    );
    accept(socket);
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : 0);
    });
  });
}

/** Opens a WebSocket to a `http:` address. */
export function dial(url: string, opened: (socket: Duplex) => void, failed: () => void): void {
  const request = get(url, {
    agent: false,
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'b2ZmaG9vayBiZW5jaCBrZQ==',
    },
  });
  request.on('upgrade', (_response, socket, head) => {
    if (head.length > 0) socket.unshift(head);
    opened(socket);
  });
  request.on('response', failed);
  request.on('error', failed);
}
