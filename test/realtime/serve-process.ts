/** @module A process of its own that serves until it is told by signals to stop; network and model live in it too. */
import { clawops } from '../../src/clawops.ts';
import { createExchange, type ExchangeCall, goSilent } from '../../src/exchange/index.ts';
import { createAgent } from '../../src/index.ts';
import { openaiRealtime } from '../../src/providers/openai.ts';
import { createSystemClock } from '../../src/runtime/clock.ts';
import { createRandom } from '../../src/runtime/ids.ts';
import { createOpenAIStandIn, scriptOf } from '../../src/testing/openai/index.ts';

const NUMBER = '07012341234';
const clock = createSystemClock();
const random = createRandom(1);
const exchange = createExchange({ clock, random });
const standIn = createOpenAIStandIn({
  clock,
  random,
  script: () => scriptOf({ greeting: 'Hi.', otherwise: 'I see.' }),
});
const { url } = await exchange.listen();
const { url: modelUrl } = await standIn.listen();
const agent = createAgent({
  transports: [clawops({ number: NUMBER, apiKey: 'sk_test_local', accountId: 'AC_local', baseUrl: url })],
  session: () => openaiRealtime({ instructions: 'x', apiKey: 'k', baseUrl: modelUrl, language: 'en' }),
  log: { directory: process.argv[2] ?? '.' },
});

let call: ExchangeCall | undefined;
const tell = (what: string): void => void process.send?.(what);
agent.on('state', (_call, { state }) => tell(state.dialogue));
agent.on('call_end', (_call, { endedBy }) => tell(`ended by ${endedBy}`));
exchange.on('agent', ({ state }) => tell(`agent ${state}`));
process.on('message', (order) => {
  if (order === 'dial') call = exchange.dial(NUMBER, [goSilent()]);
  if (order === 'hang up') call?.hangUp();
  if (order === 'dial again')
    exchange.dial(NUMBER, [goSilent()]).ended.then(({ status }) => tell(`second ${status}`), tell);
});
process.on('SIGTERM', () => tell('signal'));

await agent.serve();
tell('served');
await exchange.close();
await standIn.close();
process.disconnect();
