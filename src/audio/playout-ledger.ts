/**
 * @module What is known of one generation's audio: generated, sent, heard. The positions of its pieces on the
 * play axis (time that runs only while the line plays) say how far it must have been heard between two echoes.
 */

/** A stretch of one generation's audio that plays without a gap. */
interface Run {
  /** Where it begins in the generation, in ms. */
  pos: number;
  /** When it begins to play, on the play axis. */
  at: number;
}

export type GenerationState = 'live' | 'cut' | 'drained';

/** One generation in the ledger. All times in ms, `endAt` and runs on the play axis, `deadline` on the clock. */
export interface Generation {
  readonly gen: number;
  state: GenerationState;
  /** Nothing more will come. */
  finished: boolean;
  generatedMs: number;
  sentMs: number;
  /** Sent since its last mark. */
  unmarkedMs: number;
  /** How far the carrier's echoes prove it played. */
  confirmedMs: number;
  /** An echo has confirmed some of it. */
  echoed: boolean;
  /** Set once some of its audio was lost or cut: nothing is heard of it beyond this. */
  frozenMs: number | undefined;
  /** When its last piece ends. */
  endAt: number;
  /** When it counts as drained without an echo. */
  deadline: number;
  readonly runs: Run[];
}

// Only the runs between the last echo and now matter; a provider slower than speech starts one with every chunk.
const RUNS_KEPT = 32;

export function createGeneration(gen: number): Generation {
  return {
    gen,
    state: 'live',
    finished: false,
    generatedMs: 0,
    sentMs: 0,
    unmarkedMs: 0,
    confirmedMs: 0,
    echoed: false,
    frozenMs: undefined,
    endAt: 0,
    deadline: Infinity,
    runs: [],
  };
}

/** Enters a piece of `ms` that plays from `start`. @returns the gap before it in ms; 0 for the first piece. */
export function addAudio(entry: Generation, start: number, ms: number): number {
  const { runs } = entry;
  const first = runs.length === 0;
  const gap = first ? 0 : start - entry.endAt;
  if (entry.frozenMs === undefined && (first || gap > 0)) {
    if (runs.length === RUNS_KEPT) runs.shift();
    runs.push({ pos: entry.sentMs, at: start });
  }
  entry.sentMs += ms;
  entry.unmarkedMs += ms;
  entry.endAt = start + ms;
  return gap;
}

/** How much of the generation was heard by `time` on the play axis: what is proven, or what must have played. */
export function heardBy(entry: Generation, time: number): number {
  if (entry.frozenMs !== undefined) return entry.frozenMs;
  return Math.max(entry.confirmedMs, modelledBy(entry, time));
}

/** Nothing beyond what was heard by `time` will ever be heard. */
export function freeze(entry: Generation, time: number): void {
  settle(entry, heardBy(entry, time));
}

/** No more than `heardMs` was heard, whatever comes: where it played is of no use any more. */
export function settle(entry: Generation, heardMs: number): void {
  entry.frozenMs ??= heardMs;
  entry.runs.length = 0;
}

function modelledBy(entry: Generation, time: number): number {
  const { runs } = entry;
  for (let index = runs.length - 1; index >= 0; index -= 1) {
    const run = runs[index]!;
    if (run.at <= time) return Math.min(run.pos + time - run.at, runs[index + 1]?.pos ?? entry.sentMs);
  }
  return runs[0]?.pos ?? 0;
}

// A call has one or two live generations; the rest are kept for late chunks and questions about what was heard.
const GENERATIONS_KEPT = 64;

/** Generations by number, bounded: the longest known ones that are over are forgotten first. */
export class GenerationTable {
  /** In the order in which they were entered. */
  readonly #entries: Generation[] = [];
  /** Everything up to here is over and forgotten, so that a late `begin` cannot bring it back. */
  #forgotten = 0;

  get(gen: number): Generation | undefined {
    // The newest is nearly always the one meant: this runs for every chunk.
    for (let index = this.#entries.length - 1; index >= 0; index -= 1) {
      const entry = this.#entries[index]!;
      if (entry.gen === gen) return entry;
    }
    return undefined;
  }

  /** Enters a new one; undefined if it is known, or so old that it was forgotten. */
  add(gen: number): Generation | undefined {
    if (gen <= this.#forgotten || this.get(gen)) return undefined;
    this.#makeRoom();
    const entry = createGeneration(gen);
    this.#entries.push(entry);
    return entry;
  }

  delete(gen: number): void {
    const index = this.#entries.findIndex((entry) => entry.gen === gen);
    if (index < 0) return;
    this.#entries.splice(index, 1);
    this.#forgotten = Math.max(this.#forgotten, gen);
  }

  /** Those neither cut nor drained, in ascending order. A fresh array. */
  live(): Generation[] {
    return this.#entries.filter((entry) => entry.state === 'live').sort((a, b) => a.gen - b.gen);
  }

  #makeRoom(): void {
    if (this.#entries.length < GENERATIONS_KEPT) return;
    const over = this.#entries.find((entry) => entry.state !== 'live') ?? this.#entries[0]!;
    this.delete(over.gen);
  }
}
