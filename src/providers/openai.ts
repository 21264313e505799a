/** @module `offhook/openai`: OpenAI's Realtime API as the session of a call. */
import { trackWork } from '../runtime/work.ts';
import type { SessionSpec } from './contract.ts';
import { loadSdk } from './realtime/openai/connect.ts';
import { type OpenAIRealtimeOptions, readOptions } from './realtime/openai/options.ts';
import { openSession } from './realtime/openai/session.ts';
import { behaviourOf, greetingOf } from './realtime/openai/settings.ts';

export type {
  OpenAIRealtimeGreeting,
  OpenAIRealtimeOptions,
  OpenAIRealtimeTurns,
  OpenAIRealtimeVoice,
} from './realtime/openai/options.ts';

/**
 * A session with an OpenAI realtime model:
 * - the phone's G.711 goes to the model and back without being decoded
 * - turns are the model's own (default), or the runtime's with `turns: { by: 'runtime' }`
 * - needs the package `openai`, and a key from `apiKey` or OPENAI_API_KEY
 * - a recipe: it can be opened again, and a new connection is given the conversation so far
 *
 * ```ts
 * session: () => openaiRealtime({ instructions: 'You answer for a bakery.', voice: 'marin', language: 'en' })
 * ```
 * @throws OffhookError OFFHOOK_OPTION_INVALID, OFFHOOK_OPTION_MISSING or OFFHOOK_URL_INSECURE, at once.
 */
export function openaiRealtime(options: OpenAIRealtimeOptions): SessionSpec {
  const resolved = readOptions(options);
  const recipe = {
    options: resolved,
    behaviour: behaviourOf(resolved),
    greeting: greetingOf(resolved.greeting),
  };
  const { model, voice, language, codec, turns } = resolved;
  return {
    name: 'openai-realtime',
    description: { type: 'openai_realtime', system: 'openai', model, voice, language },
    codec,
    turns,
    detectsVoice: resolved.turnDetection !== null,
    greeting: recipe.greeting,
    prepare: async () => {
      await trackWork(loadSdk());
    },
    open: (context) => openSession(recipe, context),
  };
}
