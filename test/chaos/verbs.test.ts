/**
 * @module What a program asks of a running call: speech, audio, the end. Each verb settles on the fact, is refused by
 * code where the call's state forbids it, and then has sent nothing.
 */
import { afterEach, describe, expect, test } from 'vitest';
import { encode, transcode } from '../../src/audio/g711.ts';
import { wait, waitForAgent, goSilent } from '../../src/exchange/index.ts';
import type { CallHandle } from '../../src/index.ts';
import { scriptOf } from '../../src/testing/openai/index.ts';
import { end, STAYS, talking } from './talking.ts';
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
  type WorldOptions,
} from './world.ts';

afterEach(closeWorlds);

const LONG = line('en/agent-answer');

describe('say', () => {
  test('resolves with what was heard, once it was', async () => {
    const { world, call, handle } = await talking();
    const said = await world.during(handle.say(ANSWER.text));
    expect(said).toEqual({ heard: ANSWER.text, cut: false });
    expect(heardAt(call, ANSWER.audio!)).toBeDefined();
    await end(world, call);
  });

  test('cut off by the caller: says how far it came', async () => {
    const { world, call, handle } = await talking([wait(6_500), utter('en/caller-barge'), goSilent()], {
      script: [GREETING, { onInstructions: LONG }, { otherwise: ANSWER }],
    });
    const said = await world.during(handle.say(LONG.text));
    expect(said.cut).toBe(true);
    expect(said.heard.length).toBeGreaterThan(0);
    expect(LONG.text.startsWith(said.heard.slice(0, 5))).toBe(true);
    await end(world, call);
  });

  test('two at once are said one after the other, each with its own words', async () => {
    const { world, call, handle } = await talking(STAYS, {
      script: [
        GREETING,
        { onInstructions: (text: string) => (text.includes('Thursday') ? ANSWER : line('en/agent-goodbye')) },
      ],
    });
    const both = Promise.all([handle.say(line('en/agent-goodbye').text), handle.say(ANSWER.text)]);
    const said = await world.during(both);
    expect(said.map(({ cut }) => cut)).toEqual([false, false]);
    expect(heardAt(call, line('en/agent-goodbye').audio!)).toBeLessThan(heardAt(call, ANSWER.audio!)!);
    await end(world, call);
  });

  test('that the model answers with nothing: settles as not heard, and does not hang', async () => {
    const { world, call, handle } = await talking(STAYS, {
      script: [GREETING, { onInstructions: { fault: { kind: 'nothing', times: 9 } } }],
    });
    expect(await world.during(handle.say('Hello?'))).toEqual({ heard: '', cut: true });
    await end(world, call);
  });

  test('that the model refuses: settles as not heard', async () => {
    const { world, call, handle } = await talking(STAYS, {
      script: [
        GREETING,
        { onInstructions: { fault: { kind: 'refused', code: 'nope', tied: true, times: 9 } } },
      ],
    });
    expect(await world.during(handle.say('Hello?'))).toEqual({ heard: '', cut: true });
    await end(world, call);
  });

  test('while the session dies: settles, and the next one says its own words', async () => {
    let connection = 0;
    const { world, call, handle } = await talking(STAYS, {
      standIn: {
        script: () =>
          (connection += 1) === 1
            ? scriptOf(GREETING, { onInstructions: { fault: { kind: 'silent', times: 9 } } })
            : scriptOf({ onInstructions: (text: string) => (text.includes('second') ? ANSWER : undefined) }),
      },
    });
    const lost = handle.say('the first');
    const queued = handle.say('the one behind it');
    await world.clock.run(1_000);
    world.session.destroy();
    expect(await world.during(lost)).toMatchObject({ cut: true });
    expect(await world.during(queued)).toMatchObject({ cut: true });
    await world.reach(/listening/);
    await world.during(handle.say('the second'));
    const asked = world.session.received.filter(({ event }) => event.type === 'response.create');
    expect(JSON.stringify(asked.at(-1)!.event)).toContain('the second');
    await end(world, call);
  });

  test('before a reply of the model has ended: waits its turn', async () => {
    const world = await createWorld({
      script: [GREETING, { say: ANSWER }, { onInstructions: line('en/agent-goodbye') }],
    });
    const call = world.ring([waitForAgent(), utter('en/caller-barge'), goSilent()]);
    await world.reach(/speaking/);
    const said = await world.during(world.handle.say(line('en/agent-goodbye').text));
    expect(said.cut).toBe(false);
    expect(heardAt(call, ANSWER.audio!)).toBeDefined();
    expect(heardAt(call, line('en/agent-goodbye').audio!)).toBeGreaterThan(heardAt(call, ANSWER.audio!)!);
    await end(world, call);
  });

  test('still being said when the caller hangs up: says how far it came', async () => {
    const { world, call, handle } = await talking(STAYS, { script: [GREETING, { onInstructions: LONG }] });
    const said = handle.say(LONG.text);
    await world.clock.run(3_000);
    call.hangUp();
    await world.over(call);
    expect(await said).toMatchObject({ cut: true });
    expect((await said).heard).not.toBe('');
    await world.close();
  });
});

describe('sendAudio', () => {
  const tone = Int16Array.from({ length: 8_000 }, (_, index) => Math.round(8_000 * Math.sin(index / 3)));

  test('samples are heard as they are', async () => {
    const { world, call, handle } = await talking();
    handle.sendAudio(tone);
    await world.clock.run(2_000);
    expect(heardAt(call, encode('ulaw', tone))).toBeDefined();
    await end(world, call);
  });

  test.each(['ulaw', 'alaw'] as const)('%s bytes are heard', async (codec) => {
    const { world, call, handle } = await talking();
    const sent = encode(codec, tone);
    handle.sendAudio(sent, { codec });
    await world.clock.run(2_000);
    expect(heardOf(call, codec === 'ulaw' ? sent : transcode('alaw', 'ulaw', sent))).toBeGreaterThan(990);
    await end(world, call);
  });

  test('bytes without a codec, and what is no audio, are refused and nothing is sent', async () => {
    const { world, call, handle } = await talking();
    const before = call.arrivals.length;
    const wrong: unknown[] = [new Uint8Array(160), 'audio', undefined, [1, 2, 3], new Float32Array(8)];
    for (const audio of wrong) {
      expect(() => handle.sendAudio(audio as Int16Array)).toThrow(
        expect.objectContaining({ code: 'OFFHOOK_AUDIO_INVALID' }),
      );
    }
    await world.clock.run(100);
    expect(call.arrivals).toHaveLength(before);
    await end(world, call);
  });

  test('none at all plays nothing and wedges nothing', async () => {
    const { world, call, handle } = await talking(ASKS);
    handle.sendAudio(new Int16Array(0));
    await world.over(call);
    expect(heardAt(call, ANSWER.audio!)).toBeDefined();
    await world.close();
  });

  test('a caller who speaks over it is heard', async () => {
    const { world, call, handle } = await talking([wait(6_000), utter('en/caller-barge'), wait(8_000)]);
    handle.sendAudio(new Int16Array(80_000).map((_, index) => (index % 40) * 200));
    await world.over(call);
    expect(call.events.some(({ type }) => type === 'clear')).toBe(true);
    expect(heardAt(call, ANSWER.audio!)).toBeDefined();
    await world.close();
  });
});

describe('in a state that forbids it', () => {
  const all = (handle: CallHandle): Promise<unknown>[] => [
    handle.say('x'),
    handle.collectDigits({ max: 1 }),
    handle.sendDigits('1'),
    (async () => handle.sendAudio(new Int16Array(160)))(),
  ];

  const forbidden: [RegExp, string, WorldOptions][] = [
    [/^ringing/, 'OFFHOOK_CALL_STATE', { agent: { screen: () => new Promise<boolean>(() => {}) } }],
    [/^prewarm/, 'OFFHOOK_CALL_STATE', { standIn: { refuse: () => ({ mute: true }) } }],
    [/^closing/, 'OFFHOOK_CALL_STATE', { agent: { maxDuration: 5_000 } }],
  ];
  test.each(forbidden)(
    '%s: every verb is refused with %s and nothing is sent',
    async (place, code, options) => {
      const world = await createWorld(options);
      const call = world.ring(STAYS);
      await world.reach(place);
      const before = call.arrivals.length;
      for (const result of await Promise.allSettled(all(world.handle))) {
        expect(result).toMatchObject({ status: 'rejected', reason: { code } });
      }
      expect(call.arrivals).toHaveLength(before);
      expect(call.events.some(({ type }) => type === 'digit')).toBe(false);
      call.hangUp();
      await world.over(call);
      await world.close();
    },
  );

  test('after the end: every verb says that the call is over, and hangup resolves with its outcome', async () => {
    const { world, call, handle } = await talking();
    call.hangUp();
    const outcome = await world.over(call);
    for (const result of await Promise.allSettled(all(handle))) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'OFFHOOK_CALL_ENDED' } });
    }
    expect(await handle.hangup()).toEqual(outcome);
    expect(await handle.ended).toEqual(outcome);
    await world.close();
  });
});

test('hangup twice, and while the caller hangs up: one end', async () => {
  const { world, call, handle } = await talking();
  const first = handle.hangup('done');
  const second = handle.hangup('again');
  call.hangUp();
  await world.over(call);
  expect(await first).toEqual(await second);
  expect(world.toldOf('call_end')).toHaveLength(1);
  await world.close();
});

test('a verb called from within a listener works as anywhere else', async () => {
  const world = await createWorld({
    script: [GREETING, { onInstructions: ANSWER }, { otherwise: 'I see.' }],
  });
  world.agent.on('transcript', (call, role) => {
    if (role === 'user') void call.say(ANSWER.text);
  });
  world.agent.on('call_end', (call) => void call.say('too late').catch(() => {}));
  const call = world.ring([waitForAgent(), utter('en/caller-barge'), wait(10_000)]);
  await world.over(call);
  await world.close();
});
