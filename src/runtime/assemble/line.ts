/**
 * @module The call's line: joins the carrier's leg, the two gates and the playout ledger, and is the chart's port
 * `leg`. Audio runs through here chunk by chunk without an event; the chart steers it by its tags.
 */
import { Subject } from 'rxjs/internal/Subject';
import { bytesOf, type Chunk, chunkOfBytes } from '../../audio/chunk.ts';
import { transcode } from '../../audio/g711.ts';
import { applyGain } from '../../audio/gain.ts';
import {
  createHearGate,
  createSpeakGate,
  type Gate,
  type HearMode,
  type SpeakGate,
  type SpeakMode,
} from '../../audio/gate.ts';
import { lineText, loadLine } from '../../audio/lines.ts';
import { createPlayout, type Playout, type PlayoutFact } from '../../audio/playout.ts';
import type { CannedLine, LegOrder } from '../../machines/call/vocabulary.ts';
import type { LegFact, TransferRequest } from '../../transport/contract.ts';
import type { Clock, TimerHandle } from '../clock.ts';
import type { AssistantEntry } from '../record.ts';
import { nameOf } from '../scope.ts';
import type { OpenPort, Port, Tell } from '../switchboard.ts';
import type { CallParts } from './parts.ts';

/** A tap hears one side of the call. It may throw: then it is detached, and the path goes on. */
export interface LineTaps {
  readonly caller$: Subject<Chunk>;
  /** The agent's audio with its place on the carrier's media axis. */
  readonly agent$: Subject<{ chunk: Chunk; at: number }>;
  /** Everything placed from here on will not be played. */
  readonly cleared$: Subject<number>;
}

export interface LineOptions {
  readonly gain: { readonly in: number; readonly out: number };
  pressed(key: string): void;
  /** How much of a generation was heard is now known. */
  heard(entry: AssistantEntry): void;
  transferRequest(request: string): TransferRequest | undefined;
  legFact(fact: LegFact): void;
}

export interface Line {
  readonly open: OpenPort;
  readonly taps: LineTaps;
  readonly playout: Playout;
  /** Where the caller's audio goes; undefined while no connection is there. */
  listener: ((chunk: Chunk) => void) | undefined;
  /** One chunk of the agent's voice. */
  speak(chunk: Chunk): void;
  /** The chart's tags, after its orders went out. */
  steer(hear: HearMode, speak: SpeakMode): void;
  /** How far the caller's audio has come on the carrier's media axis, in ms. */
  readonly heardMs: number;
}

/** Frames come every 20 ms; two seconds without one is a line that stands still. */
const STALLED_AFTER = 2_000;

export function createLine(parts: CallParts, options: LineOptions): Line {
  return new CallLine(parts, options);
}

/** What the line knows of a generation that is neither finished nor flushed. */
interface Speech {
  readonly gen: number;
  /** A line of ours that was not begun yet. */
  bytes: Uint8Array | undefined;
  /** It was given a voice. */
  voiced: boolean;
  /** Some of that was held back. */
  held: boolean;
  /** All of it is there. */
  complete: boolean;
}

/** One object, of which a chunk on its way touches a line: with a hundred calls nothing else is near by then. */
class CallLine implements Line {
  readonly taps: LineTaps = { caller$: new Subject(), agent$: new Subject(), cleared$: new Subject() };
  readonly playout: Playout;
  listener: Line['listener'];
  readonly #parts: CallParts;
  readonly #options: LineOptions;
  readonly #raw: Clock;
  readonly #caller$: Subject<Chunk> = this.taps.caller$;
  readonly #gainIn: number;
  readonly #hear: Gate<HearMode>;
  readonly #speak: SpeakGate;
  readonly #watch: MediaWatch;
  /** In the order of their numbers, at most a few. */
  #speeches: Speech[] = [];
  #tell: Tell = () => {};
  #frames = 0;
  #lastAt = 0;
  #lastArrival = 0;
  #lastKey = 0;

  constructor(parts: CallParts, options: LineOptions) {
    const { leg, raw, clock } = parts;
    this.#parts = parts;
    this.#options = options;
    this.#raw = raw;
    this.#gainIn = options.gain.in;
    this.playout = createPlayout({
      clock: raw,
      can: leg.can,
      play: (chunk) => leg.play(chunk),
      mark: (name) => leg.mark(name),
      clear: () => leg.clear(),
      placed: (chunk, at) => {
        const { agent$ } = this.taps;
        if (agent$.observed) agent$.next({ chunk, at });
      },
      cleared: (at) => this.taps.cleared$.next(at),
      mediaNow: () => (this.#frames === 0 ? 0 : this.#lastAt + raw.now() - this.#lastArrival),
      fact: (fact) => clock.stimulus(() => this.#report(fact)),
    });
    this.#hear = createHearGate({ pass: (chunk) => this.listener?.(chunk) });
    this.#speak = createSpeakGate({ pass: (chunk) => this.playout.push(chunk) });
    this.#watch = new MediaWatch(
      parts,
      () => this.#frames,
      (fact) => this.#tell(fact),
    );
    parts.scope.own('line', () => {
      this.#close();
      for (const tap of Object.values(this.taps)) (tap as Subject<unknown>).complete();
    });
  }

  get heardMs(): number {
    return this.#lastAt;
  }

  speak(chunk: Chunk): void {
    const speech = this.#find(chunk.gen) ?? this.#enter(chunk.gen);
    speech.voiced = true;
    if (this.#speak.mode === 'hold') speech.held = true;
    this.#speak.push(this.#amplify(chunk, this.#options.gain.out));
  }

  steer(hear: HearMode, speak: SpeakMode): void {
    if (this.#hear.mode !== hear) this.#hear.set(hear);
    if (this.#speak.mode === speak) return;
    this.#speak.set(speak);
    // Finishing one may end another: what is no longer among them is not finished twice.
    for (const speech of this.#speeches.filter(({ complete }) => complete)) {
      if (this.#speeches.includes(speech)) this.#finish(speech.gen);
    }
  }

  readonly open: OpenPort = (_input, send): Port => {
    const { leg, record } = this.#parts;
    this.#tell = send;
    leg.start({
      fact: (fact) => this.#fact(fact),
      audio: (chunk) => this.#hearChunk(chunk),
      mark: (name) => this.playout.echoed(name),
      digit: (key) => {
        record.pressed(key);
        this.#options.pressed(key);
        this.#lastKey += 1;
        const kind = key === '*' ? 'star' : key === '#' ? 'hash' : 'digit';
        this.#tell({ type: 'digits.key', class: kind, n: this.#lastKey });
      },
    });
    return {
      order: (given) => this.#order(given as LegOrder),
      close: () => this.#close(),
    };
  };

  #close(): void {
    this.#watch.stop();
    this.playout.close();
    this.#parts.leg.close();
  }

  #hearChunk(chunk: Chunk): void {
    this.#frames += 1;
    this.#lastAt = chunk.at + chunk.ms;
    this.#lastArrival = this.#raw.now();
    const amplified = this.#gainIn === 1 ? chunk : this.#amplify(chunk, this.#gainIn);
    if (this.#caller$.observed) this.#caller$.next(amplified);
    this.#hear.push(amplified);
  }

  #amplify(chunk: Chunk, gain: number): Chunk {
    if (gain === 1) return chunk;
    return chunkOfBytes(applyGain(this.#parts.leg.can.codec, bytesOf(chunk), gain), chunk.gen, chunk.at);
  }

  #report(fact: PlayoutFact): void {
    const ledger = this.playout.ledger(fact.gen);
    const whole = fact.type === 'playout.drained';
    const generatedMs = ledger?.generatedMs ?? fact.playedMs;
    const entry = this.#parts.record.heard(fact.gen, fact.playedMs, generatedMs, whole);
    if (entry) this.#options.heard(entry);
    this.#tell(fact);
  }

  #fact(fact: LegFact): void {
    if (fact.type === 'leg.mediaStarted') {
      this.playout.mediaStarted(fact.epoch);
      this.#watch.start(fact.epoch);
    }
    if (fact.type === 'leg.mediaStopped') {
      this.playout.mediaStopped();
      this.#watch.stop();
    }
    this.#options.legFact(fact);
    this.#tell(fact);
  }

  #order(given: LegOrder): void {
    const { leg } = this.#parts;
    switch (given.type) {
      case 'accept':
        return leg.accept();
      case 'reject':
        return leg.reject({
          cause: given.code === 'busy' ? 'busy' : 'rejected',
          code: given.code,
          message: 'The call was not accepted.',
        });
      case 'begin':
        return this.#begin(given.gen);
      case 'finish':
        return this.#finish(given.gen);
      case 'flush':
        return this.#flush(given.gen);
      case 'play':
        return this.#play(given.line, given.request);
      case 'suspend':
        return this.playout.suspend(given.on);
      case 'transfer': {
        const request = this.#options.transferRequest(given.request);
        if (request) leg.transfer(request);
        return undefined;
      }
      case 'hangup':
        return leg.hangup();
    }
  }

  #play(name: CannedLine, request: number): void {
    const { leg, record } = this.#parts;
    const language = this.#parts.spec()?.description.language;
    const gen = this.#parts.takeGeneration();
    this.#enter(gen).bytes = transcode('ulaw', leg.can.codec, loadLine(language, name));
    record.begin(gen, name, lineText(language, name));
    this.#tell({ type: 'gen.started', gen, request });
  }

  #begin(gen: number): void {
    this.playout.begin(gen);
    const speech = this.#find(gen);
    const bytes = speech?.bytes;
    if (!speech || !bytes) return;
    speech.bytes = undefined;
    speech.voiced = true;
    // A line of ours passes the gates: the tags are about the model's voice.
    for (let at = 0; at < bytes.length; at += LINE_CHUNK) {
      this.playout.push(chunkOfBytes(bytes.subarray(at, at + LINE_CHUNK), gen));
    }
    this.#tell({ type: 'gen.audio', gen });
    this.#tell({ type: 'gen.done', gen, audioMs: bytes.length / 8, tools: 0, reason: 'completed' });
  }

  #finish(gen: number): void {
    const speech = this.#find(gen);
    if (speech?.held && this.#speak.mode === 'hold') {
      speech.complete = true;
      return;
    }
    if (speech) this.#speeches.splice(this.#speeches.indexOf(speech), 1);
    // What was given a voice is waited for by the chart, also where a gate let none of it through.
    if (speech?.voiced) this.playout.finish(gen);
    else this.playout.forget(gen);
  }

  #flush(from: number): void {
    // The clear goes out first: it is what the caller waits for.
    this.playout.flush(from);
    this.#speak.discard(from);
    // What is held of an earlier generation still has its turn, and so has a line that was not begun.
    this.#speeches = this.#speeches.filter(({ gen, bytes }) => gen < from || bytes !== undefined);
  }

  #find(gen: number): Speech | undefined {
    return this.#speeches.find((speech) => speech.gen === gen);
  }

  #enter(gen: number): Speech {
    const speech: Speech = { gen, bytes: undefined, voiced: false, held: false, complete: false };
    this.#speeches.push(speech);
    return speech;
  }
}

/** 100 ms of G.711 a chunk: few messages, and a clear still finds most of a line unsent nowhere. */
const LINE_CHUNK = 800;

/** Looks once a second whether frames still come; nothing runs per frame. */
class MediaWatch {
  readonly #parts: CallParts;
  readonly #frames: () => number;
  readonly #tell: Tell;
  #timer: TimerHandle | undefined;
  #stalled = false;

  constructor(parts: CallParts, frames: () => number, tell: Tell) {
    this.#parts = parts;
    this.#frames = frames;
    this.#tell = tell;
  }

  start(epoch: number): void {
    this.stop();
    this.#stalled = false;
    this.#look(epoch, this.#frames(), this.#parts.raw.now());
  }

  stop(): void {
    this.#parts.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #look(epoch: number, seen: number, since: number): void {
    this.#timer = this.#parts.clock.setTimeout(() => {
      const now = this.#parts.raw.now();
      const count = this.#frames();
      if (count !== seen) {
        if (this.#stalled) this.#tell({ type: 'media.flowing', epoch });
        this.#stalled = false;
        this.#look(epoch, count, now);
        return;
      }
      if (!this.#stalled && now - since >= STALLED_AFTER) {
        this.#stalled = true;
        this.#tell({ type: 'media.stalled', epoch });
      }
      this.#look(epoch, seen, since);
    }, STALLED_AFTER / 2);
  }
}

/** Attaches a tap that cannot hurt the path: a throw detaches it and is reported once. */
export function tap<T>(
  parts: CallParts,
  source: Subject<T>,
  name: string,
  work: (value: T) => void,
  failed: (name: string, error: unknown) => void,
): void {
  const subscription = source.subscribe((value) => {
    try {
      work(value);
    } catch (error) {
      subscription.unsubscribe();
      parts.counters.tapErrors += 1;
      parts.logger.error(
        { call: parts.id, tap: name, error: nameOf(error) },
        'an audio tap failed and was detached',
      );
      failed(name, error);
    }
  });
  parts.scope.own(`tap ${name}`, () => subscription.unsubscribe());
}
