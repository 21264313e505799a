/** @module Keys asked for and keys sent: each has one consumer, each wait an end, and each mistake a code. */
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { goSilent, press, wait, waitForAgent } from '../../src/exchange/index.ts';
import { defineTool } from '../../src/index.ts';
import { end, talking } from './talking.ts';
import { ANSWER, closeWorlds, createWorld, GREETING, heardAt, utter } from './world.ts';

afterEach(closeWorlds);

describe('collectDigits', () => {
  test('takes the digits up to the #, and the model is told nothing', async () => {
    const { world, call, handle } = await talking([waitForAgent(), wait(500), press('1234#'), goSilent()]);
    const collected = await world.during(handle.collectDigits({ max: 8 }));
    expect(collected).toEqual({ digits: '1234', reason: 'complete' });
    await world.clock.run(2_000);
    expect(JSON.stringify(world.session.received)).not.toContain('DTMF');
    await end(world, call);
  });

  test('takes exactly as many as asked for; what is pressed next is a turn of its own', async () => {
    const { world, call, handle } = await talking([waitForAgent(), wait(500), press('123456'), goSilent()]);
    const collected = await world.during(handle.collectDigits({ max: 4 }));
    expect(collected).toEqual({ digits: '1234', reason: 'complete' });
    await world.clock.run(3_000);
    expect(JSON.stringify(world.session.received)).toContain('[DTMF 입력: 56]');
    await end(world, call);
  });

  test('nobody presses: gives up after its time', async () => {
    const { world, call, handle } = await talking();
    const before = world.clock.now();
    expect(await world.during(handle.collectDigits({ max: 4, first: 2_000 }))).toEqual({
      digits: '',
      reason: 'timeout',
    });
    expect(world.clock.now() - before).toBe(2_000);
    await end(world, call);
  });

  test('stops in the middle: what came, after its time', async () => {
    const { world, call, handle } = await talking([waitForAgent(), wait(500), press('12'), goSilent()]);
    expect(await world.during(handle.collectDigits({ max: 4, next: 1_500 }))).toEqual({
      digits: '12',
      reason: 'timeout',
    });
    await end(world, call);
  });

  test('a second collector is refused while the first waits', async () => {
    const { world, call, handle } = await talking();
    const first = handle.collectDigits({ max: 4, first: 2_000 });
    await expect(handle.collectDigits({ max: 4 })).rejects.toMatchObject({ code: 'OFFHOOK_CALL_STATE' });
    await world.during(first);
    await end(world, call);
  });

  test.each([0, -1, 65, 1.5, Number.NaN])('max %d is refused', async (max) => {
    const { world, call, handle } = await talking();
    await expect(handle.collectDigits({ max })).rejects.toMatchObject({ code: 'OFFHOOK_OPTION_INVALID' });
    expect(handle.state.keypad).toBe('idle');
    await end(world, call);
  });

  test.each([{ first: Number.NaN }, { first: -1 }, { next: Number.POSITIVE_INFINITY }])(
    'times %j are refused',
    async (times) => {
      const { world, call, handle } = await talking();
      await expect(handle.collectDigits({ max: 4, ...times })).rejects.toMatchObject({
        code: 'OFFHOOK_OPTION_INVALID',
      });
      await end(world, call);
    },
  );

  test('from within a tool: the tool has the digits and the answer is heard', async () => {
    const pin = defineTool({
      name: 'ask_pin',
      description: 'Asks for the PIN.',
      parameters: z.object({}),
      execute: async (_args, { call }) => ({ length: (await call.collectDigits({ max: 4 })).digits.length }),
    });
    const world = await createWorld({
      script: [GREETING, { calls: ['ask_pin'], afterTools: ANSWER }],
      agent: { tools: [pin] },
    });
    const call = world.ring([
      waitForAgent(),
      utter('en/caller-barge'),
      wait(2_000),
      press('4711'),
      waitForAgent(),
    ]);
    await world.over(call);
    expect(world.session.toolOutputs.map(({ output }) => output)).toEqual(['{"length":4}']);
    expect(heardAt(call, ANSWER.audio!)).toBeDefined();
    await world.close();
  });

  test('still open when the call ends: refused by code', async () => {
    const { world, call, handle } = await talking();
    const refused = expect(handle.collectDigits({ max: 4, first: 60_000 })).rejects.toMatchObject({
      code: 'OFFHOOK_CALL_ENDED',
    });
    call.hangUp();
    await world.over(call);
    await refused;
    await world.close();
  });
});

describe('sendDigits', () => {
  test('presses them in order, with their pauses', async () => {
    const { world, call, handle } = await talking();
    const before = world.clock.now();
    await world.during(handle.sendDigits('12w#W9'));
    expect(world.clock.now() - before).toBe(1_500);
    await world.clock.run(100);
    const sent = call.events.flatMap((event) =>
      event.type === 'digit' && event.from === 'agent' ? [event.digit] : [],
    );
    expect(sent.join('')).toBe('12#9');
    await end(world, call);
  });

  test.each(['', '12a', '1 2', '１'])('%j is refused and nothing is sent', async (digits) => {
    const { world, call, handle } = await talking();
    await expect(handle.sendDigits(digits)).rejects.toMatchObject({ code: 'OFFHOOK_OPTION_INVALID' });
    await world.clock.run(100);
    expect(call.events.some(({ type }) => type === 'digit')).toBe(false);
    await end(world, call);
  });

  test('the call ends in a pause: refused by code, and no timer is left', async () => {
    const { world, call, handle } = await talking();
    const refused = expect(handle.sendDigits('1WWWW2')).rejects.toMatchObject({ code: 'OFFHOOK_CALL_ENDED' });
    await world.clock.run(500);
    call.hangUp();
    await world.over(call);
    await world.clock.run(5_000);
    await refused;
    await world.close();
  });
});
