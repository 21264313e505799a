/**
 * @module Who talks in the demo: the caller as the exchange plays it, the stand-in model, and the shop they talk
 * about. Caller and stand-in are built from one script, so that they always agree.
 */
import { z } from 'zod';
import { bargeIn, type CallerScript, say, silentUntil, waitForAgent } from '../exchange/index.ts';
import type { ExchangeCall } from '../exchange/types.ts';
import { defineTool } from '../index.ts';
import type { CallHandle } from '../call.ts';
import type { Clock } from '../runtime/clock.ts';
import { type DemoScript } from '../testing/demo-script.ts';
import type { ConversationScript, ScriptTurn, SpokenLine } from '../testing/openai/index.ts';
import type { VoiceLanguage } from '../testing/voices.ts';
import type { Tool } from '../tools/define.ts';

const INSTRUCTIONS: Readonly<Record<VoiceLanguage, string>> = {
  en:
    'You answer the telephone of Maple Street Books, an online bookshop. Greet the caller and ask how you can help. ' +
    'Look up orders with check_order and tell in four or five full sentences where the order is. If the caller asks ' +
    'for the day, say the day and the window. When the caller thanks you, say goodbye and call hang_up.',
  ko:
    '당신은 온라인 서점 단풍길 책방의 전화 상담원입니다. 인사하고 무엇을 도와드릴지 물으세요. 주문은 check_order로 ' +
    '조회하고 주문이 어디에 있는지 네다섯 문장으로 자세히 설명하세요. 고객이 날짜를 물으면 요일과 시간대를 말하세요. ' +
    '고객이 고맙다고 하면 작별 인사를 하고 hang_up을 호출하세요.',
};

/** What the agent of the demo is told. */
export function instructionsFor(language: VoiceLanguage): string {
  return INSTRUCTIONS[language];
}

/** The shop's one tool. Its answer is the script's. */
export function createCheckOrder(script: DemoScript): Tool<CallHandle> {
  const tool = script.turns.find((turn) => turn.by === 'agent' && turn.tool !== undefined);
  const result = tool?.by === 'agent' ? tool.tool?.result : undefined;
  return defineTool({
    name: 'check_order',
    description: 'Look up an order by its number.',
    parameters: z.object({ orderId: z.string().describe('The digits of the order number') }),
    execute: ({ orderId }) => ({ ...result, orderId }),
  });
}

/** What the stand-in hears and says. */
export function modelScript({ turns }: DemoScript): ConversationScript {
  const answers: ScriptTurn[] = [];
  let greeting: SpokenLine | undefined;
  let heard: string | undefined;
  for (const turn of turns) {
    if (turn.by === 'caller') {
      heard = turn.clip.text;
      continue;
    }
    const line: SpokenLine = { text: turn.clip.text, audio: turn.clip.audio };
    if (heard === undefined) {
      greeting = line;
      continue;
    }
    const { tool } = turn;
    const call = tool && { name: tool.name, arguments: tool.arguments };
    const reply = call
      ? { calls: [call], afterTools: line }
      : { say: line, ...(turn.hangsUp && { calls: ['hang_up'] }) };
    answers.push({ hear: heard, ...reply });
  }
  return { ...(greeting && { greeting }), turns: answers };
}

/** What the stand-in says to a recording that no script knows: it cannot tell what was said, and answers the same. */
export function modelForAnyone(script: DemoScript): ConversationScript {
  const { greeting } = modelScript(script);
  const answer = script.turns.find((turn) => turn.line === 'agent-answer');
  const say: SpokenLine = { text: answer?.clip.text ?? '', ...(answer && { audio: answer.clip.audio }) };
  return { ...(greeting && { greeting }), otherwise: { hear: '(your recording)', say } };
}

/** A model takes its time over a tool and a long answer; a caller who waits longer than this has given up. */
const PATIENCE_MS = 20_000;
/** An agent that has stopped by itself is not waited for. */
const LISTENING_MS = 2_000;
/** Enough sound that the barge-in falls on a word and not into a pause. */
const INTO_A_WORD_MS = 60;

/** A real model may answer in one sentence: interrupted this early, it is in the middle of it all the same. */
export const EARLY_BARGE_IN_MS = 2_500;

/**
 * The caller of the demo. After the last line the agent has to hang up; if it does not, the caller does.
 * @param latestBargeInMs interrupts the agent after that much of its answer, if the script does so later
 */
export function callerScript(
  { turns }: DemoScript,
  clock: Pick<Clock, 'now'>,
  latestBargeInMs = Number.POSITIVE_INFINITY,
): CallerScript {
  const lines = turns.flatMap((turn) => {
    if (turn.by === 'agent') return [];
    const clip = { name: turn.line, audio: turn.clip.audio };
    if (turn.cue.on === 'agent-silent') return [patience(turn.cue.ms), say(clip)];
    const ms = Math.min(turn.cue.ms, latestBargeInMs);
    return [
      silentUntil((call) => clock.now() - firstWordSince(call) >= ms, { timeoutMs: PATIENCE_MS }),
      bargeIn(clip, { afterMs: INTO_A_WORD_MS, timeoutMs: LISTENING_MS }),
    ];
  });
  return [...lines, silentUntil(() => false, { timeoutMs: PATIENCE_MS })];
}

/** A caller with a recording of their own: hears the greeting, says it, hears the answer, hangs up. */
export function recordedCaller(audio: Uint8Array): CallerScript {
  // Longer than a pause between two sentences of the answer.
  return [patience(1_500), say({ name: 'caller', audio }), patience(1_500)];
}

const patience = (quietMs: number) => waitForAgent({ quietMs, timeoutMs: PATIENCE_MS });

/** When the agent's present answer was first heard: pauses between its sentences do not start it anew. */
function firstWordSince(call: ExchangeCall): number {
  const { events } = call;
  const last = events.findLastIndex((event) => event.type === 'callerVoiceStop');
  const first = events.findIndex((event, index) => index > last && event.type === 'agentVoiceStart');
  return events[first]?.at ?? Number.POSITIVE_INFINITY;
}
