/**
 * @module Nothing personal leaves a call but to where it was asked for: keys, numbers, words, digits, arguments, results
 * and the texts of other people's errors are looked for in every log, span, error and event that has no business
 * with them.
 */
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import { press, wait, waitForAgent } from '../../src/exchange/index.ts';
import { type Agent, defineTool, OffhookError } from '../../src/index.ts';
import { closeWorlds, createWorld, line, readLogs, utter, type World } from './world.ts';

afterEach(closeWorlds);

const CANARIES = {
  platformKey: 'sk_canary_platform',
  modelKey: 'sk_canary_model',
  caller: '01077771234',
  callee: '01066665678',
  instructions: 'canary instructions',
  heard: 'canary question',
  said: 'canary reply',
  argument: 'canary argument',
  result: 'canary result',
  thrown: 'canary thrown',
  listener: 'canary listener',
  screen: 'canary screen',
  session: 'canary factory',
  announced: 'canary announcement',
  digits: '7391#',
} as const;

const GREETING = { greeting: { text: CANARIES.said, audio: line('en/agent-greeting').audio! } };

const tools = [
  defineTool({
    name: 'works',
    description: 'Works.',
    parameters: z.object({ id: z.string() }),
    execute: async () => ({ secret: CANARIES.result }),
  }),
  defineTool({
    name: 'throws',
    description: 'Throws.',
    parameters: z.object({ id: z.string() }),
    execute: async () => {
      throw new Error(CANARIES.thrown);
    },
  }),
  defineTool({
    name: 'cannot',
    description: 'Returns a BigInt.',
    parameters: z.object({ id: z.string() }),
    execute: async () => ({ secret: CANARIES.result, n: 1n }),
  }),
];

const SCRIPT = [
  GREETING,
  {
    hear: CANARIES.heard,
    calls: ['works', 'throws', 'cannot', 'unknown'].map((name) => ({
      name,
      arguments: { id: CANARIES.argument },
    })),
    afterTools: CANARIES.said,
  },
  { onDigits: CANARIES.said, onInstructions: CANARIES.said },
  {
    otherwise: {
      hear: CANARIES.heard,
      calls: [{ name: 'works', arguments: `{"id": "${CANARIES.argument}` }],
      afterTools: CANARIES.said,
    },
  },
];

function expectClean(where: string, text: string): void {
  for (const [what, canary] of Object.entries(CANARIES)) {
    expect(text.includes(canary), `${what} in ${where}`).toBe(false);
  }
}

const settings = {
  exchange: { accounts: [{ id: 'AC_local', key: CANARIES.platformKey }] },
  clawops: { apiKey: CANARIES.platformKey },
  standIn: { key: CANARIES.modelKey },
  model: { apiKey: CANARIES.modelKey, instructions: CANARIES.instructions },
};

/** Everything that goes wrong without ending the call, with a canary in each. */
function stumble(agent: Agent): void {
  agent.on('transcript', () => {
    throw new Error(CANARIES.listener);
  });
  agent.on('dtmf', () => {
    throw new Error(CANARIES.listener);
  });
  agent.on('call_start', (call) => {
    void call.say(CANARIES.announced).catch(() => {});
    throw new Error(CANARIES.listener);
  });
}

async function converse(world: World): Promise<void> {
  stumble(world.agent);
  const call = world.ring(
    [
      waitForAgent(),
      utter('en/caller-barge'),
      waitForAgent(),
      press(CANARIES.digits),
      waitForAgent(),
      utter('en/caller-ask'),
      wait(3_000),
    ],
    CANARIES.caller,
  );
  await world.until(() => (world.agent.calls[0]?.state.dialogue ?? '').endsWith('listening'));
  world.session.sendMalformed();
  world.session.sendError({ message: CANARIES.thrown });
  call.faults.sendMedia(`{"event":"${CANARIES.heard}`);
  world.exchange.faults.sendControl(call.to, `{"event":"${CANARIES.heard}`);
  await world.over(call);
}

test('a conversation with everything in it: nothing of it in event log, logger, spans or outcome', async () => {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  const world = await createWorld({
    ...settings,
    script: SCRIPT,
    agent: {
      tools,
      tracing: { provider },
      screen: () => {
        throw new Error(CANARIES.screen);
      },
    },
  });
  await converse(world);
  const ends = world.toldOf('call_end').map(([, outcome]) => outcome);
  expect(ends).toHaveLength(1);
  expectClean('the event log', readLogs(world));
  expectClean('the logger', JSON.stringify(world.logged));
  const spans = exporter.getFinishedSpans();
  expect(spans.length).toBeGreaterThan(5);
  expectClean(
    'spans',
    JSON.stringify(
      spans.map(({ name, attributes, events, status }) => ({ name, attributes, events, status })),
    ),
  );
  expectClean('the outcome', JSON.stringify(ends));
  expectClean(
    'what the platform was told',
    JSON.stringify(
      world.exchange.calls().map(({ telemetry, metrics, failure }) => ({ telemetry, metrics, failure })),
    ),
  );
  expectClean(
    'turn, state and tool events',
    JSON.stringify(
      [world.toldOf('turn'), world.toldOf('state'), world.toldOf('tool_call')].map((list) =>
        list.map(([, ...rest]) => rest),
      ),
    ),
  );

  const record = readLogs(world, '.call.jsonl');
  for (const what of ['heard', 'said', 'argument', 'result'] as const) {
    expect(record.includes(CANARIES[what]), `${what} in the record, which was asked for`).toBe(true);
  }
  await world.close();
});

test('without `record` no file holds a word', async () => {
  const world = await createWorld({ ...settings, script: SCRIPT, agent: { tools }, record: false });
  await converse(world);
  expect(readLogs(world, '')).not.toBe('');
  expectClean('every file', readLogs(world, ''));
  await world.close();
});

test('failures at the door: no key, number or foreign text in the error', async () => {
  const errors: unknown[] = [];
  const refused = await createWorld({
    ...settings,
    clawops: { apiKey: 'sk_canary_platformX' },
    offline: true,
  });
  errors.push(await refused.during(refused.agent.connect().catch((error: unknown) => error)));
  await refused.close();

  const broken = await createWorld({
    ...settings,
    agent: {
      session: () => {
        throw new Error(CANARIES.session);
      },
    },
  });
  const call = broken.ring([wait(20_000)], CANARIES.caller);
  errors.push((await broken.over(call)).error);
  broken.exchange.faults.refuseOriginate = {
    status: 422,
    body: { code: 'invalid', message: CANARIES.callee },
  };
  const handle = await broken.during(broken.agent.call(CANARIES.callee));
  errors.push((await broken.during(handle.ended)).error);
  expectClean('the logger', JSON.stringify(broken.logged));
  expectClean('the event log', readLogs(broken));
  await broken.close();

  expect(errors).toHaveLength(3);
  for (const error of errors) {
    expect(error).toBeInstanceOf(OffhookError);
    expectClean('an error', `${String(error)} ${JSON.stringify(error)} ${(error as OffhookError).message}`);
  }
});
