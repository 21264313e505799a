/**
 * @module The working of the playout ledger (`playout.ts`): the play model, the marks under way, the cut, and the
 * one timer that ends the wait for an echo.
 */
import type { TimerHandle } from '../runtime/clock.ts';
import { CarrierFrame } from './carrier-frame.ts';
import type { Chunk } from './chunk.ts';
import { addAudio, freeze, type Generation, GenerationTable, heardBy, settle } from './playout-ledger.ts';
import type { Playout, PlayoutOptions } from './playout.ts';

interface Mark {
  readonly name: string;
  readonly entry: Generation;
  /** How far into the generation it stands. */
  readonly pos: number;
  /** When the play model reaches it. */
  readonly due: number;
}

// Bounds what a cut has to guess by time; five marks a second cost nothing.
const MARK_EVERY_MS = 200;
// Without an edge between two chunks by then, one is split: twice the messages, so not for every chunk.
const SPLIT_AFTER_MS = 400;
// Small chunks may offer no edge that base64 can be cut at; decoding one of them every so often costs nothing.
const DECODE_AFTER_MS = 600;
// Time for a carrier that plays late; after it, its echo is not coming.
const DRAIN_SLACK_MS = 2000;
// A carrier plays whole frames of 20 ms, so a shorter gap is lost in its own schedule.
const UNDERRUN_MS = 20;
// Below this a difference of two times is rounding, not audio.
const EPSILON_MS = 1e-6;

/**
 * The play model: a chunk starts when it is sent or when the queue before it ends, whichever is later, on an axis
 * that stands still while the line does not play. `#lag` is how much later than that the carrier plays, by its
 * latest echo.
 */
export class PlayoutEngine implements Playout {
  readonly counters = { stale: 0, estimated: 0, underruns: 0 };
  readonly #options: PlayoutOptions;
  readonly #marked: boolean;
  readonly #table = new GenerationTable();
  #marks: Mark[] = [];
  #markCount = 0;
  #epoch = 0;
  #started = false;
  #flowing = false;
  #suspended = false;
  #playing = false;
  /** The play axis: its value at `#since`, a time of the clock. */
  #base = 0;
  #since = 0;
  #queueEnd = 0;
  #lag = 0;
  readonly #frame = new CarrierFrame();
  /** The generation that was sent last. */
  #last: Generation | undefined;
  #timer: TimerHandle | undefined;
  #closed = false;

  constructor(options: PlayoutOptions) {
    this.#options = options;
    this.#marked = options.can.marks !== 'none';
  }

  begin(gen: number): void {
    if (!this.#closed) this.#table.add(gen);
  }

  push(chunk: Chunk): void {
    if (this.#closed) return;
    const entry = this.#table.get(chunk.gen);
    if (entry) entry.generatedMs += chunk.ms;
    if (!entry || entry.state !== 'live' || entry.finished) {
      this.counters.stale += 1;
      return;
    }
    if (!this.#marked) return this.#send(entry, chunk);
    this.#markBefore(entry);
    let rest = chunk;
    for (;;) {
      const total = entry.unmarkedMs + rest.ms;
      // Marked before as well as after: a chunk may be longer than the one before it let expect.
      if (total > MARK_EVERY_MS && entry.unmarkedMs > 0 && this.#frame.onEdge) this.#mark(entry);
      const pieces = this.#split(entry, rest);
      this.#send(entry, pieces?.[0] ?? rest);
      if (this.#closed || entry.state !== 'live') return;
      if (this.#frame.onEdge && (pieces || entry.unmarkedMs > MARK_EVERY_MS)) this.#mark(entry);
      if (!pieces) return;
      rest = pieces[1];
    }
  }

  /** Closes what an earlier generation left open, and a frame whose fate at the carrier is not known. */
  #markBefore(entry: Generation): void {
    const last = this.#last;
    this.#last = entry;
    if (last && last !== entry && last.state === 'live' && last.unmarkedMs > 0) return this.#mark(last);
    // The line may have run dry, and then there is a gap already: a mark makes both sides agree on the frame.
    const left = this.#queueEnd - this.#playNow() - this.#frame.ms;
    if (!this.#playing || !this.#frame.mayHaveClosed(left, this.#options.clock.now())) return;
    if (entry.unmarkedMs > 0) this.#mark(entry);
    else this.#frame.close();
  }

  #split(entry: Generation, chunk: Chunk): [Chunk, Chunk] | undefined {
    const total = entry.unmarkedMs + chunk.ms;
    if (total <= SPLIT_AFTER_MS) return undefined;
    return this.#frame.cut(chunk, SPLIT_AFTER_MS - entry.unmarkedMs, total > DECODE_AFTER_MS);
  }

  #send(entry: Generation, chunk: Chunk): void {
    if (!this.#options.play(chunk)) return;
    const now = this.#playNow();
    const start = this.#enqueue(entry, chunk.ms, now);
    this.#frame.add(chunk, this.#options.clock.now());
    if (this.#playing || !this.#started) {
      this.#options.placed?.(chunk, this.#options.mediaNow() + start - now);
    }
  }

  finish(gen: number): void {
    const entry = this.#table.get(gen);
    if (this.#closed || !entry || entry.state !== 'live' || entry.finished) return;
    entry.finished = true;
    if (entry.sentMs === 0 || (this.#marked && isConfirmed(entry))) return this.#drain(entry, 'mark');
    if (entry.unmarkedMs > 0) this.#mark(entry);
    if (entry.state !== 'live') return;
    this.#setDeadline(entry);
    this.#arm();
  }

  flush(gen: number): void {
    if (this.#closed) return;
    const { can } = this.#options;
    const live = this.#table.live();
    const later = live.filter((entry) => entry.gen >= gen);
    const playsEarlier = live.some((entry) => entry.gen < gen && entry.sentMs > 0);
    const clears = can.clear && (!playsEarlier || later.some((entry) => entry.sentMs > 0));
    const cut = clears ? live.filter((entry) => entry.gen >= gen || entry.sentMs > 0) : later;
    for (const entry of cut) {
      freeze(entry, this.#heardUntil());
      entry.state = 'cut';
    }
    this.#marks = clears ? [] : this.#marks.filter((mark) => mark.entry.state === 'live');
    if (clears) {
      this.#emptyQueue();
      this.#options.clear();
      this.#options.cleared?.(this.#options.mediaNow());
    }
    this.#arm();
    for (const entry of cut) {
      const exact = entry.echoed || entry.sentMs === 0 || !this.#started;
      const { gen, frozenMs = 0 } = entry;
      const method = exact ? 'exact' : 'estimated';
      this.#options.fact({ type: 'playout.cut', gen, playedMs: wholeMs(frozenMs), method });
    }
  }

  echoed(name: string): void {
    const index = this.#closed ? -1 : this.#marks.findIndex((mark) => mark.name === name);
    if (index < 0) return;
    // Playout is in order: an echo stands for the marks before it too, should the carrier have lost theirs.
    const passed = this.#marks.splice(0, index + 1);
    if (!this.#playing) return;
    this.#lag = this.#playNow() - passed[index]!.due;
    for (const { entry, pos } of passed) {
      entry.confirmedMs = Math.max(entry.confirmedMs, pos);
      entry.echoed = true;
    }
    for (const { entry } of passed) {
      if (entry.state !== 'live' || !entry.finished) continue;
      if (isConfirmed(entry)) this.#drain(entry, 'mark');
      else this.#setDeadline(entry);
    }
  }

  mediaStarted(epoch: number): void {
    if (this.#closed) return;
    if (this.#flowing) this.mediaStopped();
    this.#epoch = epoch;
    this.#flowing = true;
    const first = !this.#started;
    this.#started = true;
    // What was sent before there was any media waits at the leg; what was sent into a gap is gone.
    if (!first) this.#loseQueue();
    this.#switch();
    if (!first) return;
    for (const entry of this.#table.live()) if (entry.finished) this.#setDeadline(entry);
    this.#arm();
  }

  mediaStopped(): void {
    if (this.#closed || !this.#flowing) return;
    this.#loseQueue();
    this.#flowing = false;
    this.#switch();
  }

  suspend(on: boolean): void {
    if (this.#closed || on === this.#suspended) return;
    if (this.#started) this.#loseQueue();
    this.#suspended = on;
    this.#switch();
  }

  ledger(gen: number): { generatedMs: number; sentMs: number; heardMs: number } | undefined {
    const entry = this.#table.get(gen);
    if (!entry) return undefined;
    const { generatedMs, sentMs } = entry;
    return { generatedMs, sentMs, heardMs: heardBy(entry, this.#heardUntil()) };
  }

  remainingMs(): number {
    return Math.max(0, this.#queueEnd - this.#heardUntil());
  }

  forget(gen: number): void {
    this.#table.delete(gen);
    if (this.#last?.gen === gen) this.#last = undefined;
    this.#marks = this.#marks.filter((mark) => mark.entry.gen !== gen);
    this.#arm();
  }

  close(): void {
    this.#closed = true;
    this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #playNow(): number {
    return this.#playing ? this.#base + this.#options.clock.now() - this.#since : this.#base;
  }

  /** Up to where the play axis has been heard. */
  #heardUntil(): number {
    return this.#playNow() - this.#lag;
  }

  /** Starts or stops the play axis. */
  #switch(): void {
    this.#base = this.#playNow();
    this.#since = this.#options.clock.now();
    this.#playing = this.#flowing && !this.#suspended;
  }

  #enqueue(entry: Generation, ms: number, now: number): number {
    if (this.#started && !this.#playing) freeze(entry, this.#heardUntil());
    const idle = now - this.#queueEnd;
    if (idle > 0) {
      if (idle >= UNDERRUN_MS && entry.sentMs > 0 && this.#playing) this.counters.underruns += 1;
      // A carrier that plays late used the gap to catch up.
      this.#lag = Math.max(0, this.#lag - idle);
      this.#queueEnd = now;
    }
    const start = this.#queueEnd;
    addAudio(entry, start, ms);
    this.#queueEnd = start + ms;
    return start;
  }

  #mark(entry: Generation): void {
    entry.unmarkedMs = 0;
    if (!this.#marked) return;
    this.#frame.close();
    this.#markCount += 1;
    const name = `g${entry.gen}.${this.#markCount}.${this.#epoch}`;
    // Behind a queue that has run dry it is echoed at once, not when the last piece ended.
    const due = Math.max(this.#queueEnd, this.#playNow());
    this.#marks.push({ name, entry, pos: entry.sentMs, due });
    this.#options.mark(name);
  }

  /** What is queued will not be heard: the carrier is gone, or throws it away. */
  #loseQueue(): void {
    const until = this.#heardUntil();
    for (const entry of this.#table.live()) {
      if (heardBy(entry, until) < entry.sentMs) freeze(entry, until);
    }
    this.#marks = [];
    const queued = this.#queueEnd > this.#playNow();
    this.#emptyQueue();
    if (queued) this.#options.cleared?.(this.#options.mediaNow());
  }

  #emptyQueue(): void {
    this.#queueEnd = this.#playNow();
    this.#lag = 0;
    this.#frame.close();
  }

  #setDeadline(entry: Generation): void {
    // Before the first media nothing plays; the wait for it is bounded by the call.
    if (!this.#started) return;
    const left = entry.frozenMs === undefined ? Math.max(0, entry.endAt - this.#heardUntil()) : 0;
    const now = this.#options.clock.now();
    entry.deadline = now + left + (this.#marked ? DRAIN_SLACK_MS : 0);
  }

  #drain(entry: Generation, method: 'mark' | 'estimated'): void {
    settle(entry, method === 'mark' ? entry.sentMs : heardBy(entry, this.#heardUntil()));
    entry.state = 'drained';
    if (method === 'estimated') {
      if (this.#marked) this.counters.estimated += 1;
      this.#marks = this.#marks.filter((mark) => mark.entry !== entry);
    }
    this.#arm();
    const { gen, frozenMs = 0 } = entry;
    this.#options.fact({ type: 'playout.drained', gen, playedMs: wholeMs(frozenMs), method });
  }

  /** Keeps the one timer no later than the earliest deadline; when it comes too early, it is armed again. */
  #arm(): void {
    const { clock } = this.#options;
    let earliest = Infinity;
    for (const { finished, deadline } of this.#table.live())
      if (finished) earliest = Math.min(earliest, deadline);
    if (this.#timer && this.#timer.deadline <= earliest && earliest < Infinity) return;
    clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    if (earliest === Infinity || this.#closed) return;
    this.#timer = clock.setTimeout(() => this.#expire(), earliest - clock.now());
  }

  #expire(): void {
    this.#timer = undefined;
    const now = this.#options.clock.now() + EPSILON_MS;
    for (const entry of this.#table.live()) {
      if (this.#closed) return;
      if (entry.state === 'live' && entry.finished && entry.deadline <= now) this.#drain(entry, 'estimated');
    }
    this.#arm();
  }
}

function isConfirmed(entry: Generation): boolean {
  return entry.confirmedMs >= entry.sentMs - EPSILON_MS;
}

function wholeMs(ms: number): number {
  return Math.floor(ms + EPSILON_MS);
}
