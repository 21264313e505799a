/**
 * @module The questions the call chart asks before it moves. Each reads the context as the facts have left it,
 * so most transitions are level-triggered: no edge has to arrive in time for the chart to end up right.
 */
import { isSpoken } from './context.ts';
import type { CallContext, CallEvent } from './vocabulary.ts';

interface At {
  context: CallContext;
  event: CallEvent;
}

type Of<T extends CallEvent['type']> = Extract<CallEvent, { type: T }>;

/** Narrows to the event a guard or action was written for; the chart wires it to no other. */
export function eventAs<T extends CallEvent['type']>(event: CallEvent, _type: T): Of<T> {
  return event as Of<T>;
}

export const runningTools = (context: CallContext) => context.tools.filter((run) => run.status === 'running');

/** Nothing of the model's voice, or of ours in its place, is alive or asked for. */
const idle = (context: CallContext): boolean => !context.gens.some(isSpoken) && context.asked.length === 0;

const resultsGiven = (context: CallContext): boolean =>
  context.tools.length > 0 && runningTools(context).length === 0;

export const guards = {
  // Line and session
  accepted: ({ event }: At) => eventAs(event, 'screen.done').accept,
  lineGone: ({ context }: At) => context.lineGone,
  mediaOpen: ({ context }: At) => context.mediaOpen > 0,
  sessionAbsent: ({ context }: At) => context.connection === 0,
  sessionReady: ({ context }: At) => context.connection > 0,
  sessionFailed: ({ context }: At) => context.sessionFailed !== null,
  runtimeTurns: ({ context }: At) => context.policy.turns === 'runtime',
  interruptsAtOnce: ({ context }: At) => context.policy.interruptAfter === 0,
  answersAtOnce: ({ context }: At) => context.policy.turns === 'model' || context.policy.answerAfter === 0,
  isRecording: ({ context }: At) => context.policy.recording,

  // Greeting
  isInbound: ({ context }: At) => context.direction === 'inbound',
  greetsOpenly: ({ context }: At) => context.policy.greeting === 'open',
  greetingAged: ({ context }: At) => context.greeting === 'aged',
  greetingDue: ({ context }: At) => context.connection > 0 && context.greeting === 'due',
  readyToGreet: ({ context }: At) => readyToSpeak(context) && greets(context),
  readyToListen: ({ context }: At) => readyToSpeak(context),
  greetingMissed: ({ context }: At) => context.misses > 0 && idle(context) && context.greeting !== 'due',
  greetingOver: ({ context }: At) => idle(context) && context.greeting !== 'due',
  endingNoted: ({ context }: At) => context.endingGen > 0,
  backWithSomethingOwed: ({ context }: At) => context.connection > 0 && context.owed,
  backWithToolsRunning: ({ context }: At) => context.connection > 0 && runningTools(context).length > 0,

  // Generations
  somethingAlive: ({ context }: At) => context.gens.length > 0 || context.asked.length > 0,
  spokenAudio: ({ context }: At) => context.gens.some((entry) => isSpoken(entry) && entry.audio),
  noSpokenAudio: ({ context }: At) => !context.gens.some((entry) => isSpoken(entry) && entry.audio),
  nothingSpokenToolsPending: ({ context }: At) => !context.gens.some(isSpoken) && context.tools.length > 0,
  nothingSpoken: ({ context }: At) => !context.gens.some(isSpoken),
  replyUnderWay: ({ context }: At) => !idle(context),
  stillGenerating: ({ context }: At) =>
    context.gens.some((entry) => isSpoken(entry) && entry.phase === 'generating'),
  allGenerated: ({ context }: At) => context.gens.filter(isSpoken).every((entry) => entry.phase === 'done'),
  startsUnwanted: ({ context, event }: At) => {
    const { request } = eventAs(event, 'gen.started');
    return request !== undefined && !context.asked.some((entry) => entry.request === request);
  },
  wasAsked: ({ context, event }: At) => {
    const { request } = eventAs(event, 'gen.started');
    return context.asked.some((entry) => entry.request === request);
  },

  // Turns
  turnOpen: ({ context }: At) => context.turn === 'open',
  turnUnasked: ({ context }: At) =>
    context.turn === 'open' && idle(context) && context.misses === 0 && context.policy.turns === 'runtime',
  turnSuperseded: ({ context }: At) => context.turn === 'superseded',
  /** A vendor that takes the turns commits only what it takes for speech, and often before it has the words. */
  saysSomething: ({ context, event }: At) =>
    context.policy.turns === 'model' || context.turn !== 'none' || eventAs(event, 'turn.committed').chars > 0,
  nothingLeftToThinkAbout: ({ context }: At) =>
    idle(context) && context.turn !== 'open' && context.misses === 0,
  replyOwed: ({ context }: At) =>
    idle(context) &&
    context.turn === 'none' &&
    (context.owed || context.digitsWaiting || resultsGiven(context)),
  missedOnce: ({ context }: At) => context.misses === 1 && idle(context),
  missedTwice: ({ context }: At) => context.misses >= 2 && idle(context),
  missedTwiceAgain: ({ context }: At) => context.misses >= 2 && idle(context) && context.apologies > 0,
  apologisedBefore: ({ context }: At) => context.apologies > 0,

  // Tools
  toolsPendingAndIdle: ({ context }: At) =>
    context.tools.length > 0 && idle(context) && context.turn !== 'open',
  resultsGiven: ({ context }: At) => resultsGiven(context),
  tooManyToolRounds: ({ context }: At) =>
    resultsGiven(context) && context.toolRounds >= context.policy.maxToolRounds,
  endsTheCall: ({ context, event }: At) =>
    context.policy.endingTools.includes(eventAs(event, 'tool.call').name),

  // Keypad and far end
  endsEntry: ({ event }: At) => eventAs(event, 'digits.key').class === 'hash',
  entryFull: ({ context }: At) => context.collect !== null && context.digits >= context.collect.max,
  machineVerdict: ({ event }: At) => eventAs(event, 'leg.verdict').result === 'machine',
  humanVerdict: ({ event }: At) => eventAs(event, 'leg.verdict').result === 'human',
  voicemailWanted: ({ context, event }: At) =>
    context.policy.voicemail && eventAs(event, 'leg.verdict').result === 'machine',
  messageOver: ({ context }: At) => context.gens.length === 0 && context.asked.length === 0,

  // Transfers
  handsOff: ({ context }: At) => context.transfer?.after === 'terminate',
  mediaTakenAway: ({ context, event }: At) =>
    eventAs(event, 'leg.mediaStopped').expected && context.transfer?.after === 'terminate',
  comesBack: ({ context }: At) => context.transfer?.after === 'return',
  takesBackAfterFailure: ({ context }: At) =>
    context.transfer?.after === 'return' || context.policy.returnAfterFailure,

  // Ending
  farewellOver: ({ context }: At) =>
    context.gens.length === 0 &&
    context.asked.length === 0 &&
    !runningTools(context).some((run) => run.gen === context.endingGen),
  /** Media was open and is not any more: nobody can hear. */
  mediaGone: ({ context }: At) => context.mediaEpoch > 0 && context.mediaOpen === 0,
  noWordsOutstanding: ({ context }: At) =>
    context.asked.length === 0 && context.gens.every((entry) => entry.audio || entry.phase === 'done'),
  settled: ({ context }: At) =>
    context.finalWord && !runningTools(context).some((run) => run.onHangup === 'finish'),
};

const readyToSpeak = (context: CallContext): boolean => context.connection > 0 && context.started === 'done';
const greets = (context: CallContext): boolean => context.greeting === 'due' || context.greeting === 'asked';
