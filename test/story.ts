/**
 * @module What an agent's listeners were told of each call, kept as a test wants to read it.
 */
import type { Agent, CallHandle, Outcome } from '../src/index.ts';
import type {
  BargeInDetails,
  StateDetails,
  ToolCallDetails,
  TranscriptDetails,
  TurnDetails,
} from '../src/runtime/assemble/events.ts';
import { forgetOldest } from '../src/exchange/forget.ts';
import type { Clock } from '../src/runtime/clock.ts';

export interface Said {
  readonly at: number;
  readonly role: 'user' | 'assistant';
  readonly text: string;
  readonly details: TranscriptDetails;
}

export interface CallStory {
  readonly handle: CallHandle;
  /** Names of the events about beginning and end, in order. */
  readonly milestones: ('call_start' | 'call_end' | 'call_failed')[];
  /** States entered, in order. */
  readonly states: string[];
  readonly steps: StateDetails[];
  readonly said: Said[];
  readonly turns: TurnDetails[];
  readonly bargeIns: BargeInDetails[];
  readonly tools: ToolCallDetails[];
  readonly keys: string[];
  /** Codes of lost sessions. */
  readonly lost: string[];
  outcome: Outcome | undefined;
}

/** Listens to everything; the result grows with the calls. @param keep beyond it the oldest that are over go */
export function createStories(
  agent: Agent,
  clock: Pick<Clock, 'now'>,
  keep = Number.POSITIVE_INFINITY,
): readonly CallStory[] {
  const stories: CallStory[] = [];
  const byHandle = new Map<CallHandle, CallStory>();
  const of = (handle: CallHandle): CallStory => {
    const known = byHandle.get(handle);
    if (known) return known;
    const story: CallStory = {
      handle,
      milestones: [],
      states: [],
      steps: [],
      said: [],
      turns: [],
      bargeIns: [],
      tools: [],
      keys: [],
      lost: [],
      outcome: undefined,
    };
    byHandle.set(handle, story);
    stories.push(story);
    forgetOldest(
      stories,
      keep,
      ({ outcome }) => outcome !== undefined,
      (old) => byHandle.delete(old.handle),
    );
    return story;
  };
  agent.on('call_start', (call) => void of(call).milestones.push('call_start'));
  agent.on('state', (call, details) => {
    of(call).steps.push(details);
    of(call).states.push(...details.entered);
  });
  agent.on('transcript', (call, role, text, details) => {
    of(call).said.push({ at: clock.now(), role, text, details });
  });
  agent.on('turn', (call, details) => void of(call).turns.push(details));
  agent.on('barge_in', (call, details) => void of(call).bargeIns.push(details));
  agent.on('tool_call', (call, details) => void of(call).tools.push(details));
  agent.on('dtmf', (call, key) => void of(call).keys.push(key));
  agent.on('session_lost', (call, { code }) => void of(call).lost.push(code));
  agent.on('call_end', (call, outcome) => {
    of(call).milestones.push('call_end');
    of(call).outcome = outcome;
  });
  agent.on('call_failed', (call, _reason, outcome) => {
    of(call).milestones.push('call_failed');
    of(call).outcome = outcome;
  });
  return stories;
}
