/**
 * @module The demo conversation as data: who says what, when the caller starts, which tool the agent calls. The
 * caller of the exchange and the stand-in model are both built from it, so that they always agree.
 */
import { type DemoLine, type VoiceClip, type VoiceLanguage, voice } from './voices.ts';

/** When the caller starts to speak. */
export type CallerCue =
  /** The agent is silent again, and has been for so long. */
  | { readonly on: 'agent-silent'; readonly ms: number }
  /** The agent is in the middle of its line: the barge-in, counted from the first sound the caller hears. */
  | { readonly on: 'agent-speaking'; readonly ms: number };

export interface DemoToolCall {
  readonly name: 'check_order';
  readonly arguments: { readonly orderId: string };
  /** What the tool returns. */
  readonly result: Readonly<Record<string, string>>;
}

export interface DemoCallerTurn {
  readonly by: 'caller';
  readonly line: DemoLine;
  readonly clip: VoiceClip;
  readonly cue: CallerCue;
}

export interface DemoAgentTurn {
  readonly by: 'agent';
  readonly line: DemoLine;
  readonly clip: VoiceClip;
  /** Called first; the line is the reply to its result. */
  readonly tool?: DemoToolCall;
  /** True where the next turn cuts this one: the caller never hears its end. */
  readonly interrupted?: true;
  /** True where the agent hangs up once the line has been heard. */
  readonly hangsUp?: true;
}

export type DemoTurn = DemoCallerTurn | DemoAgentTurn;

/** One conversation, in the order in which its turns begin. */
export interface DemoScript {
  readonly language: VoiceLanguage;
  readonly turns: readonly DemoTurn[];
}

/** What a person takes before answering; well past the end of any pause inside a line. */
const ANSWER_MS = 700;
/** In the middle of the long answer: after its first facts, many seconds before its end. */
const BARGE_IN_MS = 5_500;

const ORDER_ID = '4821';

const RESULTS: Readonly<Record<VoiceLanguage, Readonly<Record<string, string>>>> = {
  en: {
    orderId: ORDER_ID,
    status: 'on its way',
    location: 'sorting centre',
    day: 'Thursday',
    window: '14:00-16:00',
  },
  ko: {
    orderId: ORDER_ID,
    status: '배송 중',
    location: '분류 센터',
    day: '목요일',
    window: '14:00-16:00',
  },
};

const cache = new Map<VoiceLanguage, DemoScript>();

/**
 * The demo conversation in one language: greeting, a question that needs a tool, a long answer the caller cuts
 * short with another question, the answer to that, thanks and goodbye. Always the same object.
 * @throws OffhookError OFFHOOK_AUDIO_INVALID if the package's assets are missing.
 */
export function demoScript(language: VoiceLanguage): DemoScript {
  const known = cache.get(language);
  if (known) return known;
  const script: DemoScript = { language, turns: buildTurns(language) };
  cache.set(language, script);
  return script;
}

function buildTurns(language: VoiceLanguage): readonly DemoTurn[] {
  const clipped = <L extends DemoLine>(line: L) => ({ line, clip: voice(`${language}/${line}`) });
  const answer = { on: 'agent-silent', ms: ANSWER_MS } as const;
  const tool: DemoToolCall = {
    name: 'check_order',
    arguments: { orderId: ORDER_ID },
    result: RESULTS[language],
  };
  return [
    { by: 'agent', ...clipped('agent-greeting') },
    { by: 'caller', ...clipped('caller-ask'), cue: answer },
    { by: 'agent', ...clipped('agent-answer'), tool, interrupted: true },
    { by: 'caller', ...clipped('caller-barge'), cue: { on: 'agent-speaking', ms: BARGE_IN_MS } },
    { by: 'agent', ...clipped('agent-answer-day') },
    { by: 'caller', ...clipped('caller-thanks'), cue: answer },
    { by: 'agent', ...clipped('agent-goodbye'), hangsUp: true },
  ];
}
