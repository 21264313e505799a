/**
 * @module How to test an agent of your own: a whole phone call over real sockets in virtual time, in well under a
 * second, with the same result every time. No key, no network.
 */
import { createAgent } from 'offhook';
import { clawops } from 'offhook/clawops';
import { bargeIn, createExchange, hangUp, waitForAgent } from 'offhook/exchange';
import { openaiRealtime } from 'offhook/openai';
import { createOpenAIStandIn, createRandom, createVirtualClock, scriptOf } from 'offhook/testing';

/** What a test looks at. */
export interface CallSeen {
  readonly status: string;
  /** What the caller heard of each reply, and whether that was all of it. */
  readonly agent: readonly { readonly heard: string; readonly cut: boolean }[];
  readonly bargeIns: number;
}

/** Rings an agent as a caller who interrupts its second sentence. @param speech mu-law, 8 kHz, of that caller */
export async function interruptAgent(speech: Uint8Array, logs: string): Promise<CallSeen> {
  const clock = createVirtualClock();
  const exchange = createExchange({ clock, random: createRandom(1) });
  // The model: what it says is scripted, when it says it depends on what it hears. Text without audio is hummed.
  const model = createOpenAIStandIn({
    clock,
    script: () =>
      scriptOf(
        { greeting: 'Welcome to the bakery. We have rye, spelt and sourdough today.' },
        { hear: 'Wait.', say: 'Yes?' },
      ),
  });
  const { url: baseUrl } = await exchange.listen();
  const { url: modelUrl } = await model.listen();
  const agent = createAgent(
    {
      transports: [
        clawops({ number: '07012341234', apiKey: 'sk_test_local', accountId: 'AC_local', baseUrl }),
      ],
      session: () =>
        openaiRealtime({ instructions: 'You answer for a bakery.', apiKey: 'sk-local', baseUrl: modelUrl }),
      log: { directory: logs },
    },
    { clock, random: createRandom(2) },
  );
  const heard: { heard: string; cut: boolean }[] = [];
  let bargeIns = 0;
  agent.on('transcript', (_call, role, text, { generated }) => {
    if (role === 'assistant') heard.push({ heard: text, cut: text !== generated });
  });
  agent.on('barge_in', () => (bargeIns += 1));

  // Nothing moves unless the clock does: start something, let time pass, look.
  const connected = agent.connect();
  await clock.run(100);
  await connected;
  const call = exchange.dial('07012341234', [
    bargeIn({ audio: speech }, { afterMs: 1_500 }),
    waitForAgent(),
    hangUp(),
  ]);
  await clock.runUntil(() => agent.calls.length === 0 && call.duration !== undefined, 60_000);

  const closed = agent.close();
  await clock.run(100);
  await closed;
  await exchange.close();
  await model.close();
  return { status: call.status, agent: heard, bargeIns };
}
