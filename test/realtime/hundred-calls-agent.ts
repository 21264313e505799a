/** @module A process of its own: one agent on two networks, with tools that fail, dawdle, speak and hang up. */
import { z } from 'zod';
import { clawops } from '../../src/clawops.ts';
import { type CallInfo, createAgent, defineTool } from '../../src/index.ts';
import { openaiRealtime } from '../../src/providers/openai.ts';
import { createSystemClock } from '../../src/runtime/clock.ts';
import { twilio } from '../../src/twilio.ts';
import { KEY, NUMBER } from '../world.ts';
import { onOrder, takeLeave } from './messages.ts';
import {
  AUTH_TOKEN,
  type HundredOrder,
  type HundredReport,
  type HundredSetup,
  PUBLIC_URL,
} from './hundred-calls-messages.ts';
import { drawPlans, indexOf, type Plan } from './hundred-calls-plan.ts';

const setup = JSON.parse(process.argv[2] ?? '{}') as HundredSetup;
const plans = drawPlans(setup.seed, setup.count);
const clock = createSystemClock();
const tell = (message: HundredReport): void => void process.send?.(message);
const farEnd = ({ direction, from, to }: Pick<CallInfo, 'direction' | 'from' | 'to'>): string =>
  direction === 'inbound' ? from : to;
const planOf = (call: Pick<CallInfo, 'direction' | 'from' | 'to'>): Plan => plans[indexOf(farEnd(call))]!;

const nothing = z.object({});
const tools = [
  defineTool({
    name: 'look_up',
    description: 'Answers at once.',
    parameters: nothing,
    execute: () => ({ found: true }),
  }),
  defineTool({
    name: 'fail',
    description: 'Throws.',
    parameters: nothing,
    execute: () => {
      throw new Error('out of order');
    },
  }),
  defineTool({
    name: 'take_long',
    description: 'Longer than a caller waits.',
    parameters: nothing,
    execute: () => new Promise((resolve) => clock.setTimeout(() => resolve('at last'), 1_500)),
  }),
  defineTool({
    name: 'speak',
    description: 'Has something said while it runs.',
    parameters: nothing,
    execute: (_given, { say }) => {
      say('Just a moment.');
      return new Promise((resolve) => clock.setTimeout(() => resolve('there'), 300));
    },
  }),
  defineTool({
    name: 'ask_for_keys',
    description: 'Collects two keys.',
    parameters: nothing,
    execute: async (_given, { call }) => {
      const { reason } = await call.collectDigits({ max: 2, first: 2_000, next: 1_000 });
      return { reason };
    },
  }),
  defineTool({
    name: 'end_call',
    description: 'Hangs up.',
    parameters: nothing,
    execute: (_given, { call }) => {
      void call.hangup('done');
      return 'over';
    },
  }),
];

const phone = twilio({ port: 0, publicUrl: PUBLIC_URL, authToken: AUTH_TOKEN });
const agent = createAgent({
  transports: [
    clawops({ number: NUMBER, apiKey: 'sk_test_local', accountId: 'AC_local', baseUrl: setup.exchangeUrl }),
    phone,
  ],
  screen: (call) => planOf(call).end !== 'the call is turned away',
  session: (call) => {
    const { greeting, turns } = planOf(call);
    return openaiRealtime({
      instructions: `You speak to ${farEnd(call)}`,
      apiKey: KEY,
      baseUrl: setup.modelUrl,
      language: 'en',
      greeting: greeting !== 'none' && { interruptible: greeting === 'open' },
      turnDetection: { type: 'server_vad', silence_duration_ms: 200 },
      ...(turns === 'runtime' && { turns: { by: 'runtime', answerAfter: 150 } }),
    });
  },
  tools,
  log: { directory: setup.directory },
  maxCalls: setup.count,
});
agent.on('call_end', (call, { status }) => tell({ type: 'over', index: planOf(call).index, status }));
agent.on('call_failed', (call, status) => tell({ type: 'over', index: planOf(call).index, status }));

onOrder<HundredOrder>((order) => {
  if (order.type === 'close') void agent.close().then(takeLeave);
  if (order.type === 'place') void agent.call(plans[order.index]!.number, { via: 'clawops' });
});
await agent.connect();
tell({ type: 'connected', twilioUrl: `http://127.0.0.1:${phone.port}` });
