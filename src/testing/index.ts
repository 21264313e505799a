/**
 * @module `offhook/testing`: what a test of a voice agent needs: a clock moved by hand over real sockets, a model
 * that speaks OpenAI's protocol from a script, and replay of a call's log.
 */
export { createRandom } from '../runtime/ids.ts';
export { replayCallLog, type ReplayResult } from '../runtime/replay.ts';
export { createVirtualClock, type VirtualClock } from './virtual-clock.ts';
export { openSockets, settle } from './settle.ts';
export {
  type ConversationScript,
  createOpenAIStandIn,
  type OpenAIStandIn,
  scriptOf,
  type StandInOptions,
  type StandInSession,
} from './openai/index.ts';
export { speak } from './speech.ts';
