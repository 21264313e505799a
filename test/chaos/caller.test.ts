/**
 * @module What callers do: hang up in every state, fall silent, press keys when nobody asked, talk without end. Each
 * call has exactly one end, and nothing of it is left.
 */
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  type CallerScript,
  goSilent,
  hangUp,
  muteFrames,
  press,
  wait,
  waitForAgent,
} from '../../src/exchange/index.ts';
import { defineTool } from '../../src/index.ts';
import { scriptOf } from '../../src/testing/openai/index.ts';
import {
  ANSWER,
  ASKS,
  closeWorlds,
  createWorld,
  GREETING,
  heardAt,
  heardOf,
  line,
  utter,
  type World,
  type WorldOptions,
} from './world.ts';

afterEach(closeWorlds);

const GREETED = line('en/agent-greeting').audio!;
const ASKED: CallerScript = [waitForAgent(), utter('en/caller-barge'), goSilent()];
const never = <T>(): Promise<T> => new Promise(() => {});
const sleeper = defineTool({
  name: 'work',
  description: 'Works.',
  parameters: z.object({}),
  execute: () => never<unknown>(),
});

/** A state of the dialogue, how a call gets there, and what the caller does for it. */
const PLACES: [RegExp, WorldOptions, CallerScript][] = [
  [/^ringing.screening/, { agent: { screen: () => never<boolean>() } }, [goSilent()]],
  [/^ringing.opening/, {}, [goSilent()]],
  [/^prewarm/, { standIn: { refuse: () => ({ mute: true }) } }, [goSilent()]],
  [/^greeting.open/, {}, [goSilent()]],
  [/^greeting.closed/, { model: { greeting: { interruptible: false } } }, [goSilent()]],
  [/^conversing.listening/, {}, [goSilent()]],
  [/^conversing.thinking.generating/, { script: [GREETING, { fault: { kind: 'silent' } }] }, ASKED],
  [/^conversing.speaking.generating/, { standIn: { speedup: 1.1 } }, ASKED],
  [/^conversing.speaking.draining/, {}, ASKED],
  [
    /^conversing.thinking.awaitingTools/,
    { script: [GREETING, { calls: ['work'] }], agent: { tools: [sleeper] } },
    ASKED,
  ],
  [
    /^reconnecting/,
    {
      standIn: { refuse: ({ connection }) => (connection > 1 ? { mute: true } : undefined) },
      script: [GREETING, { say: ANSWER, fault: { kind: 'destroy', afterMs: 500 } }],
    },
    ASKED,
  ],
  [/^closing.farewell/, { script: [GREETING, { say: ANSWER, calls: ['hang_up'] }] }, ASKED],
];

describe('the caller hangs up', () => {
  test.each(PLACES)('in %s: one end, and nothing left open', async (place, options, script) => {
    const world = await createWorld(options);
    const call = world.ring(script);
    await world.reach(place);
    call.hangUp();
    const outcome = await world.over(call);
    expect(world.toldOf('call_end').length + world.toldOf('call_failed').length).toBe(1);
    expect(world.toldOf('call_end')).toHaveLength(world.toldOf('call_start').length);
    expect(outcome.duration).toBeGreaterThanOrEqual(0);
    await world.close();
  });

  test.each(PLACES)(
    'or the agent does, in %s: one end, and nothing left open',
    async (place, options, script) => {
      const world = await createWorld(options);
      const call = world.ring(script);
      await world.reach(place);
      const handle = world.handle;
      const outcome = await world.during(handle.hangup());
      await world.over(call);
      expect(world.toldOf('call_end').length + world.toldOf('call_failed').length).toBe(1);
      expect(outcome.endedBy).toBe('agent');
      await world.close();
    },
  );

  test('before the agent has taken the call: nothing was paid for, and it has failed', async () => {
    const world = await createWorld({ agent: { screen: () => never<boolean>() } });
    const call = world.ring([goSilent()]);
    await world.clock.run(1_000);
    call.hangUp();
    const outcome = await world.over(call);
    expect(outcome).toMatchObject({ status: 'canceled', endedBy: 'caller', duration: 0 });
    expect(world.toldOf('call_failed')).toHaveLength(1);
    expect(world.standIn.counters.connections).toBe(0);
    await world.close();
  });
});

describe('an outbound call', () => {
  const dial = async (world: World): Promise<Awaited<ReturnType<World['agent']['call']>>> =>
    await world.during(world.agent.call('01055556666', { ringTimeout: 20_000 }));

  test.each(['busy', 'no-answer', 'rejected', 'failed'] as const)(
    'that ends %s: call_failed says so, and nothing is left',
    async (outcome) => {
      const world = await createWorld();
      world.exchange.onOutbound(() => ({ outcome, after: 1_000 }));
      const handle = await dial(world);
      expect(await world.during(handle.ended)).toMatchObject({ status: outcome, duration: 0 });
      expect(world.toldOf('call_failed')).toMatchObject([
        [{ direction: 'outbound' }, outcome, { status: outcome }],
      ]);
      expect(world.toldOf('call_start')).toHaveLength(0);
      await world.close();
    },
  );

  test('that is answered: the greeting made while it rang is heard at once', async () => {
    const world = await createWorld();
    world.exchange.onOutbound(() => ({ outcome: 'answer', after: 3_000, script: ASKS }));
    const handle = await dial(world);
    expect((await world.during(handle.ended)).status).toBe('completed');
    const call = world.exchange.calls()[0]!;
    expect(heardAt(call, GREETED)).toBeLessThan(1_000);
    expect(heardAt(call, ANSWER.audio!)).toBeDefined();
    expect(world.toldOf('call_start')).toHaveLength(1);
    expect(world.toldOf('call_end')).toHaveLength(1);
    await world.close();
  });

  test.each([/^ringing.outbound.dialling/, /^ringing.outbound.alerting/])(
    'called off in %s: one end, nobody is left ringing',
    async (place) => {
      const world = await createWorld();
      world.exchange.onOutbound(() => ({ outcome: 'no-answer' }));
      const handle = await dial(world);
      await world.reach(place);
      const outcome = await world.during(handle.hangup());
      expect(outcome).toMatchObject({ endedBy: 'agent', duration: 0 });
      await world.clock.run(10_000);
      expect(
        world.exchange.calls().every(({ status }) => status === 'canceled' || status === 'completed'),
      ).toBe(true);
      expect(world.toldOf('call_failed')).toHaveLength(1);
      await world.close();
    },
  );

  test.each([
    [401, 'OFFHOOK_AUTH_REFUSED'],
    [403, 'OFFHOOK_AUTH_REFUSED'],
    [409, 'OFFHOOK_NUMBER_NOT_SERVED'],
    [422, 'OFFHOOK_DIAL_REFUSED'],
    [500, 'OFFHOOK_DIAL_REFUSED'],
  ] as const)(
    'the platform refuses with %i: call_failed with the code, once, and no second attempt',
    async (status, code) => {
      const world = await createWorld();
      world.exchange.faults.refuseOriginate = { status };
      const handle = await dial(world);
      const outcome = await world.during(handle.ended);
      expect(outcome).toMatchObject({ status: 'failed', endedBy: 'platform', error: { code } });
      expect(world.toldOf('call_failed')).toHaveLength(1);
      expect(world.exchange.calls()).toHaveLength(0);
      await world.close();
    },
  );

  test.each(['', '   '])('to %j is refused before anything is dialled', async (to) => {
    const world = await createWorld();
    await expect(world.agent.call(to)).rejects.toMatchObject({ code: 'OFFHOOK_OPTION_INVALID' });
    await world.close();
  });
});

describe('a caller who', () => {
  test('sends no more audio: the line is given up after its time, with a code', async () => {
    const world = await createWorld();
    const call = world.ring([waitForAgent(), muteFrames(10_000)]);
    const outcome = await world.over(call);
    expect(outcome).toMatchObject({
      status: 'failed',
      reason: 'media',
      error: { code: 'OFFHOOK_MEDIA_FAILED' },
    });
    await world.close();
  });

  test('loses a second of audio: nothing happens', async () => {
    const world = await createWorld();
    const call = world.ring([waitForAgent(), muteFrames(50), utter('en/caller-barge'), waitForAgent()]);
    const outcome = await world.over(call);
    expect(heardAt(call, ANSWER.audio!)).toBeDefined();
    expect(outcome.status).toBe('completed');
    await world.close();
  });

  test('says nothing for minutes: the agent waits, and the call is theirs to end', async () => {
    const world = await createWorld();
    const call = world.ring([waitForAgent(), wait(120_000), utter('en/caller-barge'), waitForAgent()]);
    await world.over(call);
    expect(heardAt(call, ANSWER.audio!)).toBeDefined();
    await world.close();
  });

  test('presses keys nobody asked for: the model is told once, half a second after the last', async () => {
    const world = await createWorld({ script: [GREETING, { onDigits: ANSWER }] });
    const call = world.ring([waitForAgent(), press('1234#'), waitForAgent()]);
    await world.over(call);
    const told = world.session.received.filter(({ event }) => JSON.stringify(event).includes('DTMF'));
    expect(told).toHaveLength(1);
    expect(JSON.stringify(told[0]!.event)).toContain('[DTMF 입력: 1234#]');
    const last = call.events.findLast(({ type }) => type === 'digit')!;
    expect(told[0]!.at - last.at).toBeGreaterThanOrEqual(500);
    expect(told[0]!.at - last.at).toBeLessThan(600);
    expect(heardAt(call, ANSWER.audio!)).toBeDefined();
    expect(
      world
        .toldOf('dtmf')
        .map(([, key]) => key)
        .join(''),
    ).toBe('1234#');
    await world.close();
  });

  test('presses keys while the agent speaks: it is not interrupted, and answers them afterwards', async () => {
    const world = await createWorld({
      script: [GREETING, { say: line('en/agent-answer') }, { onDigits: ANSWER }],
    });
    const call = world.ring([
      waitForAgent(),
      utter('en/caller-ask'),
      wait(3_000),
      press('42'),
      waitForAgent({ timeoutMs: 40_000 }),
    ]);
    await world.over(call);
    const spoken = heardAt(call, line('en/agent-answer').audio!);
    expect(spoken).toBeDefined();
    expect(heardAt(call, ANSWER.audio!)).toBeGreaterThan(spoken!);
    expect(call.events.some(({ type }) => type === 'clear')).toBe(false);
    await world.close();
  });

  test('presses keys just before the session is lost: the next session is told of them', async () => {
    let connection = 0;
    const world = await createWorld({
      standIn: {
        script: () =>
          (connection += 1) === 1
            ? scriptOf(GREETING, { onDigits: { say: line('en/agent-answer') } })
            : scriptOf({ otherwise: ANSWER, greeting: ANSWER, onDigits: ANSWER }),
      },
    });
    const call = world.ring([waitForAgent(), press('77'), wait(12_000)]);
    await world.reach(/speaking/);
    await world.reach(/speaking/);
    await world.until(() => heardOf(call, line('en/agent-answer').audio!) > 500);
    world.session.destroy();
    await world.over(call);
    expect(JSON.stringify(world.session.items)).toContain('[DTMF 입력: 77]');
    await world.close();
  });

  test('talks without end: after 15 s the agent answers all the same', async () => {
    const world = await createWorld({ script: [GREETING, { otherwise: ANSWER }] });
    const long = line('en/agent-answer').audio!;
    const babble = Buffer.concat([long, long, long]);
    const call = world.ring([waitForAgent(), { kind: 'say', name: 'babble', audio: babble }, waitForAgent()]);
    await world.over(call);
    expect(heardAt(call, ANSWER.audio!)).toBeDefined();
    await world.close();
  });

  test('speaks over every sentence of the agent: none is heard whole, none comes twice, the last is heard', async () => {
    const world = await createWorld({
      script: [GREETING, { say: line('en/agent-answer') }, { say: line('en/agent-answer') }, { say: ANSWER }],
    });
    const over: CallerScript = [
      {
        kind: 'bargeIn',
        name: 'over',
        audio: line('en/caller-barge').audio!,
        afterMs: 1_000,
        timeoutMs: 20_000,
      },
    ];
    const call = world.ring([waitForAgent(), utter('en/caller-ask'), ...over, ...over, waitForAgent()]);
    await world.over(call);
    expect(heardAt(call, line('en/agent-answer').audio!)).toBeUndefined();
    expect(heardAt(call, ANSWER.audio!)).toBeDefined();
    expect(world.toldOf('barge_in')).toHaveLength(2);
    await world.close();
  });
});

test('three callers at once, each with another trouble: none feels the others', async () => {
  const world = await createWorld();
  const first = world.ring(ASKS, '01000000001');
  const second = world.ring([waitForAgent(), hangUp()], '01000000002');
  const third = world.ring(ASKS, '01000000003');
  await world.until(() => world.agent.calls.length === 3);
  await world.until(() => world.standIn.sessions.length === 3);
  await world.clock.run(6_000);
  third.faults.dropMedia();
  await world.during(Promise.all([first.ended, second.ended, third.ended]));
  await world.until(() => world.agent.calls.length === 0);
  expect(heardAt(first, ANSWER.audio!)).toBeDefined();
  expect(world.toldOf('call_end')).toHaveLength(3);
  await world.close();
});
