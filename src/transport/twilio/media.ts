/**
 * @module One media stream that Twilio opened to us (carriers.md §3.5): caller audio in, agent audio and marks out.
 * Nothing is queued on this side, so what is sent is in order and a clear is on the wire at once.
 */
import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import { base64Of, type Chunk } from '../../audio/chunk.ts';
import type { Clock, TimerHandle } from '../../runtime/clock.ts';
import { readWholeFrames } from '../../runtime/frame-reader.ts';
import { FrameWriter } from '../../runtime/frame-writer.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { TwilioCounters } from './counters.ts';
import {
  createStreamWriter,
  FRAME_TAIL,
  type MediaFact,
  readEcho,
  readFrame,
  readMedia,
  type StreamStart,
  type StreamWriter,
} from './frame.ts';
import { MAX_PAYLOAD } from './settings.ts';

/** Twilio says what a stream is in its first messages; who says nothing for so long is not Twilio. */
const START_LIMIT = 10_000;

/** Bound for the last words to be played before a hang-up: as long as a farewell may have left, and no caller waits longer. */
const FAREWELL_LIMIT = 5_000;

/** A closing handshake takes one round trip; after this the socket is cut. */
const CLOSE_LIMIT = 1_000;

/**
 * Audio a stalled connection may hold back, in bytes: three quarters of a minute of speech in base64. What exceeds
 * it is a dead peer, and a call may cost a megabyte at most, all its buffers together.
 */
const LONGEST_BACKLOG = 512 * 1024;

/** Why a stream is not taken, as its close code (RFC 6455 §7.4.1). */
export const POLICY = 1008;
export const UNSUPPORTED = 1003;

/** How a stream ended without our doing. */
export type MediaEnd =
  /** Twilio said so, or closed in order. */
  | 'stopped'
  /** It broke. */
  | 'lost';

export interface MediaListener {
  /** Twilio echoed a mark. */
  onEcho(name: string): void;
  onDigit(key: string): void;
  /** The far end ended it. Once, and never after `finish` or `release`. */
  onEnded(how: MediaEnd): void;
}

export interface MediaOptions {
  readonly socket: WebSocket;
  /** The connection under it. */
  readonly stream: Duplex;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly counters: TwilioCounters;
  /** The stream says which call it carries. @returns the code to close it with, if it is not wanted */
  admit(start: StreamStart, media: Media): number | undefined;
  /** The socket is gone, in whatever way. */
  closed(media: Media): void;
}

/** A media stream, from its handshake to its close. */
export class Media {
  readonly #options: MediaOptions;
  readonly #socket: WebSocket;
  readonly #frames: FrameWriter;
  /** To be set while the stream is admitted. */
  listener: MediaListener | undefined;
  /** Who hears the caller. Before a call is taken it is not listened to, although its stream may be there. */
  ear: ((chunk: Chunk) => void) | undefined;
  #writer: StreamWriter | undefined;
  #timer: TimerHandle | undefined;
  #over = false;
  /** Position of the next frame on the media axis, for one that brings no timestamp. */
  #next = 0;
  #farewell: string | undefined;
  #done: (() => void) | undefined;

  constructor(options: MediaOptions) {
    this.#options = options;
    this.#socket = options.socket;
    this.#frames = new FrameWriter(options.stream, false);
    this.#restart(START_LIMIT, () => this.#refuse(POLICY));
    this.#attach();
  }

  /** @returns whether it was taken, as `Leg.play` */
  play(chunk: Chunk): boolean {
    const writer = this.#sendable();
    if (!writer || this.#frames.backlog > LONGEST_BACKLOG) {
      this.#options.counters.dropped += 1;
      return false;
    }
    this.#frames.gather(writer.head, base64Of(chunk), FRAME_TAIL);
    return true;
  }

  mark(name: string): void {
    const writer = this.#sendable();
    // Behind audio that was dropped it would say that this was played; and a small buffer pins a large one.
    if (writer && this.#frames.backlog <= LONGEST_BACKLOG) this.#frames.gather(writer.mark(name));
    else this.#options.counters.dropped += 1;
  }

  clear(): void {
    const writer = this.#sendable();
    if (!writer) return;
    this.#frames.write(writer.clear);
  }

  /** Lets Twilio play what it has, at most 5 s, then closes; `done` is called once, in every case. */
  finish(done: () => void): void {
    if (this.#over) {
      done();
      return;
    }
    const { clock } = this.#options;
    this.#done = done;
    this.#farewell = `hangup-${Math.round(clock.epoch + clock.now())}`;
    this.mark(this.#farewell);
    this.#restart(FAREWELL_LIMIT, () => this.#close());
  }

  /** Closes at once. */
  release(): void {
    this.#over = true;
    this.#done = undefined;
    this.#stopTimer();
    this.#frames.send();
    // The close frame goes out first, so that Twilio sees an orderly end even though nobody waits for it.
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.close(1000);
    this.#socket.terminate();
  }

  #sendable(): StreamWriter | undefined {
    return this.#socket.readyState === WebSocket.OPEN && !this.#over ? this.#writer : undefined;
  }

  #attach(): void {
    const socket = this.#socket;
    readWholeFrames(socket, this.#options.stream, { masked: true, longest: MAX_PAYLOAD });
    socket.on('message', (data, binary) => {
      if (Buffer.isBuffer(data)) this.#receive(data, binary);
    });
    socket.on('error', (error) => {
      this.#options.logger.debug({ error: error.name }, 'twilio: media stream');
    });
    socket.on('close', (code) => {
      this.#stopTimer();
      const orderly = code === 1000 || code === 1001 || code === 1005;
      this.#end(orderly ? 'stopped' : 'lost');
      this.#options.closed(this);
    });
  }

  #receive(data: Buffer, binary: boolean): void {
    if (this.#over) return;
    try {
      if (binary) {
        this.#handle({ type: 'malformed' }, data.length);
        return;
      }
      const chunk = readFrame(data, this.#next);
      if (chunk) {
        this.#hear(chunk);
        return;
      }
      const echo = readEcho(data);
      if (echo !== undefined) this.#echo(echo);
      else this.#handle(readMedia(data, this.#next), data.length);
    } catch (error) {
      this.#options.counters.faults += 1;
      const name = error instanceof Error ? error.name : typeof error;
      this.#options.logger.error({ error: name }, 'twilio: a media handler threw; the connection goes on');
    }
  }

  #hear(chunk: Chunk): void {
    if (!this.#writer) {
      this.#options.counters.stale += 1;
      return;
    }
    this.#next = chunk.at + chunk.ms;
    this.ear?.(chunk);
  }

  #handle(fact: MediaFact, bytes: number): void {
    const { counters, logger } = this.#options;
    if (fact.type === 'audio') this.#hear(fact.chunk);
    else if (fact.type === 'mark') this.#echo(fact.name);
    else if (fact.type === 'digit') this.listener?.onDigit(fact.key);
    else if (fact.type === 'stop') this.#end('stopped');
    else if (fact.type === 'start') this.#begin(fact.start);
    else if (fact.type === 'unknown') counters.unknown += 1;
    else if (fact.type === 'malformed') {
      counters.malformed += 1;
      logger.warn({ bytes }, 'twilio: a media message could not be read');
    }
  }

  #begin(start: StreamStart): void {
    if (this.#writer) {
      this.#options.counters.stale += 1;
      return;
    }
    this.#stopTimer();
    this.#writer = createStreamWriter(start.streamSid);
    const refusal = this.#options.admit(start, this);
    if (refusal !== undefined) this.#refuse(refusal);
  }

  #echo(name: string): void {
    if (name === this.#farewell) this.#close();
    else this.listener?.onEcho(name);
  }

  #refuse(code: number): void {
    this.#options.counters.refused += 1;
    this.#over = true;
    this.#socket.close(code);
    this.#restart(CLOSE_LIMIT, () => this.#socket.terminate());
  }

  #close(): void {
    this.#farewell = undefined;
    this.#frames.send();
    this.#socket.close(1000);
    this.#restart(CLOSE_LIMIT, () => this.#end('lost'));
  }

  #end(how: MediaEnd): void {
    if (this.#over) return;
    this.#over = true;
    this.#stopTimer();
    this.#frames.send();
    if (this.#socket.readyState === WebSocket.OPEN) {
      this.#socket.close(1000);
      this.#restart(CLOSE_LIMIT, () => this.#socket.terminate());
    } else {
      this.#socket.terminate();
    }
    if (this.#done) this.#done();
    else this.listener?.onEnded(how);
  }

  #restart(ms: number, run: () => void): void {
    this.#stopTimer();
    this.#timer = this.#options.clock.setTimeout(run, ms);
  }

  #stopTimer(): void {
    this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
