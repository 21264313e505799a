/** @module A process of its own: the agent that all the calls at once go through. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { clawops } from '../../src/clawops.ts';
import { createAgent } from '../../src/index.ts';
import { openaiRealtime } from '../../src/providers/openai.ts';
import { KEY, NUMBER } from '../world.ts';
import type { AgentReport, ChunkOrder, ChunkSetup } from './every-chunk-messages.ts';
import { readLateness } from './lateness.ts';
import { onOrder, takeLeave } from './messages.ts';

const { calls, exchangeUrl, modelUrl, directory } = JSON.parse(process.argv[2] ?? '{}') as ChunkSetup;
const tell = (message: AgentReport): void => void process.send?.(message);
const delay = monitorEventLoopDelay({ resolution: 5 });
const agent = createAgent({
  transports: [
    clawops({ number: NUMBER, apiKey: 'sk_test_local', accountId: 'AC_local', baseUrl: exchangeUrl }),
  ],
  session: ({ from }) =>
    openaiRealtime({
      // Who is on the line, for the model to know which voice is whose.
      instructions: String(Number(from.slice(-4))),
      apiKey: KEY,
      baseUrl: modelUrl,
      turnDetection: { type: 'server_vad', silence_duration_ms: 200 },
    }),
  log: { directory },
  maxCalls: calls,
});
onOrder<ChunkOrder>(({ type }) => {
  if (type !== 'close') return;
  tell({ type: 'lateness', lateness: readLateness(delay) });
  void agent.close().then(takeLeave);
});
await agent.connect();
delay.enable();
tell({ type: 'connected' });
