/** @module A process of its own: the agent, as a program would have it, on the wall clock. */
import { createCheckOrder } from '../../src/cli/demo-people.ts';
import { clawops } from '../../src/clawops.ts';
import { createAgent } from '../../src/index.ts';
import { openaiRealtime } from '../../src/providers/openai.ts';
import { demoScript } from '../../src/testing/demo-script.ts';
import { KEY, NUMBER } from '../world.ts';
import { type AgentSetup, onOrder, report, takeLeave } from './messages.ts';

const { exchangeUrl, modelUrl, directory, language } = JSON.parse(process.argv[2] ?? '{}') as AgentSetup;
const agent = createAgent({
  transports: [
    clawops({ number: NUMBER, apiKey: 'sk_test_local', accountId: 'AC_local', baseUrl: exchangeUrl }),
  ],
  session: () =>
    openaiRealtime({ instructions: 'You sell books.', apiKey: KEY, baseUrl: modelUrl, language }),
  tools: [createCheckOrder(demoScript(language))],
  recording: { directory },
  log: { directory },
});
agent.on('state', (_call, { entered }) => report({ type: 'state', entered }));
agent.on('transcript', (_call, role, text, { generated, heardMs }) =>
  report({ type: 'said', role, text, generated, heardMs }),
);
agent.on('tool_call', (_call, { name, ok }) => report({ type: 'tool', name, ok }));
agent.on('call_end', (_call, outcome) => report({ type: 'ended', outcome }));
onOrder(({ type }) => {
  if (type === 'close') void agent.close().then(takeLeave);
});
await agent.connect();
report({ type: 'connected' });
