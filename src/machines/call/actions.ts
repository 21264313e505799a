/**
 * @module What the call chart does on its way: changes of memory, and orders to the leg, the session and the tools.
 * Orders name a generation, a request or a call by number; the words behind them stay in the call's record.
 */
import { callBase } from './base.ts';
import {
  isFromSession,
  isSpoken,
  noteAudio,
  noteCut,
  noteCutting,
  noteDone,
  noteDrained,
  noteFailed,
  noteRefused,
  noteSessionLost,
  noteStarted,
} from './context.ts';
import { eventAs, runningTools } from './guards.ts';
import type {
  CallContext,
  CallEvent,
  CannedLine,
  GenerationKind,
  LegOrder,
  OutcomeStatus,
  SupervisorOrder,
} from './vocabulary.ts';

const { assign, enqueueActions, sendTo, raise, cancel, stopChild } = callBase;

interface At {
  context: CallContext;
  event: CallEvent;
}

const toLeg = (order: LegOrder | ((at: At) => LegOrder)) => sendTo('leg', order);
const toSession = (order: SupervisorOrder | ((at: At) => SupervisorOrder)) => sendTo('session', order);

/** Asks the session for a generation, under the next request number. */
const ask = (kind: 'greet' | 'generate' | 'say', as: GenerationKind) =>
  enqueueActions(({ context, enqueue }) => {
    const request = context.lastRequest + 1;
    enqueue.assign({ lastRequest: request, asked: [...context.asked, { request, kind: as }] });
    enqueue.sendTo('session', { type: kind, request });
  });

/** Has the leg play a line of ours, as a generation like any other. */
const play = (line: CannedLine) =>
  enqueueActions(({ context, enqueue }) => {
    const request = context.lastRequest + 1;
    enqueue.assign({ lastRequest: request, asked: [...context.asked, { request, kind: line }] });
    enqueue.sendTo('leg', { type: 'play', line, request });
  });

/** Silences everything alive. The caller's silence comes first; what the model is told can wait its turn. */
const cut = (by: 'voice' | 'runtime') =>
  enqueueActions(({ context, enqueue }) => {
    const first = context.gens[0];
    if (first) enqueue.sendTo('leg', { type: 'flush', gen: first.gen, by });
    for (const entry of context.gens) {
      if (entry.phase === 'generating' && isFromSession(entry.kind)) {
        enqueue.sendTo('session', { type: 'cancel', gen: entry.gen, by });
      }
    }
    for (const entry of context.asked) {
      if (isFromSession(entry.kind)) enqueue.sendTo('session', { type: 'withdraw', request: entry.request });
    }
    enqueue.assign(noteCutting(context));
  });

const end = (endedBy: 'agent' | 'platform' | 'runtime', status: OutcomeStatus, reason: string) =>
  assign(({ context }) =>
    context.outcome.reason === 'unfinished' ? { outcome: { status, endedBy, reason } } : {},
  );

export const actions = {
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
  closeSession: toSession({ type: 'close' }),
  commitTurn: toSession({ type: 'commit' }),
  noteSessionReady: assign(({ event }) => {
    const { connection } = eventAs(event, 'session.ready');
    return { connection, lastConnection: connection };
  }),
  noteSessionLost: assign(({ context }) => noteSessionLost(context)),
  noteSessionFailed: assign(({ event }) => ({
    connection: 0,
    sessionFailed: eventAs(event, 'session.failed').code,
  })),
  resetFloor: raise({ type: 'floor.reset' }),
  releaseFloor: raise({ type: 'floor.released' }),

  // Asking for speech
  askGreeting: enqueueActions(({ context, enqueue }) => {
    const request = context.lastRequest + 1;
    enqueue.assign({
      lastRequest: request,
      asked: [...context.asked, { request, kind: 'greeting' }],
      greeting: 'asked',
    });
    enqueue.sendTo('session', { type: 'greet', request });
    enqueue.cancel('greetingAge');
    enqueue.raise({ type: 'greeting.aged' }, { id: 'greetingAge', delay: 'greetingAge' });
  }),
  forgetGreetingAge: cancel('greetingAge'),
  /** What was made while it rang is too old: it is thrown away, and one that fits is asked for. */
  remakeGreeting: assign({ greeting: 'due' }),
  ageGreeting: assign(({ context }) => ({
    greeting: context.greeting === 'asked' ? 'aged' : context.greeting,
  })),
  countMiss: assign(({ context }) => ({ misses: context.misses + 1 })),
  dropGreeting: assign(({ context }) => ({
    greeting: context.greeting === 'due' ? 'asked' : context.greeting,
  })),
  askReply: enqueueActions(({ context, enqueue }) => {
    const request = context.lastRequest + 1;
    enqueue.assign({
      lastRequest: request,
      asked: [...context.asked, { request, kind: 'reply' }],
      tools: runningTools(context),
      toolRounds: context.tools.length > 0 ? context.toolRounds + 1 : context.toolRounds,
      digitsWaiting: false,
      owed: false,
    });
    enqueue.sendTo('session', { type: 'generate', request });
  }),
  askSaying: ask('say', 'say'),
  askMessage: ask('say', 'message'),
  playOneMoment: play('one-moment'),
  playFiller: play('filler'),
  playGoodbye: play('goodbye'),
  playTransferFailed: play('transfer-failed'),
  apologise: enqueueActions(({ context, enqueue }) => {
    const request = context.lastRequest + 1;
    enqueue.assign({
      lastRequest: request,
      asked: [...context.asked, { request, kind: 'apology' }],
      apologies: context.apologies + 1,
      misses: 0,
      turn: 'none',
      tools: runningTools(context),
      owed: false,
      digitsWaiting: false,
    });
    enqueue.sendTo('leg', { type: 'play', line: 'apology', request });
  }),

  // Generations
  startGeneration: enqueueActions(({ context, event, enqueue }) => {
    const { gen, request, own } = eventAs(event, 'gen.started');
    enqueue.assign(noteStarted(context, gen, request, own));
    enqueue.sendTo('leg', { type: 'begin', gen });
  }),
  refuseGeneration: enqueueActions(({ event, enqueue }) => {
    const { gen } = eventAs(event, 'gen.started');
    enqueue.assign({ lastGen: gen });
    enqueue.sendTo('session', { type: 'cancel', gen, by: 'runtime' });
  }),
  noteAudio: assign(({ context, event }) => noteAudio(context, eventAs(event, 'gen.audio').gen)),
  finishGeneration: enqueueActions(({ context, event, enqueue }) => {
    const fact = eventAs(event, 'gen.done');
    enqueue.sendTo('leg', { type: 'finish', gen: fact.gen });
    enqueue.assign(noteDone(context, fact.gen, fact.audioMs, fact.tools, fact.reason));
  }),
  failGeneration: enqueueActions(({ context, event, enqueue }) => {
    const { gen, request, code } = eventAs(event, 'gen.failed');
    if (gen === undefined) {
      enqueue.assign(noteRefused(context, request ?? 0, code === 'superseded'));
      return;
    }
    enqueue.sendTo('leg', { type: 'finish', gen });
    enqueue.assign(noteFailed(context, gen));
  }),
  abandonGeneration: enqueueActions(({ context, event, enqueue }) => {
    const { gen } = eventAs(event, 'gen.stalled');
    enqueue.sendTo('leg', { type: 'finish', gen });
    enqueue.sendTo('session', { type: 'cancel', gen, by: 'runtime' });
    enqueue.assign(noteFailed(context, gen));
  }),
  noteDrained: assign(({ context, event }) => noteDrained(context, eventAs(event, 'playout.drained'))),
  noteCut: enqueueActions(({ context, event, enqueue }) => {
    const fact = eventAs(event, 'playout.cut');
    const entry = context.cutting.find((candidate) => candidate.gen === fact.gen);
    enqueue.assign(noteCut(context, fact));
    if (entry && isFromSession(entry.kind)) {
      enqueue.sendTo('session', { type: 'truncate', gen: fact.gen, playedMs: fact.playedMs });
    }
  }),
  cutForCaller: cut('voice'),
  cutForRuntime: cut('runtime'),
  /** A generation that talks on for ever is over now; what was sent of it may play. */
  stopGenerating: enqueueActions(({ context, enqueue }) => {
    for (const entry of context.gens) {
      if (entry.phase !== 'generating') continue;
      enqueue.sendTo('leg', { type: 'finish', gen: entry.gen });
      if (isFromSession(entry.kind))
        enqueue.sendTo('session', { type: 'cancel', gen: entry.gen, by: 'runtime' });
    }
    enqueue.assign({
      gens: context.gens
        .filter((entry) => entry.audio)
        .map((entry) => ({ ...entry, phase: 'done' as const })),
    });
  }),

  /** The session is gone while a line of ours is still to be heard: nothing of the model's is waited for. */
  dropSessionVoice: enqueueActions(({ context, enqueue }) => {
    const ended = context.gens.filter((entry) => isFromSession(entry.kind) && entry.phase === 'generating');
    for (const entry of ended) enqueue.sendTo('leg', { type: 'finish', gen: entry.gen });
    enqueue.assign({
      asked: context.asked.filter((entry) => !isFromSession(entry.kind)),
      gens: context.gens
        .filter((entry) => entry.audio || !ended.includes(entry))
        .map((entry) => (ended.includes(entry) ? { ...entry, phase: 'done' as const } : entry)),
    });
  }),

  // Turns
  openTurn: assign({ turn: 'open', toolRounds: 0, misses: 0 }),
  supersedeTurn: assign(({ context }) => ({
    turn:
      context.turn === 'open' || context.asked.length > 0 || context.gens.some(isSpoken)
        ? 'superseded'
        : 'none',
    misses: 0,
  })),
  discardTurn: assign({ turn: 'none', misses: 0 }),

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
    enqueue.sendTo('session', { type: 'toolResult', call });
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
  noteToolSeen: assign(({ context, event }) => ({
    toolsSeen: [...context.toolsSeen, eventAs(event, 'tool.call').call],
  })),

  forgetTools: assign({ tools: [] }),

  // Keypad
  countDigit: assign(({ context }) => ({ digits: context.digits + 1 })),
  enterDigits: enqueueActions(({ context, enqueue }) => {
    enqueue.assign({ digits: 0, digitsWaiting: true });
    enqueue.raise({ type: 'digits.entered', n: context.digits });
    enqueue.sendTo('session', { type: 'digits', entry: context.digits });
  }),
  beginCollecting: assign(({ event }) => {
    const { request, max, first, next } = eventAs(event, 'digits.collect');
    // Keys pressed a moment ago and not entered yet belong to this entry.
    return { collect: { request, max, first, next } };
  }),
  digitsComplete: enqueueActions(({ context, event, enqueue }) => {
    const n = context.digits + (eventAs(event, 'digits.key').class === 'hash' ? 0 : 1);
    enqueue.emit({ type: 'digits.collected', request: context.collect?.request ?? 0, reason: 'complete', n });
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
    return { transfer: { request, after }, owed: context.turn !== 'none' };
  }),
  forgetTransfer: assign({ transfer: null }),
  askReturn: enqueueActions(({ context, enqueue }) => {
    if (context.connection === 0) return;
    const request = context.lastRequest + 1;
    enqueue.assign({
      lastRequest: request,
      asked: [...context.asked, { request, kind: 'reply' }],
      tools: runningTools(context),
      misses: 0,
      owed: false,
    });
    enqueue.sendTo('session', { type: 'generate', request });
  }),
  noteOwed: assign({ owed: true }),

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
  endedByAgent: end('agent', 'completed', 'agent'),
  endedByLimit: end('runtime', 'completed', 'max-duration'),
  endedBySilence: end('runtime', 'failed', 'no-answer-from-model'),
  endedBySession: end('runtime', 'failed', 'session'),
  endedByFault: end('runtime', 'failed', 'fault'),
  endedByMedia: end('platform', 'failed', 'media'),
  endedByTimeout: end('runtime', 'failed', 'timeout'),
  endedUnanswered: end('platform', 'no-answer', 'ring-timeout'),
  endedByScreen: end('runtime', 'rejected', 'screened'),
  endedByVoicemail: end('agent', 'completed', 'voicemail'),
  endedByTransfer: assign(({ context }) => ({
    outcome: {
      status: 'transferred' as const,
      endedBy: context.lineGone ? 'caller' : 'platform',
      reason: 'transfer',
    },
  })),
  endedByTransferFailure: end('platform', 'completed', 'transfer-failed'),
};

export function toolActor(call: string): string {
  return `tool:${call}`;
}
