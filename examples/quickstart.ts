/**
 * @module An agent that answers a phone number and looks up orders. `npx offhook run examples/quickstart.ts`, or on its
 * own: `node examples/quickstart.ts` in a project that has `offhook`, `openai` and `zod` installed.
 */
import { createAgent, defineTool } from 'offhook';
import { clawops } from 'offhook/clawops';
import { openaiRealtime } from 'offhook/openai';
import { z } from 'zod';

const agent = createAgent({
  // CLAWOPS_API_KEY and CLAWOPS_ACCOUNT_ID come from the environment; CLAWOPS_BASE_URL may point at `offhook exchange`.
  transports: [clawops({ number: '07012341234' })],
  // OPENAI_API_KEY comes from the environment too.
  session: () => openaiRealtime({ instructions: '친절한 상담원입니다.', voice: 'marin', language: 'ko' }),
  tools: [
    defineTool({
      name: 'check_order',
      description: 'Look up an order by its number.',
      parameters: z.object({ orderId: z.string() }),
      execute: async ({ orderId }) => ({ orderId, status: 'on its way' }),
    }),
  ],
  recording: { directory: './recordings' },
});
agent.on('call_start', (call) => console.log(call.from, '→', call.to));
agent.on('transcript', (_call, role, text) => console.log(`[${role}] ${text}`));

export default agent;
if (import.meta.main) await agent.serve();
