/**
 * @module The Realtime stand-in as tests and the demo use it.
 */
export type { Refusal, ResponseFault } from './faults.ts';
export type { ConnectionRequest, Counters, Latency, ScriptRequest, StandInOptions } from './options.ts';
export {
  type ConversationScript,
  type Line,
  type Reply,
  type ScriptCall,
  scriptOf,
  type ScriptStep,
  type ScriptTurn,
  type SpokenLine,
  type ToolResult,
} from './script.ts';
export type { StandInSession } from './handle.ts';
export { createOpenAIStandIn, type OpenAIStandIn } from './stand-in.ts';
