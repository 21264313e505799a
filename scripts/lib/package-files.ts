/**
 * @module The files of somebody who has just installed Offhook: the program of the front page as `agent.ts`, a
 * consumer with strict types, and a listing of every sub-path's names.
 */

/** The front page's program, word for word but for its prices. */
export const AGENT = `import { createAgent, defineTool } from 'offhook';
import { openaiRealtime } from 'offhook/openai';
import { clawops } from 'offhook/clawops';
import { z } from 'zod';

const agent = createAgent({
  transports: [clawops({ number: '07012341234' })],
  session: (call) => openaiRealtime({ instructions: '친절한 상담원입니다.', voice: 'marin', language: 'ko' }),
  tools: [defineTool({
    name: 'check_order', description: 'Look up an order by its number.',
    parameters: z.object({ orderId: z.string() }),
    execute: async ({ orderId }, { call, signal }) => ({ orderId, status: 'on its way' }),
  })],
  recording: { directory: './recordings' },
});
agent.on('call_start', (call) => console.log(call.from, '→', call.to));
agent.on('transcript', (call, role, text) => console.log(\`[\${role}] \${text}\`));

export default agent;
if (import.meta.main) await agent.serve();          // until SIGINT/SIGTERM, then drains
`;

/**
 * Types that cannot be resolved become \`any\` under skipLibCheck, and \`any\` allows everything: each line below that
 * must not compile proves that a type came through.
 */
export const CONSUMER = `import { createAgent, defineTool, OffhookError, type CallHandle, type Outcome, type Tool } from 'offhook';
import { clawops } from 'offhook/clawops';
import { createExchange, type Exchange, type ExchangeCall, say, waitForAgent } from 'offhook/exchange';
import { openaiRealtime } from 'offhook/openai';
import { createOpenAIStandIn, createVirtualClock, type VirtualClock } from 'offhook/testing';
import { z } from 'zod';

type IsAny<T> = 0 extends 1 & T ? true : false;
type Known<T> = IsAny<T> extends true ? never : T;
const known = <T>(value: Known<T>): void => void value;

const tool = defineTool({
  name: 'check_order',
  description: 'd',
  parameters: z.object({ orderId: z.string() }),
  execute: async ({ orderId }, { call, signal }) => {
    known<string>(orderId);
    known<AbortSignal>(signal);
    known<CallHandle>(call);
    // @ts-expect-error: it is a string
    const wrong: number = orderId;
    return { wrong };
  },
});
known<Tool<CallHandle>>(tool);

const agent = createAgent({
  transports: [clawops({ number: '07012341234' })],
  session: (call) => {
    known<'inbound' | 'outbound'>(call.direction);
    return openaiRealtime({ instructions: 'x', voice: 'marin', language: 'ko' });
  },
  tools: [tool],
  recording: { directory: './recordings' },
});
agent.on('call_end', (call, outcome) => {
  known<string>(call.id);
  known<Outcome>(outcome);
  // @ts-expect-error: not a status
  void (outcome.status === 'nonsense');
});
// @ts-expect-error: no such event
agent.on('nonsense', () => {});
// @ts-expect-error: instructions are needed
openaiRealtime({ voice: 'marin' });
// @ts-expect-error: a number is needed
clawops({});
// @ts-expect-error: no such code
new OffhookError('OFFHOOK_NONSENSE');

const clock: VirtualClock = createVirtualClock();
const exchange: Exchange = createExchange({ clock, random: () => 0.5 });
const call: ExchangeCall = exchange.dial('1', [waitForAgent(), say({ audio: new Uint8Array(160) })]);
known<Uint8Array>(call.heard);
known<number>(createOpenAIStandIn({ clock, script: () => ({ greeting: 'Hello' }) }).counters.open);
// @ts-expect-error: time is needed
createExchange({});
export default agent;
`;

export const CONSUMER_CONFIG = (typeRoot: string): string =>
  JSON.stringify({
    compilerOptions: {
      target: 'es2024',
      module: 'nodenext',
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: true,
      noEmit: true,
      types: ['node'],
      typeRoots: [typeRoot],
    },
    files: ['consumer.ts', 'agent.ts'],
  });

/** Prints what each sub-path exports, as JSON. */
export const NAMES = `const paths = JSON.parse(process.argv[2]);
const names = {};
for (const path of paths) names[path] = Object.keys(await import('offhook' + path.slice(1))).sort();
console.log(JSON.stringify(names));
`;
