/** @module What the processes of the calls at once tell each other, and the figures they come to. */
import type { Fate } from '../soak/marks.ts';

export interface ChunkSetup {
  readonly calls: number;
  readonly seconds: number;
  readonly exchangeUrl: string;
  readonly modelUrl: string;
  readonly directory: string;
}

/** How late timers of a process came, ms: what a machine that is short of time shows first. */
export interface Lateness {
  readonly p99: number;
  readonly max: number;
}

export interface ChunkFigures {
  /** Most calls that were up at the same time. */
  readonly atOnce: number;
  /** Calls that lasted as long as their caller wanted. */
  readonly completed: number;
  /** Replies of the model, and those of them that the agent cut: the caller spoke, or hung up. */
  readonly replies: number;
  readonly cut: number;
  /** Milliseconds of the callers' voices on their way to the model. */
  readonly toModel: Fate;
  /** Milliseconds of the model's voice on their way to the callers, of replies that were not cut. */
  readonly toCaller: Fate;
  /** The same of those that were: what is lost of them may have been cut off. */
  readonly ofCut: Fate;
  /** Milliseconds of a reply that came after it had been cleared. */
  readonly afterClear: number;
  /** Milliseconds of the agent's own recorded lines; none where the model answers in time. */
  readonly linesMs: number;
  /** Messages that carried them, each way. */
  readonly framesToModel: number;
  readonly chunksToCaller: number;
}

export type LoadReport =
  | { readonly type: 'listening'; readonly exchangeUrl: string; readonly modelUrl: string }
  | { readonly type: 'over'; readonly lateness: Lateness }
  | { readonly type: 'figures'; readonly figures: ChunkFigures };
export type AgentReport =
  { readonly type: 'connected' } | { readonly type: 'lateness'; readonly lateness: Lateness };
export type ChunkOrder = { readonly type: 'dial' | 'judge' | 'close' };
