/**
 * @module What the call chart remembers and how each fact changes it: pure functions from context to context.
 * No decision is taken here; the states ask these questions in their guards.
 */
import { OURS } from './lines.ts';
import type {
  Asked,
  CallContext,
  CallInput,
  Generation,
  GenerationKind,
  PlayoutChartFact,
} from './vocabulary.ts';

export function createContext(input: CallInput): CallContext {
  return {
    // XState copies a context by Object.assign({}, …). V8 does that by shape only where the original is rooted in `{}`
    // as well; from any other root each copy becomes a dictionary, and copying takes a third of all of a chart's time.
    ...Object.assign({}, input),
    gens: [],
    cutting: [],
    lastGen: 0,
    lastRequest: 0,
    asked: [],
    withdrawnLines: [],
    connection: 0,
    lastConnection: 0,
    mediaEpoch: 0,
    mediaOpen: 0,
    answered: false,
    lineGone: false,
    started: 'no',
    greeting: input.policy.greeting === 'none' ? 'none' : 'due',
    greetingHeardMs: 0,
    turn: 'none',
    tools: [],
    toolsSeen: [],
    toolRounds: 0,
    misses: 0,
    digitsWaiting: false,
    digits: 0,
    heldDigits: 0,
    collect: null,
    transfer: null,
    apologies: 0,
    owed: false,
    sessionFailed: null,
    endingGen: 0,
    finalWord: false,
    outcome: { status: 'failed', endedBy: 'runtime', reason: 'unfinished' },
  };
}

/** The model's own voice, as against lines of ours played between. */
export const isSpoken = (generation: Generation): boolean =>
  generation.kind !== 'filler' && generation.kind !== 'one-moment';

/** Words of the model's own: what answers a turn, or opens the talk. */
export const isModels = (kind: GenerationKind): boolean => kind === 'reply' || kind === 'greeting';

export const isFromSession = (kind: GenerationKind): boolean => !OURS.includes(kind);

/** A generation has started: it answers the request it names, or the model began by itself. */
export function noteStarted(
  context: CallContext,
  gen: number,
  request: number | undefined,
  own = false,
): Partial<CallContext> {
  const asked = context.asked.find((entry) => entry.request === request);
  const kind: GenerationKind = asked?.kind ?? (own ? 'audio' : 'reply');
  return {
    lastGen: gen,
    gens: [...context.gens, { gen, kind, phase: 'generating', audio: false }],
    asked: context.asked.filter((entry) => entry !== asked),
  };
}

function patchGeneration(
  context: CallContext,
  gen: number,
  patch: Partial<Generation>,
): readonly Generation[] {
  return context.gens.map((entry) => (entry.gen === gen ? { ...entry, ...patch } : entry));
}

export function noteAudio(context: CallContext, gen: number): Partial<CallContext> {
  const entry = context.gens.find((candidate) => candidate.gen === gen);
  const answers = entry?.kind === 'reply';
  return {
    gens: patchGeneration(context, gen, { audio: true }),
    ...(entry && isModels(entry.kind) ? { misses: 0, apologies: 0 } : {}),
    // The first sound of a reply answers the turn; what it then says is its own affair.
    ...(answers ? { turn: 'none' as const, owed: false } : {}),
  };
}

/** Everything has arrived. With no audio there is nothing to drain, so the generation is over at once. */
export function noteDone(context: CallContext, gen: number, tools: number): Partial<CallContext> {
  const entry = context.gens.find((candidate) => candidate.gen === gen);
  if (entry === undefined) return {};
  if (entry.audio) return { gens: patchGeneration(context, gen, { phase: 'done' }) };
  const gens = context.gens.filter((candidate) => candidate !== entry);
  return tools > 0 ? { gens, turn: 'none' } : { gens, ...miss(entry, context) };
}

export function noteFailed(context: CallContext, gen: number): Partial<CallContext> {
  return noteDone(context, gen, 0);
}

/** A request was refused. A request that lost against a reply the model began by itself owes nothing. */
export function noteRefused(
  context: CallContext,
  request: number,
  superseded: boolean,
): Partial<CallContext> {
  const entry = context.asked.find((candidate) => candidate.request === request);
  if (entry === undefined) return {};
  const asked = context.asked.filter((candidate) => candidate !== entry);
  return superseded ? { asked } : { asked, ...miss(entry, context) };
}

/** What is to be said as it stands is not asked for twice; a reply or a greeting that came to nothing counts. */
function miss(entry: Generation | Asked, context: CallContext): Partial<CallContext> {
  if (!isModels(entry.kind)) return {};
  // A greeting that came to nothing before the callee could hear it is made once more.
  const again = entry.kind === 'greeting' && !context.answered && context.misses === 0;
  return { misses: context.misses + 1, ...(again ? { greeting: 'due' as const } : {}) };
}

export function noteDrained(context: CallContext, fact: PlayoutChartFact): Partial<CallContext> {
  const entry = context.gens.find((candidate) => candidate.gen === fact.gen);
  return {
    gens: context.gens.filter((candidate) => candidate !== entry),
    ...(entry?.kind === 'greeting' ? { greetingHeardMs: fact.playedMs } : {}),
  };
}

export function noteCut(context: CallContext, fact: PlayoutChartFact): Partial<CallContext> {
  const entry = context.cutting.find((candidate) => candidate.gen === fact.gen);
  const cutting = context.cutting.filter((candidate) => candidate !== entry);
  if (entry?.kind !== 'greeting') return { cutting };
  // Only now it is known how much was heard of a greeting that a loss has made due again.
  const isHeard = context.greeting === 'due' && fact.playedMs >= REPEAT_GREETING_BELOW;
  return { cutting, greetingHeardMs: fact.playedMs, ...(isHeard ? { greeting: 'asked' as const } : {}) };
}

/** Everything alive becomes something that waits for its `playout.cut`; what was asked for is taken back. */
export function noteCutting(context: CallContext): Partial<CallContext> {
  const lines = context.asked.filter((entry) => !isFromSession(entry.kind)).map(({ request }) => request);
  return {
    gens: [],
    cutting: [...context.cutting, ...context.gens],
    asked: [],
    withdrawnLines: [...context.withdrawnLines, ...lines],
    ...(context.gens.some((entry) => entry.gen === context.endingGen) ? { endingGen: 0 } : {}),
  };
}

/** The caller speaks before anything of the answer was heard: that turn still wants one, should no other follow. */
export function noteSuperseded(context: CallContext): Partial<CallContext> {
  const unheard =
    context.turn !== 'none' ||
    context.misses > 0 ||
    context.asked.some((entry) => isAnswer(entry.kind)) ||
    context.gens.some((entry) => isAnswer(entry.kind) && !entry.audio);
  return { turn: unheard ? 'superseded' : 'none', misses: 0 };
}

const isAnswer = (kind: GenerationKind): boolean => isModels(kind) || kind === 'apology';

/**
 * What the loss of the session leaves owing: an unanswered turn, a reply cut short, results not answered yet.
 * @param unheard the caller said something that the lost connection may have taken with it.
 */
export function noteSessionLost(context: CallContext, unheard: boolean): Partial<CallContext> {
  const cutShort = context.gens.some(
    (entry) => isSpoken(entry) && isFromSession(entry.kind) && entry.kind !== 'greeting',
  );
  const greeting =
    context.gens.some((entry) => entry.kind === 'greeting') ||
    context.asked.some((entry) => entry.kind === 'greeting');
  return {
    connection: 0,
    owed:
      context.owed ||
      unheard ||
      cutShort ||
      context.turn !== 'none' ||
      context.misses > 0 ||
      context.asked.some((entry) => entry.kind === 'reply') ||
      context.tools.some((run) => run.status === 'given'),
    ...(greeting && context.greetingHeardMs < REPEAT_GREETING_BELOW ? { greeting: 'due' as const } : {}),
  };
}

/** With less than this heard, a greeting that was cut off is worth saying again (DESIGN, session loss). */
export const REPEAT_GREETING_BELOW = 1_000;
