/**
 * @module The playout ledger: forwards the agent's audio to the carrier, marks it, and knows what was heard.
 * Marks lie (a clear echoes them all, a bridge acknowledges what it throws away), so a flush freezes it first.
 */
import type { Clock } from '../runtime/clock.ts';
import type { Chunk } from './chunk.ts';
import { PlayoutEngine } from './playout-engine.ts';

/** What the ledger reports. `playedMs` is in whole ms and never more than was sent. */
export type PlayoutFact =
  /** Everything of the generation was played. `estimated`: no echo said so. */
  | { type: 'playout.drained'; gen: number; playedMs: number; method: 'mark' | 'estimated' }
  /** The generation was cut. `exact`: counted from an echo of its own, or nothing of it can have been heard. */
  | { type: 'playout.cut'; gen: number; playedMs: number; method: 'exact' | 'estimated' };

/** The part of a leg's capabilities that matters here. */
export interface PlayoutCapabilities {
  readonly marks: 'echo-on-clear' | 'drop-on-clear' | 'none';
  readonly clear: boolean;
  /** With `ours` a pacer stands behind `play`; the model is the same, for it too plays in real time. */
  readonly pacing: 'carrier' | 'ours';
}

export interface PlayoutOptions {
  readonly clock: Pick<Clock, 'now' | 'setTimeout' | 'clearTimeout'>;
  readonly can: PlayoutCapabilities;
  /** Orders to the leg, made synchronously. `play` says whether the audio was taken: what was not counts as unsent. */
  play(chunk: Chunk): boolean;
  mark(name: string): void;
  clear(): void;
  /** Where facts go; synchronous, after the ledger is consistent. */
  fact(fact: PlayoutFact): void;
  /** The chunk will play from `atMs` on the media axis. Not called for audio that the carrier throws away. */
  placed?(chunk: Chunk, atMs: number): void;
  /** Whatever was placed from `atMs` on will not be played. */
  cleared?(atMs: number): void;
  /** Present position on the carrier's media axis in ms. */
  mediaNow(): number;
}

export interface PlayoutCounters {
  /** Chunks of generations that are cut, finished or unknown. */
  readonly stale: number;
  /** Generations that drained without the echo that was expected. */
  readonly estimated: number;
  /** Times the line ran dry in the middle of a generation. */
  readonly underruns: number;
}

export interface Playout {
  /** A generation starts; only then is its audio taken. Known and forgotten numbers are ignored. */
  begin(gen: number): void;
  /** Audio of a live generation: to the carrier at once. Anything else is dropped and counted. */
  push(chunk: Chunk): void;
  /** No more audio follows; `playout.drained` comes when all of it was played, at once if there is none. */
  finish(gen: number): void;
  /**
   * Cuts `gen` and every later live generation: freezes the ledger, clears the carrier, then one `playout.cut`
   * each, in order. A clear takes what is queued of an earlier generation with it, which is then cut as well; if
   * nothing of `gen` and later ones was sent, an earlier one plays on and nothing is cleared.
   */
  flush(gen: number): void;
  /** The carrier echoed a mark. Those of an earlier media epoch or from before a flush are ignored. */
  echoed(name: string): void;
  mediaStarted(epoch: number): void;
  mediaStopped(): void;
  /** Away: what is sent now, or was queued, is thrown away by the carrier, echoed or not. */
  suspend(on: boolean): void;
  /** What is known of a generation, in ms. */
  ledger(gen: number): { generatedMs: number; sentMs: number; heardMs: number } | undefined;
  /** Audio at the carrier that was not yet played, in ms. */
  remainingMs(): number;
  readonly counters: PlayoutCounters;
  /** Frees the memory of a generation; late audio of it is stale. */
  forget(gen: number): void;
  /** Stops the timer; every method does nothing from here on. */
  close(): void;
}

/** Creates the playout ledger of one leg. Nothing is heard before `mediaStarted`. */
export function createPlayout(options: PlayoutOptions): Playout {
  return new PlayoutEngine(options);
}
