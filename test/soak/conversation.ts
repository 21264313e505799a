/**
 * @module The short calls of the soak, in ten kinds that take turns: what a call can leave behind is touched within
 * two seconds of it, in the ways in which calls begin and end.
 */
import { z } from 'zod';
import {
  bargeIn,
  type CallerScript,
  goSilent,
  hangUp,
  loseNetwork,
  press,
  say,
  silentUntil,
  waitForAgent,
} from '../../src/exchange/index.ts';
import { type CallHandle, defineTool } from '../../src/index.ts';
import { type ConversationScript, type ScriptStep, scriptOf } from '../../src/testing/openai/index.ts';
import { crowdVoices } from '../../src/testing/voices.ts';
import type { Tool } from '../../src/tools/define.ts';

/** Ten calls, and then the same again: what a rare path leaves behind is in every sample. */
export const KINDS = [
  'session lost',
  'hung up by the agent',
  'interrupted',
  'placed by the agent',
  'hung up in the greeting',
  'hung up by the agent',
  'interrupted',
  'keys',
  'network lost',
  'slow tool',
] as const;
export type Kind = (typeof KINDS)[number];

export const kindOf = (call: number): Kind => KINDS[call % KINDS.length]!;

/** Made once: what a clip is cut into is kept for as long as the clip is. */
const { audio } = crowdVoices(1).caller;
const QUESTION = { name: 'question', audio: audio.subarray(0, 3_200) };
const WORD = { name: 'word', audio: audio.subarray(0, 2_400) };

/** Longer than any pause inside a hummed line. */
const agent = waitForAgent({ quietMs: 140 });
/** The answer to the first question has begun. */
const answered = silentUntil(
  ({ events }) => events.filter(({ type }) => type === 'agentVoiceStart').length > 1,
);
/** Leaves the end to somebody else. */
const stay = goSilent();

const CALLERS: Readonly<Record<Exclude<Kind, 'session lost'>, CallerScript>> = {
  'hung up by the agent': [agent, say(WORD), stay],
  interrupted: [agent, say(QUESTION), bargeIn(WORD, { afterMs: 160 }), agent, hangUp()],
  'placed by the agent': [say(WORD), agent, hangUp()],
  'hung up in the greeting': [bargeIn(WORD, { afterMs: 100 }), hangUp()],
  keys: [agent, press('12', { everyMs: 60 }), agent, hangUp()],
  'network lost': [agent, say(QUESTION), loseNetwork()],
  'slow tool': [agent, say(QUESTION), hangUp()],
};

/** @param lose cuts the connection to the model; it happens in the middle of an answer */
export const callerOf = (kind: Kind, lose: () => void): CallerScript =>
  kind === 'session lost'
    ? [agent, say(QUESTION), answered, () => (lose(), []), agent, hangUp()]
    : CALLERS[kind];

const LOOKS_UP: ScriptStep = {
  hear: 'Where is my order?',
  calls: [{ name: 'check_order', arguments: { orderId: '1234' } }],
  afterTools: 'It is on its way and will be there soon.',
};
const GREETS: ScriptStep = { greeting: 'Hi.' };

const MODELS: Readonly<Record<Kind, readonly ScriptStep[]>> = {
  'session lost': [GREETS, { otherwise: { hear: 'Hello?', say: 'Still here.' } }],
  'hung up by the agent': [GREETS, { hear: 'Bye.', say: 'Bye.', calls: ['hang_up'] }],
  interrupted: [GREETS, LOOKS_UP, { hear: 'When?', say: 'Soon.' }],
  'placed by the agent': [{ hear: 'Hello?', say: 'Hi.' }],
  'hung up in the greeting': [{ greeting: 'Good morning, how may I help you?' }],
  keys: [GREETS, { onDigits: 'Noted.' }],
  'network lost': [GREETS, LOOKS_UP],
  'slow tool': [GREETS, { hear: 'How long?', calls: ['take_long'] }],
};

/** The model knows by its instructions whom it has on the line. */
export const modelOf = (instructions: string): ConversationScript =>
  scriptOf(...MODELS[instructions as Kind]);

/** One that answers at once, and one that is still at work when the caller is gone. */
export const TOOLS: readonly Tool<CallHandle>[] = [
  defineTool({
    name: 'check_order',
    description: 'Look up an order by its number.',
    parameters: z.object({ orderId: z.string() }),
    execute: ({ orderId }) => ({ orderId, status: 'on its way' }),
  }),
  defineTool({
    name: 'take_long',
    description: 'Never done in time.',
    parameters: z.object({}),
    execute: (_given, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('called off')));
      }),
  }),
];
