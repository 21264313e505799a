/**
 * @module Reads text messages off the stream under a WebSocket (RFC 6455 §5). A message that arrives whole, as nearly all
 * of a call's do, goes straight to its listeners; all else is left to `ws`, which takes a stream of its own for each.
 */
import { isUtf8 } from 'node:buffer';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { applyMask } from './frame-writer.ts';

const FINAL_TEXT = 0x81;
const PING = 0x89;
const PONG = 0x8a;
const MASKED = 0x80;

/** Lengths that say that the length follows, in two bytes or in eight. */
const IN_TWO = 126;
const IN_EIGHT = 127;
const LARGEST_CONTROL = 125;

export interface ReadingOptions {
  /** Whether the other side masks what it sends: it is the client's. */
  readonly masked: boolean;
  /** Bytes that a message may have. A longer one is for `ws` to refuse. */
  readonly longest: number;
}

type Take = (chunk: Buffer) => void;

/**
 * Reads in place of `ws` from now on: at the latest when the socket's `open` is told, or it has been handed over by a
 * server. Its listeners hear of `message`, `ping`, `pong`, `close` and `error` as before, in the same order.
 * @returns whether it could: not on a stream that something else reads too
 */
export function readWholeFrames(socket: WebSocket, stream: Duplex, options: ReadingOptions): boolean {
  const [receive, ...others] = stream.listeners('data') as Take[];
  if (!receive || others.length > 0) return false;
  const reader = new FrameReader(socket, options, receive.bind(stream));
  const take: Take = (chunk) => reader.take(chunk);
  stream.removeListener('data', receive);
  stream.on('data', take);
  // Before that of `ws`, which then reads by itself what the stream still holds.
  stream.prependListener('close', () => {
    stream.removeListener('data', take);
    reader.giveUp();
  });
  // What follows a fault is nobody's.
  socket.once('error', () => stream.removeListener('data', take).resume());
  return true;
}

class FrameReader {
  readonly #socket: WebSocket;
  readonly #masked: boolean;
  readonly #longest: number;
  readonly #receive: Take;
  /** Bytes still to come of a frame whose beginning `ws` has. */
  #owed = 0;
  /** A beginning too short to tell the frame's length. */
  #start: Buffer | undefined;
  /** `ws` reads alone: something has come that goes on over frames, ends the connection, or breaks the rules. */
  #left = false;

  constructor(socket: WebSocket, { masked, longest }: ReadingOptions, receive: Take) {
    this.#socket = socket;
    this.#masked = masked;
    this.#longest = longest;
    this.#receive = receive;
  }

  take(chunk: Buffer): void {
    if (this.#left) return this.#receive(chunk);
    let bytes = chunk;
    if (this.#start) {
      bytes = Buffer.concat([this.#start, chunk]);
      this.#start = undefined;
    }
    let at = Math.min(this.#owed, bytes.length);
    if (at > 0) {
      this.#owed -= at;
      this.#receive(bytes.subarray(0, at));
    }
    // Whether `ws` liked what it got is only known in a moment: what came with the end of it goes the same way.
    const isBehind = at > 0;
    while (at < bytes.length) at = this.#read(bytes, at, isBehind);
  }

  /** `ws` gets what there is. */
  giveUp(): void {
    this.#left = true;
    const start = this.#start;
    this.#start = undefined;
    if (start) this.#receive(start);
  }

  /** Reads the frame at `from`. @returns where the next one is; the end, where nothing more can be told */
  #read(bytes: Buffer, from: number, isBehind: boolean): number {
    const left = bytes.length - from;
    if (left < 2) return this.#keep(bytes, from);
    const kind = bytes[from]!;
    const second = bytes[from + 1]!;
    const short = second & ~MASKED;
    const isControl = (kind === PING || kind === PONG) && short <= LARGEST_CONTROL;
    if ((kind !== FINAL_TEXT && !isControl) || second >= MASKED !== this.#masked) {
      return this.#leave(bytes, from);
    }
    const head = 2 + (short === IN_TWO ? 2 : short === IN_EIGHT ? 8 : 0) + (this.#masked ? 4 : 0);
    if (left < head) return this.#keep(bytes, from);
    const length = lengthAt(bytes, from + 2, short);
    if (length > this.#longest) return this.#leave(bytes, from);
    const start = from + head;
    const end = start + length;
    if (isControl || isBehind || end > bytes.length) {
      this.#owed = Math.max(0, end - bytes.length);
      this.#receive(bytes.subarray(from, end));
      return Math.min(end, bytes.length);
    }
    const key = this.#masked ? bytes.readInt32LE(start - 4) : 0;
    if (this.#masked) applyMask(bytes, start, end, key);
    const message = bytes.subarray(start, end);
    if (!isUtf8(message)) {
      if (this.#masked) applyMask(bytes, start, end, key);
      return this.#leave(bytes, from);
    }
    this.#socket.emit('message', message, false);
    return end;
  }

  #keep(bytes: Buffer, from: number): number {
    // Copied, so that a few bytes do not hold on to all that came with them.
    this.#start = Buffer.from(bytes.subarray(from));
    return bytes.length;
  }

  #leave(bytes: Buffer, from: number): number {
    this.#left = true;
    this.#receive(bytes.subarray(from));
    return bytes.length;
  }
}

function lengthAt(bytes: Buffer, at: number, short: number): number {
  if (short === IN_TWO) return bytes.readUInt16BE(at);
  if (short === IN_EIGHT) return bytes.readUInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4);
  return short;
}
