/**
 * @module The two gates of a call, set by the chart's tags: `hear` from the caller to the session, `speak` from
 * the agent to the carrier. Each passes, keeps for later, or drops, and counts what it did.
 */
import type { Chunk } from './chunk.ts';
import { type ChunkRing, createChunkRing } from './ring.ts';

export type HearMode = 'drop' | 'buffer' | 'live';
export type SpeakMode = 'hold' | 'live' | 'drop';

/** In chunks. What was pushed is always `passed + dropped + held`. */
export interface GateCounters {
  readonly passed: number;
  readonly dropped: number;
  /** Kept at this moment. */
  readonly held: number;
}

export interface Gate<Mode> {
  readonly mode: Mode;
  /** As they are now. */
  readonly counters: GateCounters;
  /** To live: what was kept passes first, in order. To drop: what was kept is dropped. */
  set(mode: Mode): void;
  /** One chunk. Kept ones are copied, so a view into a socket message may be pushed. */
  push(chunk: Chunk): void;
}

/** A gate whose kept chunks belong to generations. */
export interface SpeakGate<Mode = SpeakMode> extends Gate<Mode> {
  /** Drops what is kept of generation `fromGen` and later ones. */
  discard(fromGen: number): void;
}

/** Enough for a reconnect: what the caller says meanwhile is a sentence, not a minute. */
export const HEAR_RING_MS = 4000;
/** Longer than any greeting; a model can generate it several times faster than it is spoken. */
export const SPEAK_HOLD_MS = 30_000;

/**
 * The gate from the caller to the session; starts in `drop`.
 * @param options.pass where live chunks go; synchronous, and may set or push this gate again.
 * @param options.ringMs audio kept in `buffer`, in ms; beyond it the oldest is dropped. Default 4000.
 */
export function createHearGate(options: { pass: (chunk: Chunk) => void; ringMs?: number }): Gate<HearMode> {
  const limit = options.ringMs ?? HEAR_RING_MS;
  const keep = (ring: ChunkRing, chunk: Chunk): number => {
    let dropped = 0;
    ring.push(chunk);
    while (ring.ms > limit) {
      ring.shift();
      dropped += 1;
    }
    return dropped;
  };
  return new ChunkGate<HearMode>('drop', 'buffer', options.pass, keep);
}

/**
 * The gate from the agent to the carrier; starts in `hold`.
 * @param options.pass where live chunks go; synchronous, and may set or push this gate again.
 * @param options.holdMs audio kept in `hold`, in ms; beyond it the newest is dropped, so that what is kept stays
 * the beginning of what was said. Default 30,000.
 */
export function createSpeakGate(options: { pass: (chunk: Chunk) => void; holdMs?: number }): SpeakGate {
  const limit = options.holdMs ?? SPEAK_HOLD_MS;
  const keep = (ring: ChunkRing, chunk: Chunk): number => {
    if (ring.ms + chunk.ms > limit) return 1;
    ring.push(chunk);
    return 0;
  };
  return new ChunkGate<SpeakMode>('hold', 'hold', options.pass, keep);
}

/** One object, of which a chunk on its way touches a line: with a hundred calls nothing else is near by then. */
class ChunkGate<Mode extends string> implements SpeakGate<Mode> {
  readonly #ring: ChunkRing = createChunkRing();
  readonly #keeping: Mode;
  readonly #pass: (chunk: Chunk) => void;
  readonly #keep: (ring: ChunkRing, chunk: Chunk) => number;
  #mode: Mode;
  #passed = 0;
  #dropped = 0;
  #flushing = false;
  /** Live, with nothing kept to go first. */
  #open = false;

  /** @param keep puts a chunk into the ring by the gate's rule and says how many chunks that dropped. */
  constructor(
    first: Mode,
    keeping: Mode,
    pass: (chunk: Chunk) => void,
    keep: (ring: ChunkRing, chunk: Chunk) => number,
  ) {
    this.#mode = first;
    this.#keeping = keeping;
    this.#pass = pass;
    this.#keep = keep;
  }

  get counters(): GateCounters {
    return { passed: this.#passed, dropped: this.#dropped, held: this.#ring.length };
  }

  get mode(): Mode {
    return this.#mode;
  }

  set(next: Mode): void {
    this.#mode = next;
    this.#open = false;
    if (next === 'drop') this.#dropped += this.#ring.clear();
    else if (this.#isLive()) this.#flush();
  }

  push(chunk: Chunk): void {
    if (this.#open) {
      this.#passed += 1;
      this.#pass(chunk);
    } else if (this.#mode === 'drop') {
      this.#dropped += 1;
    } else if (this.#mode === this.#keeping) {
      this.#dropped += this.#keep(this.#ring, chunk);
    } else {
      // Still working off what was kept, and a consumer pushed from within: order before speed.
      this.#ring.push(chunk);
      this.#flush();
    }
  }

  discard(fromGen: number): void {
    this.#dropped += this.#ring.remove((chunk) => chunk.gen >= fromGen);
  }

  #isLive(): boolean {
    return this.#mode !== 'drop' && this.#mode !== this.#keeping;
  }

  #flush(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    try {
      // `pass` may set another mode.
      while (this.#isLive() && this.#ring.length > 0) {
        this.#passed += 1;
        this.#pass(this.#ring.shift()!);
      }
    } finally {
      this.#flushing = false;
      this.#open = this.#isLive() && this.#ring.length === 0;
    }
  }
}
