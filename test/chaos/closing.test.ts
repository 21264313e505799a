/**
 * @module The agent closes while calls run: with a drain they finish, without one they are ended; new ones are turned
 * away meanwhile; and whatever state the network is in, closing comes to an end and leaves nothing.
 */
import { afterEach, describe, expect, test } from 'vitest';
import { type CallerScript, goSilent, waitForAgent } from '../../src/exchange/index.ts';
import { openSockets } from '../../src/testing/settle.ts';
import { ANSWER, ASKS, closeWorlds, createWorld, GREETING, heardAt, line, NUMBER, utter } from './world.ts';

afterEach(closeWorlds);

const STAYS: CallerScript = [goSilent()];

describe('close', () => {
  test('without a drain ends every call, in whatever state it is', async () => {
    const world = await createWorld();
    const calls = [
      world.ring(STAYS, '01000000001'),
      world.ring([waitForAgent(), utter('en/caller-barge'), goSilent()], '01000000002'),
    ];
    await world.reach(/speaking/);
    calls.push(world.ring(STAYS, '01000000003'));
    await world.clock.run(500);
    await world.during(world.agent.close(), 15_000);
    expect(world.agent.calls).toHaveLength(0);
    expect(world.toldOf('call_end')).toHaveLength(3);
    for (const [, outcome] of world.toldOf('call_end'))
      expect(outcome).toMatchObject({ status: 'completed', endedBy: 'agent' });
    await world.close();
  });

  test('lets the sentence under way be heard to its end', async () => {
    const world = await createWorld();
    const call = world.ring([waitForAgent(), utter('en/caller-barge'), goSilent()]);
    await world.reach(/speaking/);
    await world.during(world.agent.close(), 15_000);
    expect(heardAt(call, ANSWER.audio!)).toBeDefined();
    await world.close();
  });

  test('with a drain lets calls finish, and turns new ones away', async () => {
    const world = await createWorld();
    const call = world.ring(ASKS);
    await world.reach(/listening/);
    const closing = world.agent.close({ drain: 60_000 });
    const late = world.ring(STAYS, '01000000002');
    await world.during(late.ended);
    expect(late.failure).toMatchObject({ reason: 'OFFHOOK_CALL_STATE' });
    await expect(world.agent.call('01055556666')).rejects.toMatchObject({ code: 'OFFHOOK_CALL_STATE' });
    await world.during(closing);
    expect(heardAt(call, ANSWER.audio!)).toBeDefined();
    expect(world.toldOf('call_end')[0]![1]).toMatchObject({ endedBy: 'caller' });
    await world.close();
  });

  test('with a drain that is too short ends what is left when it is over', async () => {
    const world = await createWorld();
    world.ring(STAYS);
    await world.reach(/listening/);
    const before = world.clock.now();
    await world.during(world.agent.close({ drain: 5_000 }));
    expect(world.clock.now() - before).toBeGreaterThanOrEqual(5_000);
    expect(world.clock.now() - before).toBeLessThan(8_000);
    expect(world.toldOf('call_end')).toHaveLength(1);
    await world.close();
  });

  test('twice at once, and again afterwards, is the same as once', async () => {
    const world = await createWorld();
    world.ring(STAYS);
    await world.reach(/listening/);
    await world.during(Promise.all([world.agent.close(), world.agent.close({ drain: 1_000 })]));
    await world.during(world.agent.close());
    expect(world.toldOf('call_end')).toHaveLength(1);
    await world.close();
  });

  test('before it was ever connected does nothing', async () => {
    const world = await createWorld({ offline: true });
    await world.during(world.agent.close());
    await world.close();
  });

  test('while it connects ends the attempt', async () => {
    const world = await createWorld({ offline: true });
    world.exchange.faults.refuseControl = 503;
    const connecting = world.agent.connect();
    const failed = connecting.catch((error: unknown) => error);
    await world.clock.run(3_000);
    await world.during(world.agent.close());
    expect(await world.during(failed)).toMatchObject({ code: expect.stringMatching(/^OFFHOOK_/) });
    await world.clock.run(60_000);
    await world.close();
  });

  test('in the same breath as connect leaves no connection behind', async () => {
    const world = await createWorld({ offline: true });
    const failed = world.agent.connect().catch((error: unknown) => error);
    await world.during(world.agent.close());
    await world.clock.run(30_000);
    expect(await failed).toMatchObject({ code: 'OFFHOOK_CALL_STATE' });
    expect(world.exchange.serves(NUMBER)).toBe(false);
    await world.close();
  });

  test('while the link is down ends, and nothing knocks afterwards', async () => {
    const world = await createWorld();
    world.exchange.faults.refuseControl = 503;
    world.exchange.faults.dropControl(NUMBER);
    await world.clock.run(2_000);
    await world.during(world.agent.close());
    expect(world.clock.pending).toBe(0);
    await world.close();
  });

  test('after it: connecting again serves again', async () => {
    const world = await createWorld();
    await world.during(world.agent.close());
    await world.during(world.agent.connect());
    const call = world.ring(ASKS);
    await world.during(call.ended);
    expect(heardAt(call, ANSWER.audio!)).toBeDefined();
    await world.until(() => world.agent.calls.length === 0);
    await world.close();
  });

  test('a call that is dialled when the agent closes comes to its end', async () => {
    const world = await createWorld({ agent: { session: () => new Promise<never>(() => {}) } });
    const dialling = world.agent.call('01055556666');
    const settled = dialling.then((handle) => handle.ended);
    await world.clock.run(1_000);
    await world.during(world.agent.close());
    expect(await world.during(settled)).toMatchObject({ duration: 0 });
    expect(world.agent.calls).toHaveLength(0);
    await world.clock.run(10_000);
    expect(world.exchange.calls(), 'nobody is rung up by a closed agent').toHaveLength(0);
    await world.close();
  });
});

test('await using: the agent closes with its block', async () => {
  const world = await createWorld();
  world.ring(STAYS);
  await world.reach(/listening/);
  await world.during(world.agent[Symbol.asyncDispose]());
  expect(world.agent.calls).toHaveLength(0);
  await world.close();
});

test('the platform goes away in the middle of a call: one end, and the agent can be closed', async () => {
  const world = await createWorld({ script: [GREETING, { say: line('en/agent-answer') }] });
  world.ring([waitForAgent(), utter('en/caller-barge'), goSilent()]);
  await world.reach(/speaking/);
  await world.exchange.close();
  await world.until(() => world.agent.calls.length === 0, 60_000);
  expect(world.toldOf('call_end')).toHaveLength(1);
  await world.during(world.agent.close());
  await world.standIn.close();
  await world.clock.run(0);
  expect(openSockets()).toBe(0);
  await world.close();
});

test('the model goes away for all calls at once: each caller hears the apology, each call ends once', async () => {
  const world = await createWorld();
  const calls = ['01000000001', '01000000002', '01000000003'].map((from) => world.ring(STAYS, from));
  await world.until(() => world.standIn.sessions.length === 3);
  await world.clock.run(5_000);
  await world.standIn.close();
  await world.during(Promise.all(calls.map(({ ended }) => ended)));
  await world.until(() => world.agent.calls.length === 0);
  expect(world.toldOf('call_end')).toHaveLength(3);
  for (const [, outcome] of world.toldOf('call_end')) {
    expect(outcome).toMatchObject({
      status: 'failed',
      reason: 'session',
      error: { code: 'OFFHOOK_SESSION_FAILED' },
    });
  }
  await world.close();
});
