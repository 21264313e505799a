/** @module A process of its own: the telephone network with one caller, and the model. On the wall clock. */
import { callerScript, modelScript } from '../../src/cli/demo-people.ts';
import { bargeInsOf, createExchange } from '../../src/exchange/index.ts';
import { createSystemClock } from '../../src/runtime/clock.ts';
import { createRandom } from '../../src/runtime/ids.ts';
import { demoScript } from '../../src/testing/demo-script.ts';
import { createOpenAIStandIn } from '../../src/testing/openai/index.ts';
import type { VoiceLanguage } from '../../src/testing/voices.ts';
import { findStale, heardOf } from '../e2e/sound.ts';
import { KEY, NUMBER } from '../world.ts';
import { onOrder, report, takeLeave } from './messages.ts';

const language = (process.argv[2] ?? 'en') as VoiceLanguage;
const script = demoScript(language);
const answer = script.turns.find((turn) => turn.by === 'agent' && turn.interrupted)!.clip.audio;
const clock = createSystemClock();
const exchange = createExchange({ clock, random: createRandom(1) });
const standIn = createOpenAIStandIn({
  clock,
  random: createRandom(2),
  key: KEY,
  script: () => modelScript(script),
});
const { url: exchangeUrl } = await exchange.listen();
const { url: modelUrl } = await standIn.listen();

async function dial(): Promise<void> {
  const call = exchange.dial(NUMBER, callerScript(script, clock));
  report({ type: 'ringing', id: call.id });
  const timer = setInterval(() => report({ type: 'media', ms: call.mediaMs }), 100);
  const { status } = await call.ended;
  clearInterval(timer);
  report({
    type: 'ended',
    status,
    mediaMs: call.mediaMs,
    cutHeardMs: heardOf(call.heard, answer).ms,
    stale: findStale(call.arrivals, answer).length,
    bargeIns: bargeInsOf(call.events).length,
  });
}

exchange.on('event', (_call, { type }) => report({ type: 'event', name: type }));
onOrder(({ type }) => {
  if (type === 'dial') void dial();
  else void Promise.all([exchange.close(), standIn.close()]).then(takeLeave);
});
report({ type: 'listening', exchangeUrl, modelUrl });
