/**
 * @module What happened in a call, as the caller's end of the line measured it, and the figures drawn from it.
 * Media times are those of the 20 ms schedule; a message's time is that of its arrival.
 */

/** One thing that happened, `at` in ms on the exchange's clock. */
export type CallEvent = { readonly at: number } & (
  | { readonly type: 'offered' | 'ringing' | 'answered' | 'accepted' | 'mediaOpened' }
  | { readonly type: 'sessionFailed' }
  | { readonly type: 'mediaClosed'; readonly by: 'agent' | 'exchange' | 'network' }
  /** First voiced frame of a step. `over`: the agent was audible, as a barge-in needs it. */
  | { readonly type: 'callerVoiceStart'; readonly step: string; readonly over: boolean }
  /** Last voiced frame of a step, also when the step was cut short. */
  | { readonly type: 'callerVoiceStop'; readonly step: string }
  /** First frame of an utterance to be played. */
  | { readonly type: 'agentVoiceStart' }
  /** End of the last voiced frame of an utterance; reported once its pause is long enough, so out of order. */
  | { readonly type: 'agentVoiceStop' }
  | { readonly type: 'clear'; readonly droppedMs: number; readonly marks: number }
  /** A mark was echoed. `cleared`: because of a clear, not of playback. */
  | { readonly type: 'mark'; readonly name: string; readonly cleared: boolean }
  | { readonly type: 'digit'; readonly from: 'caller' | 'agent'; readonly digit: string }
  /** A step of the script gave up waiting. */
  | { readonly type: 'timeout'; readonly step: string }
  | { readonly type: 'transfer'; readonly state: 'started' | 'connected' | 'completed' | 'failed' }
  | { readonly type: 'ended'; readonly status: string; readonly duration: number }
);

/** Time between the end of what the caller said and the start of the agent's answer. */
export interface TurnLatency {
  /** Name of the caller's step. */
  readonly step: string;
  readonly at: number;
  readonly latencyMs: number;
}

/** Turn latencies: from the end of the caller's last voiced frame to the first frame of the reply played. */
export function turnsOf(events: readonly CallEvent[]): TurnLatency[] {
  const turns: TurnLatency[] = [];
  let open: Extract<CallEvent, { type: 'callerVoiceStop' }> | undefined;
  for (const event of events) {
    if (event.type === 'callerVoiceStop') open = event;
    else if (event.type === 'callerVoiceStart') open = undefined;
    else if (event.type === 'agentVoiceStart' && open) {
      turns.push({ step: open.step, at: open.at, latencyMs: event.at - open.at });
      open = undefined;
    }
  }
  return turns;
}

/** How the agent took being spoken over. */
export interface BargeInReaction {
  readonly step: string;
  readonly at: number;
  /** From the caller's first voiced frame to the `clear`; undefined if none came before the next barge-in. */
  readonly reactionMs: number | undefined;
}

/** Barge-in reactions: from the first voiced frame spoken over the agent to the agent's `clear`. */
export function bargeInsOf(events: readonly CallEvent[]): BargeInReaction[] {
  const found: BargeInReaction[] = [];
  for (const event of events) {
    if (event.type === 'callerVoiceStart' && event.over) {
      found.push({ step: event.step, at: event.at, reactionMs: undefined });
    } else if (event.type === 'clear') {
      const last = found.at(-1);
      if (last && last.reactionMs === undefined) {
        found[found.length - 1] = { ...last, reactionMs: event.at - last.at };
      }
    }
  }
  return found;
}
