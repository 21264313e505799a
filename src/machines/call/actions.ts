/**
 * @module What the call chart does on its way: changes of memory, and orders to the leg, the session and the tools.
 * Orders name a generation, a request or a call by number; the words behind them stay in the call's record.
 */
import { stateIn } from 'xstate';
import { callBase } from './base.ts';
import { noteSessionLost } from './context.ts';
import { eventAs, runningTools } from './guards.ts';
import { speechActions } from './speech-actions.ts';
import type { CallContext, CallEvent, LegOrder, OutcomeStatus, SupervisorOrder } from './vocabulary.ts';

const { assign, enqueueActions, sendTo, raise, stopChild } = callBase;

interface At {
  context: CallContext;
  event: CallEvent;
}

const toLeg = (order: LegOrder | ((at: At) => LegOrder)) => sendTo('leg', order);
const toSession = (order: SupervisorOrder | ((at: At) => SupervisorOrder)) => sendTo('session', order);

const end = (endedBy: 'agent' | 'platform' | 'runtime', status: OutcomeStatus, reason: string) =>
  assign(({ context }) =>
    context.outcome.reason === 'unfinished' ? { outcome: { status, endedBy, reason } } : {},
  );

export const actions = {
  ...speechActions,

  // The leg and its media
  acceptLeg: toLeg({ type: 'accept' }),
  rejectLeg: toLeg(({ event }) => ({ type: 'reject', code: eventAs(event, 'screen.done').code })),
  hangUpLeg: enqueueActions(({ context, enqueue }) => {
    if (!context.lineGone) enqueue.sendTo('leg', { type: 'hangup' });
  }),
  suspendPlayout: toLeg({ type: 'suspend', on: true }),
  resumePlayout: toLeg({ type: 'suspend', on: false }),
  orderTransfer: toLeg(({ context }) => ({ type: 'transfer', request: context.transfer?.request ?? '' })),
  takePolicy: assign(({ event }) => {
    const { policy } = eventAs(event, 'screen.done');
    return { policy, greeting: policy.greeting === 'none' ? 'none' : 'due' };
  }),
  noteAnswered: assign({ answered: true }),
  noteMediaStarted: assign(({ event }) => {
    const { epoch } = eventAs(event, 'leg.mediaStarted');
    return { mediaEpoch: epoch, mediaOpen: epoch };
  }),
  noteMediaStopped: assign({ mediaOpen: 0 }),
  noteHangup: assign(({ context, event }) => {
    const fact = eventAs(event, 'leg.hangup');
    if (context.outcome.reason !== 'unfinished') return { lineGone: true };
    const outcome = { status: fact.status, endedBy: fact.by, reason: fact.code ?? 'hangup' };
    return { lineGone: true, outcome };
  }),
  noteFinalWord: assign({ finalWord: true }),

  // The session
  openSession: toSession({ type: 'open' }),
  closeSession: enqueueActions(({ enqueue }) => {
    enqueue.sendTo('session', { type: 'close' });
    enqueue.assign({ connection: 0 });
  }),
  commitTurn: toSession({ type: 'commit' }),
  noteSessionReady: enqueueActions(({ context, event, enqueue }) => {
    const { connection } = eventAs(event, 'session.ready');
    enqueue.assign({ connection, lastConnection: connection, heldDigits: 0 });
    if (context.heldDigits > 0) enqueue.sendTo('session', { type: 'digits', entry: context.heldDigits });
  }),
  noteSessionLost: enqueueActions(({ context, event, enqueue, check }) => {
    const unheard = eventAs(event, 'session.lost').deaf === true || check(stateIn('#sounding'));
    enqueue.assign(noteSessionLost(context, unheard));
  }),
  noteSessionFailed: assign(({ event }) => ({
    connection: 0,
    sessionFailed: eventAs(event, 'session.failed').code,
  })),

  // Tools
  runTool: enqueueActions(({ context, event, enqueue }) => {
    const { call, gen, name } = eventAs(event, 'tool.call');
    const policy = context.policy.tools[name] ?? { onInterrupt: 'keep', onHangup: 'cancel' };
    enqueue.assign({
      tools: [...context.tools, { call, gen, status: 'running', ...policy }],
      toolsSeen: [...context.toolsSeen, call],
    });
    enqueue.spawnChild('tool', { id: toolActor(call), input: { call: context.id, tool: call, name } });
  }),
  giveResult: enqueueActions(({ context, event, enqueue }) => {
    const { call } = eventAs(event, 'tool.done');
    enqueue.stopChild(toolActor(call));
    enqueue.assign({
      tools: context.tools.map((run) => (run.call === call ? { ...run, status: 'given' as const } : run)),
    });
    // Without a connection the record has it, and the next one is seeded from there.
    if (context.connection > 0) enqueue.sendTo('session', { type: 'toolResult', call });
  }),
  cancelTools: enqueueActions(({ context, enqueue }) => {
    for (const run of runningTools(context)) {
      if (run.onInterrupt === 'cancel')
        enqueue.sendTo(toolActor(run.call), { type: 'cancel', why: 'interrupted' });
    }
  }),
  abandonTools: enqueueActions(({ context, enqueue }) => {
    for (const run of runningTools(context)) {
      if (run.onHangup === 'cancel') enqueue.sendTo(toolActor(run.call), { type: 'cancel', why: 'hangup' });
    }
  }),
  noteEnding: assign(({ event }) => ({ endingGen: eventAs(event, 'tool.call').gen })),
  /** What the model asks for at the end is not done again, or not done at all. */
  noteToolSeen: assign(({ context, event }) => ({
    toolsSeen: [...context.toolsSeen, eventAs(event, 'tool.call').call],
  })),

  forgetTools: enqueueActions(({ context, enqueue }) => {
    for (const run of runningTools(context)) enqueue.stopChild(toolActor(run.call));
    enqueue.assign({ tools: [] });
  }),

  // Keypad
  countDigit: assign(({ context }) => ({ digits: context.digits + 1 })),
  enterDigits: enqueueActions(({ context, enqueue }) => {
    const entry = context.heldDigits + context.digits;
    const ready = context.connection > 0;
    enqueue.assign({ digits: 0, heldDigits: ready ? 0 : entry, digitsWaiting: true });
    enqueue.raise({ type: 'digits.entered', n: context.digits });
    if (ready) enqueue.sendTo('session', { type: 'digits', entry });
  }),
  beginCollecting: assign(({ event }) => {
    const { request, max, first, next } = eventAs(event, 'digits.collect');
    // Keys pressed a moment ago and not entered yet belong to this entry.
    return { collect: { request, max, first, next } };
  }),
  digitsComplete: enqueueActions(({ context, enqueue }) => {
    enqueue.emit({
      type: 'digits.collected',
      request: context.collect?.request ?? 0,
      reason: 'complete',
      n: context.digits,
    });
    enqueue.assign({ digits: 0, collect: null });
  }),
  digitsTimedOut: enqueueActions(({ context, enqueue }) => {
    enqueue.emit({
      type: 'digits.collected',
      request: context.collect?.request ?? 0,
      reason: 'timeout',
      n: context.digits,
    });
    enqueue.assign({ digits: 0, collect: null });
  }),

  // Transfers
  noteTransfer: assign(({ context, event }) => {
    const { request, after } = eventAs(event, 'transfer.requested');
    return { transfer: { request, after }, owed: context.owed || context.turn !== 'none' };
  }),
  forgetTransfer: assign({ transfer: null }),
  tellBack: raise({ type: 'away.ended' }),

  // Beginning and ending
  /** Runs the `call_start` listeners, once, beside whatever the call does meanwhile. */
  runStart: enqueueActions(({ context, enqueue }) => {
    if (context.started !== 'no') return;
    enqueue.assign({ started: 'running' });
    enqueue.spawnChild('start', { id: 'start', input: { call: context.id } });
  }),
  noteStarted: enqueueActions(({ enqueue }) => {
    enqueue.assign({ started: 'done' });
    enqueue.stopChild('start');
  }),
  runLimit: enqueueActions(({ context, enqueue }) => {
    enqueue.spawnChild('limit', { id: 'limit', input: { call: context.id, ms: context.policy.maxDuration } });
  }),
  stopLimit: stopChild('limit'),
  pauseLimit: sendTo('limit', { type: 'pause' }),
  resumeLimit: sendTo('limit', { type: 'resume' }),
  endedByAgent: assign(({ context, event }) => {
    if (context.outcome.reason !== 'unfinished') return {};
    const reason = event.type === 'agent.end' ? event.reason : 'agent';
    // What is called off before it was answered never was a conversation.
    return { outcome: { status: context.answered ? 'completed' : 'canceled', endedBy: 'agent', reason } };
  }),
  endedByLimit: end('runtime', 'completed', 'max-duration'),
  endedBySilence: end('runtime', 'failed', 'no-answer-from-model'),
  endedBySession: end('runtime', 'failed', 'session'),
  endedByFault: end('runtime', 'failed', 'fault'),
  endedByMedia: end('platform', 'failed', 'media'),
  endedUnanswered: end('platform', 'no-answer', 'ring-timeout'),
  endedByScreen: end('runtime', 'rejected', 'screened'),
  endedByVoicemail: end('agent', 'completed', 'voicemail'),
  endedByTransfer: assign(({ event }) => ({
    outcome: {
      status: 'transferred' as const,
      endedBy: event.type === 'leg.hangup' ? event.by : 'platform',
      reason: 'transfer',
    },
  })),
  endedByTransferFailure: end('platform', 'completed', 'transfer-failed'),
};

export function toolActor(call: string): string {
  return `tool:${call}`;
}
