/**
 * @module A hundred calls drawn from one seed: what each caller does and what the model answers, who rings whom over
 * which network, and who ends it. Both processes draw the same plans and know a call by its caller's number.
 */
import {
  bargeIn,
  type CallerScript,
  type Clip,
  hangUp,
  loseNetwork,
  press,
  say,
  silentUntil,
  wait,
  waitForAgent,
} from '../../src/exchange/index.ts';
import { createRandom } from '../../src/runtime/ids.ts';
import { type ConversationScript, type ScriptTurn, scriptOf } from '../../src/testing/openai/index.ts';
import { crowdVoices } from '../../src/testing/voices.ts';

/** What a caller does with the model's session from outside the call. */
export interface Hooks {
  /** Cuts the connection to the model. */
  readonly loseSession: () => void;
}

/** One piece of a conversation, as both ends play it. */
interface Part {
  caller(clip: () => Clip, random: () => number, hooks: Hooks): CallerScript;
  readonly model: readonly ScriptTurn[];
}

const SHORT = 'Certainly.';
const LONG = 'Let me tell you all about the many things that we have got for you today.';

/** The agent spoke and is done; one that says nothing is not waited for. */
const agent = waitForAgent({ quietMs: 160, timeoutMs: 5_000 });
/** Somebody else is to end it; nobody waits for ever if they do not. */
const stay = [wait(6_000), hangUp()];
/** The answer to what was just said has begun. */
const answering = silentUntil(
  ({ events }) => {
    const stop = events.findLastIndex(({ type }) => type === 'callerVoiceStop');
    return events.findLastIndex(({ type }) => type === 'agentVoiceStart') > stop;
  },
  { timeoutMs: 5_000 },
);

const tool = (name: string, afterTools = SHORT): ScriptTurn => ({ hear: name, calls: [name], afterTools });

export const PARTS = {
  question: {
    caller: (clip) => [say(clip()), agent],
    model: [{ hear: 'A question.', say: SHORT }],
  },
  interruption: {
    caller: (clip, random) => [say(clip()), bargeIn(clip(), { afterMs: 100 + random() * 900 }), agent],
    model: [
      { hear: 'A question.', say: LONG },
      { hear: 'Another one.', say: SHORT },
    ],
  },
  tool: { caller: (clip) => [say(clip()), agent], model: [tool('look_up')] },
  'tool that fails': { caller: (clip) => [say(clip()), agent], model: [tool('fail')] },
  'tool that speaks': { caller: (clip) => [say(clip()), agent], model: [tool('speak')] },
  'tool talked over': {
    caller: (clip, random) => [say(clip()), wait(450 + random() * 200), say(clip()), agent],
    model: [tool('take_long'), { hear: 'Another one.', say: SHORT }],
  },
  keys: { caller: (_clip, random) => [press('4#', { everyMs: 80 + random() * 200 }), agent], model: [] },
  'keys asked for': {
    caller: (clip, random) => [say(clip()), wait(500 + random() * 300), press('77', { everyMs: 150 }), agent],
    model: [tool('ask_for_keys')],
  },
  'session lost': {
    caller: (clip, _random, { loseSession }) => [say(clip()), answering, () => (loseSession(), []), agent],
    model: [{ hear: 'A question.', say: LONG }],
  },
} as const satisfies Record<string, Part>;
export type PartName = keyof typeof PARTS;

export const ENDS = {
  'the caller hangs up': { caller: () => [hangUp()], model: [] },
  'the caller hangs up on the answer': {
    caller: (clip) => [say(clip()), answering, wait(200), hangUp()],
    model: [{ hear: 'A question.', say: LONG }],
  },
  'the model hangs up': {
    caller: (clip) => [say(clip()), ...stay],
    model: [{ hear: 'Bye.', say: 'Bye.', calls: ['hang_up'] }],
  },
  'the program hangs up': { caller: (clip) => [say(clip()), ...stay], model: [tool('end_call')] },
  'the network breaks': { caller: () => [wait(100), loseNetwork()], model: [] },
  'the call is turned away': { caller: () => stay, model: [] },
} as const satisfies Record<string, Part>;
export type EndName = keyof typeof ENDS;

export interface Plan {
  readonly index: number;
  readonly network: 'clawops' | 'twilio';
  readonly direction: 'inbound' | 'outbound';
  /** The other party's number, one of its own for each call. */
  readonly number: string;
  readonly parts: readonly PartName[];
  readonly end: EndName;
  readonly greeting: 'open' | 'closed' | 'none';
  readonly turns: 'model' | 'runtime';
  /** What the caller's waits and the choice of clips are drawn from. */
  readonly seed: number;
}

/** A call in ten is for each of these, the rest is drawn. */
const ENDINGS: readonly EndName[] = [
  'the caller hangs up',
  'the caller hangs up',
  'the caller hangs up',
  'the caller hangs up on the answer',
  'the caller hangs up on the answer',
  'the model hangs up',
  'the model hangs up',
  'the program hangs up',
  'the network breaks',
  'the call is turned away',
];

/** Draws `count` plans. */
export function drawPlans(seed: number, count: number): readonly Plan[] {
  const random = createRandom(seed);
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)]!;
  const names = Object.keys(PARTS) as PartName[];
  return Array.from({ length: count }, (_, index): Plan => {
    const outbound = index % 10 === 3;
    const twilio = !outbound && index % 5 === 0;
    const drawn = ENDINGS[(index + Math.floor(index / 10)) % ENDINGS.length]!;
    // Nobody turns away whom he rang up himself.
    const end = outbound && drawn === 'the call is turned away' ? 'the caller hangs up' : drawn;
    return {
      index,
      network: twilio ? 'twilio' : 'clawops',
      direction: outbound ? 'outbound' : 'inbound',
      number: `${twilio ? '+8210' : '010'}5550${String(index).padStart(4, '0')}`,
      parts: [names[index % names.length]!, ...(index % 2 === 0 ? [pick(names)] : [])],
      end,
      greeting: pick(['open', 'open', 'closed', 'none']),
      turns: pick(['model', 'model', 'runtime']),
      seed: Math.floor(random() * 2 ** 32),
    };
  });
}

export const indexOf = (number: string): number => Number(number.slice(-4));

/** Under a second of a voice each; cut once, since what is made of a clip is kept with it. */
const CLIPS = [1, 2, 3, 4, 5, 6].map((member) => {
  const { audio } = crowdVoices(member).caller;
  return { name: `caller-${member}`, audio: audio.subarray(0, 2_400 + member * 640) };
});

export function callerOf(plan: Plan, hooks: Hooks): CallerScript {
  const random = createRandom(plan.seed);
  const clip = (): Clip => CLIPS[Math.floor(random() * CLIPS.length)]!;
  const parts: readonly Part[] = [...plan.parts.map((name) => PARTS[name]), ENDS[plan.end]];
  const opening = plan.greeting === 'none' ? [wait(300)] : [agent];
  return [...opening, ...parts.flatMap((part) => part.caller(clip, random, hooks))];
}

/** @param again the connection to the model was lost before: what was to come is not known, so it answers anything */
export function modelOf(plan: Plan, again: boolean): ConversationScript {
  const parts: readonly Part[] = [...plan.parts.map((name) => PARTS[name]), ENDS[plan.end]];
  const last = parts.at(-1)!.model;
  return scriptOf(
    { greeting: 'Hi.', onDigits: 'Noted.' },
    ...(again ? [] : parts.flatMap(({ model }) => model)),
    { otherwise: last[0] ?? { hear: 'Something.', say: SHORT } },
  );
}
