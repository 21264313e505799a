/** @module What the processes of the realtime suite tell each other: plain JSON over Node's own channel. */
import type { Outcome } from '../../src/index.ts';
import type { VoiceLanguage } from '../../src/testing/voices.ts';

export interface AgentSetup {
  readonly exchangeUrl: string;
  readonly modelUrl: string;
  readonly directory: string;
  readonly language: VoiceLanguage;
}

/** From the platform's process: exchange, caller and model. */
export type PlatformReport =
  | { readonly type: 'listening'; readonly exchangeUrl: string; readonly modelUrl: string }
  | { readonly type: 'ringing'; readonly id: string }
  /** Sent ten times a second while media flows. */
  | { readonly type: 'media'; readonly ms: number }
  | { readonly type: 'event'; readonly name: string }
  | {
      readonly type: 'ended';
      readonly status: string;
      readonly mediaMs: number;
      /** How much of the cut answer the caller heard, ms, and pieces of it that came after the clear. */
      readonly cutHeardMs: number;
      readonly stale: number;
      readonly bargeIns: number;
    };

/** From the agent's process. */
export type AgentReport =
  | { readonly type: 'connected' }
  | { readonly type: 'state'; readonly entered: readonly string[] }
  | {
      readonly type: 'said';
      readonly role: string;
      readonly text: string;
      readonly generated: string | undefined;
      readonly heardMs: number | undefined;
    }
  | { readonly type: 'tool'; readonly name: string; readonly ok: boolean }
  | { readonly type: 'ended'; readonly outcome: Outcome };

/** To either. */
export type Order = { readonly type: 'dial' } | { readonly type: 'close' };

/** Sends to the process that started this one. */
export function report(message: PlatformReport | AgentReport): void {
  process.send?.(message);
}

/** Waits for orders of the process that started this one; without it there is nothing left to do. */
export function onOrder<Given = Order>(work: (order: Given) => void): void {
  process.on('message', (order) => work(order as Given));
  process.on('disconnect', leave);
}

/** Takes no more orders: the process ends by itself, if nothing holds it. */
export function takeLeave(): void {
  process.off('disconnect', leave);
  process.disconnect();
}

const leave = (): void => process.exit(1);
