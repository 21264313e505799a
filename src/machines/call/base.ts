/**
 * @module The call chart's types, children, delays and plain guards: what actions and states are typed against.
 */
import { type ActorLogic, setup } from 'xstate';
import { guards } from './guards.ts';
import {
  type CallContext,
  type CallEvent,
  type CallInput,
  type CallTag,
  type ChartOutcome,
  DELAYS,
} from './vocabulary.ts';

/** A port as a chart sees it: something that takes orders and sends facts back. Made with `fromCallback`. */
// oxlint-disable-next-line typescript/no-explicit-any -- a child's snapshot, event and system types are its own affair
export type PortLogic = ActorLogic<any, any, any, any, any>;

/** The children of a call. In path generation and replay they are inert. */
export interface CallPorts extends Record<string, PortLogic> {
  leg: PortLogic;
  session: PortLogic;
  screen: PortLogic;
  start: PortLogic;
  limit: PortLogic;
  tool: PortLogic;
}

/** What the chart tells listeners that are not its children. */
export type CallEmitted = {
  type: 'digits.collected';
  request: number;
  reason: 'complete' | 'timeout';
  n: number;
};

export const callBase = setup({
  types: {} as {
    context: CallContext;
    events: CallEvent;
    input: CallInput;
    output: ChartOutcome;
    emitted: CallEmitted;
    tags: CallTag;
    transitionMeta: { why: string };
  },
  actors: {} as CallPorts,
  delays: {
    ...DELAYS,
    interruptAfter: ({ context }) => context.policy.interruptAfter,
    answerAfter: ({ context }) => context.policy.answerAfter,
    ringMax: ({ context }) => context.policy.ringTimeout + DELAYS.ringGrace,
    transferMax: ({ context }) =>
      context.policy.transferReportsAnswer
        ? context.policy.ringTimeout + DELAYS.ringGrace
        : context.policy.longestBridge,
    longestBridge: ({ context }) => context.policy.longestBridge,
    collectFirst: ({ context }) => context.collect?.first ?? DELAYS.keypadPause,
    collectNext: ({ context }) => context.collect?.next ?? DELAYS.keypadPause,
  },
  guards,
});
