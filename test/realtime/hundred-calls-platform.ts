/** @module A process of its own: two telephone networks with all their callers, and the model. On the wall clock. */
import { createExchange } from '../../src/exchange/index.ts';
import { createSystemClock } from '../../src/runtime/clock.ts';
import { createRandom } from '../../src/runtime/ids.ts';
import { createOpenAIStandIn } from '../../src/testing/openai/index.ts';
import { createTwilioStandIn } from '../../src/testing/twilio/index.ts';
import { KEY, NUMBER } from '../world.ts';
import { onOrder, takeLeave } from './messages.ts';
import {
  AUTH_TOKEN,
  type HundredOrder,
  type HundredReport,
  type HundredSetup,
  PUBLIC_URL,
} from './hundred-calls-messages.ts';
import { callerOf, drawPlans, indexOf, modelOf, type Plan } from './hundred-calls-plan.ts';

const { seed, count } = JSON.parse(process.argv[2] ?? '{}') as Pick<HundredSetup, 'seed' | 'count'>;
const plans = drawPlans(seed, count);
const tell = (message: HundredReport): void => void process.send?.(message);
const clock = createSystemClock();
const exchange = createExchange({ clock, random: createRandom(1), keepAudio: false });
const connected = new Set<number>();
const standIn = createOpenAIStandIn({
  clock,
  random: createRandom(2),
  key: KEY,
  latency: { firstAudioMs: 120, jitterMs: 100, transcriptionMs: 80 },
  script({ instructions }) {
    const plan = plans[indexOf(instructions)]!;
    const again = connected.has(plan.index);
    connected.add(plan.index);
    return modelOf(plan, again);
  },
});

function script(plan: Plan) {
  return callerOf(plan, {
    loseSession: () =>
      standIn.sessions
        .findLast(({ closed, settings }) => !closed && settings.instructions?.endsWith(plan.number))
        ?.destroy(),
  });
}

exchange.onOutbound(({ to }) => ({ outcome: 'answer', after: 300, script: script(plans[indexOf(to)]!) }));
exchange.on('ended', ({ direction, from, to }, { status }) => {
  settle(indexOf(direction === 'inbound' ? from : to), status);
});

const { url: exchangeUrl } = await exchange.listen();
const { url: modelUrl } = await standIn.listen();
let carrier: ReturnType<typeof createTwilioStandIn> | undefined;

function ring(plan: Plan): void {
  if (plan.direction === 'outbound') return tell({ type: 'due', index: plan.index });
  if (plan.network === 'clawops') return void exchange.dial(NUMBER, script(plan), { from: plan.number });
  const call = carrier!.dial(script(plan), { from: plan.number });
  void call.ended.then(({ status }) => settle(plan.index, status));
}

/** A machine that is short of time makes fewer calls at once, and the same ones. */
const LINES = 36;
const waiting = [...plans];

function ringNext(): void {
  const plan = waiting.shift();
  if (!plan) return;
  // No two calls in step.
  clock.setTimeout(() => ring(plan), (plan.seed % 16) * 20);
}

function settle(index: number, status: string): void {
  tell({ type: 'over', index, status });
  ringNext();
}

onOrder<HundredOrder>((order) => {
  if (order.type === 'dial') {
    carrier = createTwilioStandIn({
      clock,
      random: createRandom(3),
      authToken: AUTH_TOKEN,
      publicUrl: PUBLIC_URL,
      target: () => order.twilioUrl,
      keepAudio: false,
    });
    for (let line = 0; line < LINES; line += 1) clock.setTimeout(ringNext, line * 40);
  } else if (order.type === 'close') {
    carrier?.close();
    void Promise.all([exchange.close(), standIn.close()]).then(takeLeave);
  }
});
tell({ type: 'listening', exchangeUrl, modelUrl });
