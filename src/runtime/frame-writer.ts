/**
 * @module Writes text messages on the stream under a WebSocket (RFC 6455 §5): what a call says in one go leaves in one
 * system call, out of one buffer that the whole process shares. `ws` takes four objects and two copies for each.
 */
import { randomFillSync } from 'node:crypto';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';

/**
 * A burst leaves early at this many bytes: a flood is no burst, and what is gathered counts as backlog. A frame of
 * 200 ms and its mark are 2 KiB.
 */
const LARGEST_BURST = 16 * 1024;

/** Two length fields and the masking key. */
const LONGEST_HEAD = 14;

const FINAL_TEXT = 0x81;
const MASKED = 0x80;
const NOTHING = new Uint8Array(0);

/**
 * Where messages are put together. It belongs to one writer at a time, and to a stream for as long as that has not
 * handed it on; small ones that wait are copied, so that none of them holds on to all of it.
 */
let shared = Buffer.allocUnsafeSlow(LARGEST_BURST);
let owner: FrameWriter | undefined;

function passTo(writer: FrameWriter): void {
  owner?.send();
  owner = writer;
}

/** The writing side of one connection. */
export class FrameWriter {
  readonly #stream: Writable;
  readonly #masked: boolean;
  readonly #copies: boolean;
  /** Bytes gathered and not sent. */
  #length = 0;
  #awaited = false;
  readonly #leave = (): void => {
    this.#awaited = false;
    this.send();
  };

  /**
   * @param stream the connection under an open WebSocket whose messages are not compressed; nobody else may be in the
   * middle of a message on it
   * @param masked whether this side is the client's
   */
  constructor(stream: Writable, masked: boolean) {
    this.#stream = stream;
    this.#masked = masked;
    // Only a plain socket of Node's is done with what it says it took. TLS keeps it until it was sent, and a tunnel may
    // hand the very bytes on.
    this.#copies = !(stream instanceof Socket) || 'encrypted' in stream;
  }

  /** Bytes that the kernel has not taken yet. */
  get backlog(): number {
    return this.#stream.writableLength + this.#length;
  }

  /** Takes a message in up to three pieces; it leaves once the running code is done, with what follows it. */
  gather(head: Uint8Array, body: Uint8Array = NOTHING, tail: Uint8Array = NOTHING): void {
    this.#add(head, body, tail);
    if (this.#awaited || this.#length === 0) return;
    this.#awaited = true;
    process.nextTick(this.#leave);
  }

  /** Sends a message now, and what was gathered before it. */
  write(head: Uint8Array, body: Uint8Array = NOTHING, tail: Uint8Array = NOTHING): void {
    this.#add(head, body, tail);
    this.send();
  }

  /** What was gathered leaves now. */
  send(): void {
    if (owner === this) owner = undefined;
    if (this.#length === 0) return;
    const bytes = shared.subarray(0, this.#length);
    this.#length = 0;
    if (this.#copies || this.#stream.writableLength > 0) {
      this.#write(Buffer.from(bytes));
      return;
    }
    this.#write(bytes);
    if (this.#stream.writableLength > 0) shared = Buffer.allocUnsafeSlow(LARGEST_BURST);
  }

  #add(head: Uint8Array, body: Uint8Array, tail: Uint8Array): void {
    const size = head.length + body.length + tail.length + LONGEST_HEAD;
    if (owner !== this || this.#length + size > LARGEST_BURST) passTo(this);
    if (size <= LARGEST_BURST) {
      this.#length = this.#put(shared, this.#length, head, body, tail);
      return;
    }
    const large = Buffer.allocUnsafeSlow(size);
    this.#write(large.subarray(0, this.#put(large, 0, head, body, tail)));
  }

  #write(bytes: Buffer): void {
    if (this.#stream.writable) this.#stream.write(bytes);
  }

  /** @returns the place after the message */
  #put(to: Buffer, from: number, head: Uint8Array, body: Uint8Array, tail: Uint8Array): number {
    const length = head.length + body.length + tail.length;
    let at = from;
    to[at] = FINAL_TEXT;
    const mask = this.#masked ? MASKED : 0;
    if (length < 126) {
      to[at + 1] = mask | length;
      at += 2;
    } else if (length < 65_536) {
      to[at + 1] = mask | 126;
      to[at + 2] = length >>> 8;
      to[at + 3] = length;
      at += 4;
    } else {
      to[at + 1] = mask | 127;
      to.writeBigUInt64BE(BigInt(length), at + 2);
      at += 10;
    }
    const key = this.#masked ? nextKey() : 0;
    if (this.#masked) at = to.writeInt32LE(key, at);
    const start = at;
    to.set(head, at);
    at += head.length;
    to.set(body, at);
    at += body.length;
    to.set(tail, at);
    at += tail.length;
    if (this.#masked) applyMask(to, start, at, key);
    return at;
  }
}

/** Keys must not be foreseen (RFC 6455 §5.3); asked for one by one they would cost more than the message. */
const keys = new Int32Array(2048);
let used = keys.length;

function nextKey(): number {
  if (used === keys.length) {
    randomFillSync(keys);
    used = 0;
  }
  return keys[used++]!;
}

/** Masks what is there, or takes the mask off (RFC 6455 §5.3). `key` is the four bytes, the lowest first. */
export function applyMask(bytes: Buffer, from: number, to: number, key: number): void {
  const a = key & 0xff;
  const b = (key >>> 8) & 0xff;
  const c = (key >>> 16) & 0xff;
  const d = key >>> 24;
  const whole = to - ((to - from) & 3);
  let at = from;
  for (; at < whole; at += 4) {
    bytes[at]! ^= a;
    bytes[at + 1]! ^= b;
    bytes[at + 2]! ^= c;
    bytes[at + 3]! ^= d;
  }
  if (at < to) bytes[at]! ^= a;
  if (at + 1 < to) bytes[at + 1]! ^= b;
  if (at + 2 < to) bytes[at + 2]! ^= c;
}
