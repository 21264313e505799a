/**
 * @module One media socket (clawops.md 3): reads the agent's messages, writes the platform's through the network's
 * delay, and ends in the platform's order: `stop`, then close.
 */
import type { WebSocket } from 'ws';
import type { Logger } from '../runtime/logger.ts';
import type { Clock, TimerHandle } from '../runtime/clock.ts';
import type { DelayLine } from './delay-line.ts';
import {
  type AgentMessage,
  bufferOf,
  CONNECTED,
  createEnvelopeWriter,
  type EnvelopeWriter,
  readAudio,
  readMessage,
} from './envelope.ts';
import type { LineOutput } from './line.ts';

/** What an agent does on its media socket. */
export interface MediaHandlers {
  audio(bytes: Uint8Array): void;
  mark(name: string): void;
  clear(): void;
  digit(digit: string): void;
  /** The socket is gone; `clean` if the close came with a close frame. */
  closed(clean: boolean): void;
}

export interface MediaLink extends LineOutput {
  readonly socket: WebSocket;
  digit(digit: string): void;
  /** Sends `stop` and closes; `closed` follows once the socket is gone. */
  finish(): void;
  /** Closes with `code` and no `stop`, as a platform does that has failed. */
  breakOff(code: number): void;
  /** Sends anything at all, for tests. */
  raw(data: string | Uint8Array): void;
}

/** How long a closing socket may take to go; a peer that has stopped reading never answers a close. */
const CLOSE_TIMEOUT_MS = 2_000;

export interface Counters {
  malformed: number;
  unknown: number;
}

/** How another network writes the same messages. */
export interface MediaDialect {
  readonly write: EnvelopeWriter;
  read(data: Buffer): AgentMessage;
}

/** Takes over an accepted media socket and sends `connected` and `start`. @param parts `dialect`: default ClawOps */
export function openMediaLink(parts: {
  readonly socket: WebSocket;
  readonly ids: { readonly streamId: string; readonly callId: string; readonly accountId: string };
  readonly wire: DelayLine;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly counters: Counters;
  readonly handlers: MediaHandlers;
  readonly dialect?: MediaDialect;
}): MediaLink {
  const { socket, ids, wire, clock, logger, counters, handlers, dialect } = parts;
  const write = dialect?.write ?? createEnvelopeWriter();
  let finishing: TimerHandle | undefined;
  let finished = false;
  let broken = false;

  const receive = (data: Buffer, binary: boolean): void => {
    if (binary) {
      counters.unknown += 1;
      return;
    }
    const audio = dialect ? undefined : readAudio(data);
    if (audio) return handlers.audio(audio);
    const message = dialect ? dialect.read(data) : readMessage(data);
    if (message.kind === 'audio') handlers.audio(message.bytes);
    else if (message.kind === 'mark') handlers.mark(message.name);
    else if (message.kind === 'clear') handlers.clear();
    else if (message.kind === 'dtmf') handlers.digit(message.digit);
    else if (message.kind === 'other') counters.unknown += 1;
    else {
      counters.malformed += 1;
      logger.warn({ call: ids.callId, bytes: data.length }, 'unreadable message on a media socket');
    }
  };

  socket.on('message', (data, binary) => receive(bufferOf(data), binary));
  socket.on('error', (error) => logger.warn({ call: ids.callId, error: error.name }, 'media socket failed'));
  socket.on('close', (code) => {
    finished = true;
    clock.clearTimeout(finishing);
    handlers.closed(code !== 1006 && !broken);
  });
  wire.send(socket, CONNECTED);
  wire.send(socket, write.start(ids));

  return {
    socket,
    frame(frame) {
      if (finished) return;
      if (frame) wire.send(socket, write.media(frame.base64));
      else write.skip();
    },
    mark(name) {
      if (!finished) wire.send(socket, write.mark(name));
    },
    digit(digit) {
      if (!finished) wire.send(socket, write.dtmf(digit));
    },
    finish() {
      if (finished) return;
      finished = true;
      wire.send(socket, write.stop(ids));
      wire.after(() => {
        if (socket.readyState === socket.CLOSED) return;
        socket.close(1000);
        finishing = clock.setTimeout(() => socket.terminate(), CLOSE_TIMEOUT_MS);
      });
    },
    breakOff(code) {
      finished = true;
      broken = true;
      socket.close(code);
    },
    raw: (data) => wire.send(socket, data),
  };
}
