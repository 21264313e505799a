/**
 * @module The media connection of one call (clawops.md §3): caller audio in, agent audio, marks and keys out.
 * Nothing is queued on this side, so what is sent is in order and a clear is on the wire at once.
 */
import { WebSocket } from 'ws';
import { base64Of, type Chunk } from '../../audio/chunk.ts';
import type { Clock, TimerHandle } from '../../runtime/clock.ts';
import { readWholeFrames } from '../../runtime/frame-reader.ts';
import { FrameWriter } from '../../runtime/frame-writer.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { ClawopsCounters } from './counters.ts';
import {
  CLEAR,
  FRAME_HEAD,
  FRAME_TAIL,
  type MediaFact,
  readFrame,
  readMedia,
  writeDigit,
  writeMark,
} from './frame.ts';
import { createKeepalive, type Keepalive } from './keepalive.ts';

/** From the first byte of the handshake to the first sign of media; a third of the token's 30 s (clawops.md §2.5). */
const START_LIMIT = 10_000;

/** The platform's own bound for the last words to be played before a hang-up (clawops.md §3.6). */
const FAREWELL_LIMIT = 5_000;

/** A closing handshake takes one round trip; after this the socket is cut. */
const CLOSE_LIMIT = 1_000;

/**
 * Audio a stalled connection may hold back, in bytes: 45 s of speech in base64. The platform takes audio as it comes
 * and queues it itself, so what exceeds this is a dead peer, and a call may cost a megabyte at most.
 */
const LONGEST_BACKLOG = 512 * 1024;

/** Largest message accepted, in bytes: a thousand times what the platform sends on a media connection. */
const LARGEST_MESSAGE = 256 * 1024;

const READING = { masked: false, longest: LARGEST_MESSAGE } as const;

/** How a media connection ended without our doing. */
export type MediaEnd =
  /** It never came up. */
  | 'unopened'
  /** The platform said so, or closed in order. */
  | 'stopped'
  /** It broke. */
  | 'lost';

export interface MediaListener {
  /** Media flows. Once, before anything else. */
  started(): void;
  audio(chunk: Chunk): void;
  mark(name: string): void;
  digit(key: string): void;
  /** The far end ended it. Once, and never after `finish` or `release`. */
  ended(how: MediaEnd): void;
}

export interface Media {
  /** @returns whether it was taken, as `Leg.play` */
  play(chunk: Chunk): boolean;
  mark(name: string): void;
  clear(): void;
  digit(key: string): void;
  /** Lets the platform play what it has, at most 5 s, then closes; `done` is called once, in every case. */
  finish(done: () => void): void;
  /** Closes at once. */
  release(): void;
}

export interface MediaOptions {
  readonly url: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly counters: ClawopsCounters;
  readonly listener: MediaListener;
}

/** Opens a media connection. Never throws: an address that cannot be used ends as `unopened`. */
export function openMedia(options: MediaOptions): Media {
  return new MediaConnection(options);
}

class MediaConnection implements Media {
  readonly #options: MediaOptions;
  readonly #socket: WebSocket | undefined;
  /** From the upgrade on. */
  #frames: FrameWriter | undefined;
  #keepalive: Keepalive | undefined;
  #timer: TimerHandle | undefined;
  #started = false;
  #over = false;
  /** Position of the next frame on the media axis, for one that brings no timestamp. */
  #next = 0;
  #farewell: string | undefined;
  #done: (() => void) | undefined;

  constructor(options: MediaOptions) {
    this.#options = options;
    this.#timer = options.clock.setTimeout(() => this.#end('unopened'), START_LIMIT);
    this.#socket = openSocket(options.url);
    if (this.#socket) this.#attach(this.#socket);
    else this.#restart(0, () => this.#end('unopened'));
  }

  play(chunk: Chunk): boolean {
    const frames = this.#sendable();
    if (!frames || frames.backlog > LONGEST_BACKLOG) {
      this.#options.counters.dropped += 1;
      return false;
    }
    frames.gather(FRAME_HEAD, base64Of(chunk), FRAME_TAIL);
    return true;
  }

  mark(name: string): void {
    const frames = this.#sendable();
    // Behind audio that was dropped it would say that this was played; and a small buffer pins a large one.
    if (frames && frames.backlog <= LONGEST_BACKLOG) frames.gather(writeMark(name));
    else this.#options.counters.dropped += 1;
  }

  clear(): void {
    this.#send(CLEAR);
  }

  digit(key: string): void {
    const message = writeDigit(key);
    if (message) this.#send(message);
  }

  finish(done: () => void): void {
    if (this.#over) {
      done();
      return;
    }
    this.#done = done;
    // Before it is up there is nothing to wait for: it is closed as soon as it opens, or given up at its limit.
    if (this.#socket?.readyState === WebSocket.OPEN) this.#sayFarewell();
  }

  release(): void {
    this.#over = true;
    this.#stopTimers();
    this.#done = undefined;
    this.#frames?.send();
    // The close frame goes out first, so that the platform sees an orderly end even though nobody waits for it.
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.close(1000);
    this.#socket?.terminate();
  }

  #sendable(): FrameWriter | undefined {
    return this.#socket?.readyState === WebSocket.OPEN && !this.#over ? this.#frames : undefined;
  }

  #send(message: Buffer): void {
    const frames = this.#sendable();
    if (frames) frames.write(message);
    else this.#options.counters.dropped += 1;
  }

  #attach(socket: WebSocket): void {
    socket.on('upgrade', (response) => {
      this.#frames = new FrameWriter(response.socket, true);
      socket.once('open', () => readWholeFrames(socket, response.socket, READING));
    });
    socket.on('open', () => {
      this.#keepalive = createKeepalive(socket, this.#options.clock);
      if (this.#done) this.#close();
    });
    socket.on('message', (data, binary) => {
      if (Buffer.isBuffer(data)) this.#receive(data, binary);
    });
    socket.on('error', (error) => {
      this.#options.logger.debug({ error: error.name }, 'clawops: media socket');
    });
    socket.on('close', (code) => {
      this.#stopTimers();
      const orderly = code === 1000 || code === 1001 || code === 1005;
      this.#end(!this.#started ? 'unopened' : orderly ? 'stopped' : 'lost');
    });
  }

  #receive(data: Buffer, binary: boolean): void {
    this.#keepalive?.heard();
    if (this.#over) return;
    try {
      const chunk = binary ? undefined : readFrame(data, this.#next);
      if (chunk) this.#hear(chunk);
      else this.#handle(binary ? { type: 'malformed' } : readMedia(data, this.#next), data.length);
    } catch (error) {
      this.#options.counters.faults += 1;
      const name = error instanceof Error ? error.name : typeof error;
      this.#options.logger.error({ error: name }, 'clawops: a media handler threw; the connection goes on');
    }
  }

  #hear(chunk: Chunk): void {
    if (!this.#started) this.#start();
    this.#next = chunk.at + chunk.ms;
    this.#options.listener.audio(chunk);
  }

  #handle(fact: MediaFact, bytes: number): void {
    const { counters, listener, logger } = this.#options;
    if (fact.type === 'audio') this.#hear(fact.chunk);
    else if (fact.type === 'mark') this.#echo(fact.name);
    else if (fact.type === 'digit') listener.digit(fact.key);
    else if (fact.type === 'stop') this.#end('stopped');
    else if (fact.type === 'unknown') counters.unknown += 1;
    else if (fact.type === 'malformed' || (fact.type === 'start' && !fact.complete)) {
      counters.malformed += 1;
      logger.warn({ bytes }, 'clawops: a media message could not be read');
    }
    if (fact.type === 'start' && !this.#started) this.#start();
  }

  #start(): void {
    this.#started = true;
    if (this.#done) return;
    this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#options.listener.started();
  }

  #echo(name: string): void {
    if (name === this.#farewell) this.#close();
    else this.#options.listener.mark(name);
  }

  #sayFarewell(): void {
    const { clock } = this.#options;
    this.#farewell = `hangup-${Math.round(clock.epoch + clock.now())}`;
    this.#send(writeMark(this.#farewell));
    this.#restart(FAREWELL_LIMIT, () => this.#close());
  }

  #close(): void {
    this.#farewell = undefined;
    this.#frames?.send();
    this.#socket?.close(1000);
    this.#restart(CLOSE_LIMIT, () => this.#end('lost'));
  }

  #end(how: MediaEnd): void {
    if (this.#over) return;
    this.#over = true;
    this.#stopTimers();
    this.#frames?.send();
    if (this.#socket?.readyState === WebSocket.OPEN) {
      this.#socket.close(1000);
      this.#restart(CLOSE_LIMIT, () => this.#socket?.terminate());
    } else {
      this.#socket?.terminate();
    }
    if (this.#done) this.#done();
    else this.#options.listener.ended(how);
  }

  #restart(ms: number, run: () => void): void {
    this.#options.clock.clearTimeout(this.#timer);
    this.#timer = this.#options.clock.setTimeout(run, ms);
  }

  #stopTimers(): void {
    this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#keepalive?.stop();
  }
}

/** The token in the address is all the authentication there is: the API key never goes to a host named by a message. */
function openSocket(url: string): WebSocket | undefined {
  if (!/^wss?:\/\//i.test(url)) return undefined;
  try {
    return new WebSocket(url, { perMessageDeflate: false, maxPayload: LARGEST_MESSAGE });
  } catch {
    return undefined;
  }
}
