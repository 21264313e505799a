/** @module What a call is put together from, and what the agent holds of it afterwards. */
import type { RecordingSummary } from '../../audio/recorder.ts';
import type { CallHandle } from '../../call.ts';
import type { CallPolicy } from '../../machines/call/vocabulary.ts';
import type { SessionSpec } from '../../providers/contract.ts';
import type { CallTrace } from '../../trace/call-trace.ts';
import type { ToolRegistry } from '../../tools/registry.ts';
import type { Leg } from '../../transport/contract.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { Switchboard } from '../switchboard.ts';
import type { Emitter } from './events.ts';
import type { CallParts } from './parts.ts';
import type { ScreenVerdict } from './tasks.ts';

export interface CallSetup {
  readonly leg: Leg;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly switchboard: Switchboard;
  readonly events: Emitter;
  readonly tools: ToolRegistry<CallHandle>;
  readonly policy: (spec: SessionSpec | undefined) => CallPolicy;
  readonly screen: () => ScreenVerdict | Promise<ScreenVerdict>;
  /** Makes the session's recipe; a failure is a call without a session, which apologises. */
  readonly recipe: () => Promise<SessionSpec>;
  readonly gain: { readonly in: number; readonly out: number };
  readonly recording: { readonly directory: string } | undefined;
  readonly log: { readonly directory: string; readonly record: boolean };
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly trace: (parts: CallParts) => CallTrace | undefined;
  readonly ended: (call: AssembledCall) => void;
}

export interface AssembledCall {
  readonly handle: CallHandle;
  /** Path of the call's log. */
  readonly log: string;
  recording(): RecordingSummary | undefined;
  start(): Promise<void>;
  /** Lets the last words be heard, then hangs up. */
  stop(reason: string): void;
  /** Takes the call apart at once. */
  abandon(): void;
  /** Timers, sockets and files still open. */
  readonly open: number;
}
