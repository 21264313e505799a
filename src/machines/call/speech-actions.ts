/**
 * @module What the call chart does about speech: asks for it, follows each generation, cuts it, and keeps the account
 * of the turn it answers. Orders to the session go out only while one is ready; what it misses, it is told in time.
 */
import { callBase } from './base.ts';
import {
  isFromSession,
  noteAudio,
  noteCut,
  noteCutting,
  noteDone,
  noteDrained,
  noteFailed,
  noteRefused,
  noteStarted,
  noteSuperseded,
} from './context.ts';
import { eventAs, runningTools } from './guards.ts';
import type { CannedLine, GenerationKind } from './vocabulary.ts';

const { assign, enqueueActions, cancel, raise } = callBase;

/** Asks the session for a generation, under the next request number. */
const ask = (kind: 'greet' | 'say', as: GenerationKind) =>
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
      if (context.connection > 0 && entry.phase === 'generating' && isFromSession(entry.kind)) {
        enqueue.sendTo('session', { type: 'cancel', gen: entry.gen, by });
      }
    }
    for (const entry of context.asked) {
      if (isFromSession(entry.kind)) enqueue.sendTo('session', { type: 'withdraw', request: entry.request });
    }
    enqueue.assign(noteCutting(context));
  });

/** Asks for a reply to all that is in the conversation: results given and keys pressed until now are in it. */
const askReply = enqueueActions(({ context, enqueue }) => {
  if (context.connection === 0) return;
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
});

export const speechActions = {
  // Asking
  askGreeting: ask('greet', 'greeting'),
  noteGreetingAsked: assign({ greeting: 'asked' }),
  watchGreetingAge: enqueueActions(({ enqueue }) => {
    enqueue.cancel('greetingAge');
    enqueue.raise({ type: 'greeting.aged' }, { id: 'greetingAge', delay: 'greetingAge' });
  }),
  forgetGreetingAge: cancel('greetingAge'),
  /** What was made while it rang is too old: it is thrown away, and one that fits is asked for. */
  remakeGreeting: assign({ greeting: 'due' }),
  ageGreeting: assign(({ context }) => ({
    greeting: context.greeting === 'asked' ? 'aged' : context.greeting,
  })),
  /** The call has moved on: an opening line would be out of place now. */
  dropGreeting: assign(({ context }) => ({ greeting: context.greeting === 'none' ? 'none' : 'asked' })),
  askReply,
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
  countMiss: assign(({ context }) => ({ misses: context.misses + 1 })),

  // Generations
  startGeneration: enqueueActions(({ context, event, enqueue }) => {
    const { gen, request, own } = eventAs(event, 'gen.started');
    enqueue.assign(noteStarted(context, gen, request, own));
    enqueue.sendTo('leg', { type: 'begin', gen });
  }),
  /** Nobody wants it (any more): it never becomes alive. */
  refuseGeneration: enqueueActions(({ context, event, enqueue }) => {
    const { gen, request, own } = eventAs(event, 'gen.started');
    const ours = own === true || (request !== undefined && context.withdrawnLines.includes(request));
    enqueue.assign({
      lastGen: gen,
      withdrawnLines: context.withdrawnLines.filter((entry) => entry !== request),
    });
    if (!ours && context.connection > 0) {
      enqueue.sendTo('session', { type: 'cancel', gen, by: 'runtime' });
    }
  }),
  noteAudio: assign(({ context, event }) => noteAudio(context, eventAs(event, 'gen.audio').gen)),
  finishGeneration: enqueueActions(({ context, event, enqueue }) => {
    const { gen, tools } = eventAs(event, 'gen.done');
    enqueue.sendTo('leg', { type: 'finish', gen });
    enqueue.assign(noteDone(context, gen, tools));
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
    if (context.connection > 0) enqueue.sendTo('session', { type: 'cancel', gen, by: 'runtime' });
    enqueue.assign(noteFailed(context, gen));
  }),
  noteDrained: assign(({ context, event }) => noteDrained(context, eventAs(event, 'playout.drained'))),
  noteCut: enqueueActions(({ context, event, enqueue }) => {
    const fact = eventAs(event, 'playout.cut');
    const entry = context.cutting.find((candidate) => candidate.gen === fact.gen);
    enqueue.assign(noteCut(context, fact));
    if (entry && isFromSession(entry.kind) && context.connection > 0) {
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
      if (isFromSession(entry.kind) && context.connection > 0) {
        enqueue.sendTo('session', { type: 'cancel', gen: entry.gen, by: 'runtime' });
      }
    }
    enqueue.assign({
      gens: context.gens
        .filter((entry) => entry.audio)
        .map((entry) => ({ ...entry, phase: 'done' as const })),
    });
  }),
  /** The session is gone at the end of a call: what was sent may be heard, nothing more is waited for. */
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
  supersedeTurn: assign(({ context }) => noteSuperseded(context)),
  /** The interruption came to nothing: what it interrupted is still to be answered. */
  oweTurn: assign({ turn: 'none', owed: true }),
  discardTurn: assign({ turn: 'none', misses: 0 }),
  noteOwed: assign({ owed: true }),
  resetFloor: raise({ type: 'floor.reset' }),
  releaseFloor: raise({ type: 'floor.released' }),
};
