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
  passed: number;
  dropped: number;
  /** Kept at this moment. */
  readonly held: number;
}

export interface Gate<Mode> {
  readonly mode: Mode;
  readonly counters: Readonly<GateCounters>;
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
export function createHearGate(options: { pass(chunk: Chunk): void; ringMs?: number }): Gate<HearMode> {
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
  return createGate<HearMode>('drop', 'buffer', (chunk) => options.pass(chunk), keep);
}

/**
 * The gate from the agent to the carrier; starts in `hold`.
 * @param options.pass where live chunks go; synchronous, and may set or push this gate again.
 * @param options.holdMs audio kept in `hold`, in ms; beyond it the newest is dropped, so that what is kept stays
 * the beginning of what was said. Default 30,000.
 */
export function createSpeakGate(options: { pass(chunk: Chunk): void; holdMs?: number }): SpeakGate {
  const limit = options.holdMs ?? SPEAK_HOLD_MS;
  const keep = (ring: ChunkRing, chunk: Chunk): number => {
    if (ring.ms + chunk.ms > limit) return 1;
    ring.push(chunk);
    return 0;
  };
  return createGate<SpeakMode>('hold', 'hold', (chunk) => options.pass(chunk), keep);
}

/** @param keep puts a chunk into the ring by the gate's rule and says how many chunks that dropped. */
function createGate<Mode extends string>(
  first: Mode,
  keeping: Mode,
  pass: (chunk: Chunk) => void,
  keep: (ring: ChunkRing, chunk: Chunk) => number,
): SpeakGate<Mode> {
  const ring = createChunkRing();
  const counters: GateCounters = {
    passed: 0,
    dropped: 0,
    get held() {
      return ring.length;
    },
  };
  let mode = first;
  let flushing = false;
  const isLive = (): boolean => mode === 'live';

  const flush = (): void => {
    if (flushing) return;
    flushing = true;
    try {
      // `pass` may set another mode.
      while (isLive() && ring.length > 0) {
        counters.passed += 1;
        pass(ring.shift()!);
      }
    } finally {
      flushing = false;
    }
  };

  return {
    get mode() {
      return mode;
    },
    counters,
    set(next) {
      mode = next;
      if (next === 'drop') counters.dropped += ring.clear();
      else if (next === 'live') flush();
    },
    push(chunk) {
      if (mode === 'drop') {
        counters.dropped += 1;
      } else if (mode === keeping) {
        counters.dropped += keep(ring, chunk);
      } else if (ring.length === 0 && !flushing) {
        counters.passed += 1;
        pass(chunk);
      } else {
        // Still working off what was kept, or a consumer pushed from within: order before speed.
        ring.push(chunk);
        flush();
      }
    },
    discard(fromGen) {
      counters.dropped += ring.remove((chunk) => chunk.gen >= fromGen);
    },
  };
}
