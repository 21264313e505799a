/**
 * @module Offhook: a voice runtime in which a phone call is a state machine you can see, test and replay.
 */
import type { CallHandle } from './call.ts';
import { type DefineTool, defineTool as define } from './tools/define.ts';

export { type Agent, createAgent } from './agent.ts';
export type {
  CallHandle,
  CallState,
  CallUsage,
  CollectOptions,
  CollectResult,
  Outcome,
  SayResult,
} from './call.ts';
export { type ErrorCode, OffhookError } from './errors.ts';
export type {
  AgentEnvironment,
  AgentOptions,
  CallOptions,
  LogOptions,
  PrivacyOptions,
  RecordingOptions,
  Screening,
  TracingOptions,
} from './options.ts';
export type { SessionSpec } from './providers/contract.ts';
export type {
  AgentEvents,
  BargeInDetails,
  StateDetails,
  ToolCallDetails,
  TranscriptDetails,
  TurnDetails,
} from './runtime/assemble/events.ts';
export type { Clock } from './runtime/clock.ts';
export type { Logger } from './runtime/logger.ts';
export type { Tool, ToolContext, ToolDefinition } from './tools/define.ts';
export type { CallInfo, Transport } from './transport/contract.ts';

/** Makes a tool whose `execute` gets the call it runs in. See `DefineTool`. */
export const defineTool: DefineTool<CallHandle> = define;
