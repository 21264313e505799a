/**
 * @module Silence on the caller's end, measured on what the caller was sent, and what explains it. A silence is
 * explained by a wait that the charts declare, as long as that wait may be; whatever is left over is nobody's.
 */
import type { ExchangeCall } from '../../src/exchange/index.ts';
import { FRAME_BYTES, FRAME_MS, isVoiced } from '../../src/exchange/voice.ts';
import type { CallStory } from '../story.ts';

/** Why it is quiet, and for how long that may be so. Letters are those of the table. */
export interface Reason {
  readonly letter: string;
  /** Ms from the beginning of the silence. */
  readonly most: number;
  readonly why: string;
}

const reason = (letter: string, most: number, why: string): Reason => ({ letter, most, why });

/** A silence this short is a pause of speech, or a reply on its way. */
export const SHORT_MS = 2_000;

export const REASONS = {
  nothingOwed: reason('-', Infinity, 'the agent listens, and everything the caller said was answered'),
  over: reason('-', Infinity, 'the call is not up yet, or over'),
  deaf: reason('-', Infinity, 'the media socket is what is broken: nothing of ours can be heard'),
  thinking: reason('T', 8_000, 'a reply, a tool or a greeting is waited for: a filler after 8 s'),
  session: reason('S', 6_000, 'a session is waited for: "one moment" after 4 s, an apology after 10 s'),
  stall: reason('Q', 4_000, 'the model went quiet in mid-reply: noticed after 3 s'),
  farewell: reason('F', 5_000, 'last words are waited for: 5 s'),
  dead: reason(
    'D',
    8_000,
    'the model is behind or gone and not yet known to be: a ping every 4 s, 4 s for its answer',
  ),
  unheard: reason('U', SHORT_MS, 'the caller spoke, and nobody has noticed yet'),
} as const;

const BY_DIALOGUE: readonly [RegExp, Reason][] = [
  [/^(ringing|ended|none|closing\.(releasing|settling))/, REASONS.over],
  [/^(conversing\.thinking|greeting|returning)/, REASONS.thinking],
  [/^(prewarm|reconnecting)/, REASONS.session],
  [/^conversing\.speaking/, REASONS.stall],
  [/^closing\.farewell/, REASONS.farewell],
];

export interface Silence {
  /** Longest silence in which the agent owed something. */
  readonly ms: number;
  readonly reason: Reason;
  /** Most of one silence that no reason covers. */
  readonly unexplained: number;
  /** Where that was: ms of the clock. */
  readonly at: number;
}

/** When something was broken, on the clock: `[from, to)`. */
export interface Broken {
  /** From when on the caller cannot be reached at all. */
  readonly deafFrom: number;
  /** Between these the model could not hear, or not in time, and nobody knew. */
  readonly deadFrom: number;
  readonly deadTo: number;
}

/** Looks at a whole call. */
export function silenceOf(
  call: ExchangeCall | undefined,
  story: CallStory | undefined,
  { deafFrom, deadFrom, deadTo }: Broken,
): Silence {
  const none: Silence = { ms: 0, reason: REASONS.over, unexplained: 0, at: 0 };
  const opened = call?.events.find(({ type }) => type === 'mediaOpened')?.at;
  if (!call || !story || opened === undefined) return none;
  const { heard } = call;
  const caller = speechOf(call);
  let worst = none;
  let began = -1;
  let left = 0;
  let spent = new Map<Reason, number>();
  let step = 0;
  let dialogue = 'none';
  for (let index = 0; index * FRAME_BYTES < heard.length; index += 1) {
    const at = opened + (index + 1) * FRAME_MS;
    for (; step < story.steps.length && story.steps[step]!.at <= at; step += 1) {
      dialogue = story.steps[step]!.state.dialogue;
    }
    const speaks = isVoiced(heard, index * FRAME_BYTES, (index + 1) * FRAME_BYTES);
    if (speaks) caller.answered(at);
    if (speaks || caller.speaks(at)) {
      began = -1;
      continue;
    }
    if (began < 0) {
      began = at;
      left = 0;
      spent = new Map();
    }
    const dead = at >= deadFrom && at < deadTo;
    const why = at >= deafFrom ? REASONS.deaf : explain(dialogue, caller.waits(at), dead);
    const age = at - began;
    if (why.most === Infinity) {
      // What is owed later is owed from then on.
      began = -1;
      continue;
    }
    spent.set(why, (spent.get(why) ?? 0) + FRAME_MS);
    if (age > why.most) left += FRAME_MS;
    if (age > worst.ms) worst = { ...worst, ms: age, reason: longest(spent) };
    if (left > worst.unexplained) worst = { ...worst, unexplained: left, at };
  }
  return worst;
}

const longest = (spent: ReadonlyMap<Reason, number>): Reason =>
  [...spent].reduce((most, entry) => (entry[1] > most[1] ? entry : most))[0];

function explain(dialogue: string, waits: boolean, dead: boolean): Reason {
  const found = BY_DIALOGUE.find(([pattern]) => pattern.test(dialogue));
  if (found) return found[1];
  if (!waits) return REASONS.nothingOwed;
  return dead ? REASONS.dead : REASONS.unheard;
}

/** When the caller spoke, and whether that was answered since. */
function speechOf({ events }: ExchangeCall) {
  const turns = events
    .filter(({ type }) => type === 'callerVoiceStart')
    .map(({ at }) => ({
      from: at,
      to: events.find((event) => event.type === 'callerVoiceStop' && event.at >= at)?.at ?? Infinity,
    }));
  let answeredAt = 0;
  return {
    answered: (at: number) => void (answeredAt = at),
    speaks: (at: number) => turns.some(({ from, to }) => at >= from && at <= to),
    waits: (at: number) => turns.some(({ to }) => to < at && to > answeredAt),
  };
}
