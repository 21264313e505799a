/**
 * @module Turns what a call's charts go through into the events a program listens to. Nothing is decided here, and
 * a listener that throws is logged and counted, never felt by the call.
 */
import type { CallHandle, CallState, Outcome } from '../../call.ts';
import type { ToolOutcome } from '../../tools/outcome.ts';
import { nameOf } from '../scope.ts';
import type { Logger } from '../logger.ts';

export interface TranscriptDetails {
  /** The caller's turn, or the agent's generation. */
  readonly turn?: string;
  readonly gen?: number;
  /** All that was generated; `text` is what was heard of it. */
  readonly generated?: string;
  /** `exact`: heard to the end; `estimated`: cut, by share of the audio heard; `none`: nothing was heard. */
  readonly method?: 'exact' | 'estimated' | 'none';
  readonly heardMs?: number;
}

export interface TurnDetails {
  /** From the end of the caller's turn to the first audio handed to the carrier, in ms. */
  readonly latencyMs: number;
  readonly gen: number;
  /** Where that time went, in ms; the pieces add up to `latencyMs`. */
  readonly budget: {
    /** Until the turn was in the conversation. */
    readonly endpointing: number;
    /** Until the model began to answer. */
    readonly queue: number;
    /** From there to the reply that speaks, where tools ran between. */
    readonly tools: number;
    /** From the start of that reply to its first audio. */
    readonly firstAudio: number;
  };
}

export interface BargeInDetails {
  readonly gen: number;
  /** How much of the reply had been heard, in ms. */
  readonly heardMs: number;
}

export interface ToolCallDetails {
  readonly name: string;
  readonly ok: boolean;
  readonly durationMs: number;
  readonly code?: string;
}

export interface StateDetails {
  readonly at: number;
  /** States entered, as dotted paths. */
  readonly entered: readonly string[];
  readonly why: string | undefined;
  readonly state: CallState;
}

/** Events of an agent, with their arguments. Only `call_start` is awaited, for at most 5 s. */
export interface AgentEvents {
  call_start: [call: CallHandle];
  call_end: [call: CallHandle, outcome: Outcome];
  /** An attempt that never came to `call_start`. */
  call_failed: [call: CallHandle, reason: string, outcome: Outcome];
  /** `user`: what the model understood. `assistant`: what the caller heard, once that is known. */
  transcript: [call: CallHandle, role: 'user' | 'assistant', text: string, details: TranscriptDetails];
  dtmf: [call: CallHandle, digit: string];
  turn: [call: CallHandle, details: TurnDetails];
  barge_in: [call: CallHandle, details: BargeInDetails];
  tool_call: [call: CallHandle, details: ToolCallDetails];
  /** What a running tool reported by `progress`, in its own terms. */
  tool_progress: [call: CallHandle, details: { readonly name: string; readonly update: unknown }];
  state: [call: CallHandle, details: StateDetails];
  session_lost: [call: CallHandle, details: { readonly code: string }];
}

export type AgentListener<Name extends keyof AgentEvents> = (...args: AgentEvents[Name]) => unknown;

export interface Emitter {
  on<Name extends keyof AgentEvents>(name: Name, listener: AgentListener<Name>): () => void;
  emit<Name extends keyof AgentEvents>(name: Name, ...args: AgentEvents[Name]): void;
  /** Whether anybody listens: what costs something to describe need not be described to nobody. */
  has(name: keyof AgentEvents): boolean;
  /** Runs the listeners one after another and waits for each. */
  emitAndWait<Name extends keyof AgentEvents>(name: Name, ...args: AgentEvents[Name]): Promise<void>;
  readonly errors: number;
}

export function createEmitter(logger: Logger): Emitter {
  const listeners = new Map<keyof AgentEvents, Set<(...args: never[]) => unknown>>();
  let errors = 0;
  const failed = (name: string, call: string, error: unknown): void => {
    errors += 1;
    logger.error(
      { event: name, call, code: 'OFFHOOK_LISTENER_FAILED', error: nameOf(error) },
      'a listener threw',
    );
  };
  const run = (name: keyof AgentEvents, args: readonly [CallHandle, ...unknown[]]): Promise<unknown>[] => {
    const waits: Promise<unknown>[] = [];
    for (const listener of listeners.get(name) ?? []) {
      try {
        const result = (listener as (...given: unknown[]) => unknown)(...args);
        if (result instanceof Promise)
          waits.push(result.catch((error: unknown) => failed(name, args[0].id, error)));
      } catch (error) {
        failed(name, args[0].id, error);
      }
    }
    return waits;
  };
  return {
    on(name, listener) {
      const set = listeners.get(name) ?? new Set();
      listeners.set(name, set);
      set.add(listener);
      return () => void set.delete(listener);
    },
    emit: (name, ...args) => void run(name, args),
    has: (name) => (listeners.get(name)?.size ?? 0) > 0,
    emitAndWait: async (name, ...args) => {
      await Promise.all(run(name, args));
    },
    get errors() {
      return errors;
    },
  };
}

export function describeTool(name: string, outcome: ToolOutcome): ToolCallDetails {
  return {
    name,
    ok: outcome.ok,
    durationMs: outcome.durationMs,
    ...(outcome.code === undefined ? {} : { code: outcome.code }),
  };
}
