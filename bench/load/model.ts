/**
 * @module The model of every call, on OpenAI Realtime's wire. It hears a caller by the stamps in what is appended,
 * answers three times as fast as it is heard, and stops when the caller speaks, a little late, as the service does.
 */
import type { Duplex } from 'node:stream';
import { type Caller, fillOf, FRAME_MS } from './caller.ts';
import * as say from './events.ts';
import { ageAt, KIND, kindAt, ownerAt, serialAt, STAMP_LENGTH, writeStamp } from './stamp.ts';
import { tally } from './tally.ts';
import { Wire } from './wire.ts';

const DELTA_MS = 200;
/** Audio is generated three times as fast as it is spoken. */
const SPEEDUP = 3;
/** From the end of a turn to the first audio of its answer. */
const THINKING = 300;
/**
 * Replies in turn, in chunks of 200 ms. The caller speaks up some 3 s into each: the first is nearly played by then,
 * the second has been sent and waits at the carrier, the third is still being generated.
 */
const LENGTHS = [18, 40, 120] as const;
/** What a cancelled reply still sends, which must not be heard, and when the service says that it is over. */
const LATE_DELTAS = 2;
const LATE_AFTER = 20;
/** The service's detector: voice for this long is speech, silence for this long is the end of it. */
const SPEECH_FRAMES = 3;
const SILENT_FRAMES = 25;

const APPEND = Buffer.from('"audio":"');
const FILLS = Array.from({ length: 201 }, (_, value) =>
  Buffer.alloc(DELTA_MS * 8, value)
    .toString('base64')
    .slice(STAMP_LENGTH),
);
const ROOM = 'A'.repeat(STAMP_LENGTH);

interface Reply {
  readonly number: number;
  readonly metadata: string;
  readonly chunks: number;
  sent: number;
  /** When its first audio is due. */
  readonly audioAt: number;
  opened: boolean;
  /** When a cut reply says that it is over. */
  overAt: number | undefined;
}

const now = (): number => performance.now();
let responses = 0;

export class Line {
  readonly #wire: Wire;
  readonly #callers: ReadonlyMap<number, Caller>;
  #caller: Caller | undefined;
  #heard = -1;
  #voiced = false;
  #run = 0;
  #turns = 0;
  #replies: number;
  #reply: Reply | undefined;
  /** The reply that is being spoken, or was last. */
  #last = 0;
  #transcribes = false;

  /** @param first which of the lengths its first reply has: not all calls hear the same kind at the same time */
  constructor(
    socket: Duplex,
    first: number,
    callers: ReadonlyMap<number, Caller>,
    closed: (line: Line) => void,
  ) {
    this.#replies = first;
    this.#callers = callers;
    this.#wire = new Wire(socket, false, {
      text: (data, start, end) => this.#receive(data, start, end),
      closed: () => closed(this),
    });
    this.#wire.send(say.sessionCreated());
  }

  /** Every 20 ms: whatever of the reply is due. */
  tick(): void {
    const reply = this.#reply;
    if (!reply) return;
    const time = now();
    if (reply.overAt !== undefined) {
      if (time >= reply.overAt) this.#stop(reply);
      return;
    }
    if (time < reply.audioAt) return;
    const due = Math.min(reply.chunks, 1 + Math.floor(((time - reply.audioAt) * SPEEDUP) / DELTA_MS));
    while (reply.sent < due) this.#generate(reply);
    if (reply.sent === reply.chunks) this.#end(reply);
  }

  #receive(data: Buffer, start: number, end: number): void {
    // Audio is the only message with this length and a key at this place or near it.
    const at = end - start > 200 && end - start < 400 ? data.indexOf(APPEND, start) + APPEND.length : 0;
    const kind = at > APPEND.length ? kindAt(data, at) : 0;
    if (kind === KIND.voice || kind === KIND.silence) this.#hear(data, at, kind === KIND.voice);
    else this.#obey(data.toString('latin1', start, end));
  }

  #obey(text: string): void {
    const event = JSON.parse(text) as {
      type: string;
      event_id?: string;
      session?: { audio?: { input?: { transcription?: object | null } } };
      response?: { metadata?: object };
      item_id?: string;
      audio_end_ms?: number;
    };
    if (event.type === 'session.update') {
      this.#transcribes ||= Boolean(event.session?.audio?.input?.transcription);
      this.#wire.send(say.sessionUpdated(event.session ?? {}));
    } else if (event.type === 'response.create') this.#begin(0, event.response?.metadata);
    else if (event.type === 'conversation.item.truncate') {
      this.#wire.send(say.itemTruncated(event.item_id ?? '', event.audio_end_ms ?? 0));
    } else if (event.type === 'response.cancel') {
      if (this.#reply) this.#reply.overAt ??= now();
      else this.#wire.send(say.nothingToCancel(event.event_id ?? ''));
    }
  }

  #hear(data: Buffer, at: number, voiced: boolean): void {
    tally.up.record(ageAt(data, at));
    const serial = serialAt(data, at);
    // Before the first one the subject may have been without a session; from then on none may be missing.
    if (this.#heard >= 0 && serial !== this.#heard + 1) tally.lost += Math.max(1, serial - this.#heard - 1);
    this.#heard = serial;
    this.#caller ??= this.#callers.get(ownerAt(data, at));
    this.#run = voiced === this.#voiced ? 0 : this.#run + 1;
    if (!this.#voiced && this.#run >= SPEECH_FRAMES) this.#interrupt(serial);
    else if (this.#voiced && this.#run >= SILENT_FRAMES) this.#answer(serial);
  }

  #interrupt(serial: number): void {
    this.#voiced = true;
    this.#run = 0;
    this.#turns += 1;
    this.#caller?.spoke(this.#last);
    this.#wire.send(say.speechStarted(this.#turns, serial * FRAME_MS));
    if (this.#reply) this.#reply.overAt ??= now() + LATE_AFTER;
  }

  #stop(reply: Reply): void {
    if (reply.sent > 0) for (let late = 0; late < LATE_DELTAS; late += 1) this.#generate(reply);
    this.#end(reply);
  }

  #answer(serial: number): void {
    this.#voiced = false;
    this.#run = 0;
    for (const text of say.turnTaken(this.#turns, serial * FRAME_MS)) this.#wire.send(text);
    if (this.#transcribes) this.#wire.send(say.turnTranscribed(this.#turns));
    this.#begin(THINKING);
  }

  #begin(thinking: number, metadata?: object): void {
    if (this.#reply) return;
    responses += 1;
    const chunks = LENGTHS[this.#replies % LENGTHS.length]!;
    this.#replies += 1;
    this.#last = responses;
    this.#reply = {
      number: responses,
      metadata: JSON.stringify(metadata ?? null),
      chunks,
      sent: 0,
      audioAt: now() + thinking,
      opened: false,
      overAt: undefined,
    };
    for (const text of say.responseCreated(responses, this.#reply.metadata)) this.#wire.send(text);
    this.tick();
  }

  #generate(reply: Reply): void {
    const { number } = reply;
    if (!reply.opened) for (const text of say.itemOpened(number)) this.#wire.send(text);
    reply.opened = true;
    this.#wire.send(say.transcriptDelta(number, reply.sent));
    const head = say.audioDelta(number);
    this.#wire.send(`${head}${ROOM}${FILLS[fillOf(number)]!}"}`, (frame, at) =>
      writeStamp(frame, at + head.length, KIND.answer, number, reply.sent),
    );
    reply.sent += 1;
  }

  #end(reply: Reply): void {
    this.#reply = undefined;
    const isCut = reply.overAt !== undefined;
    if (!isCut) this.#caller?.answered(reply.number, reply.sent);
    for (const text of say.responseDone(reply.number, reply.sent, isCut, reply.metadata)) {
      this.#wire.send(text);
    }
  }
}
