/**
 * @module What a tool can do wrong, and how a model can call it wrongly. The model is told each time and goes on;
 * nothing is done twice.
 */
import { afterEach, describe, expect, test } from 'vitest';
import { goSilent, bargeIn, waitForAgent } from '../../src/exchange/index.ts';
import { voice } from '../../src/testing/voices.ts';
import { AFTER, CALLS, type Execute, lastCall, tool } from './tools.ts';
import {
  ANSWER,
  asksAndStays,
  closeWorlds,
  createWorld,
  expectHeard,
  GREETING,
  heardAt,
  utter,
  type World,
} from './world.ts';

afterEach(closeWorlds);

/** One question that needs the tool. */
async function work(
  execute: Execute,
  options: object = {},
  script: readonly object[] = CALLS,
): Promise<World> {
  const world = await createWorld({ script, agent: { tools: [tool(execute, options)] } });
  const call = world.ring([waitForAgent(), utter('en/caller-barge'), waitForAgent({ timeoutMs: 50_000 })]);
  await world.over(call);
  return world;
}

describe('a tool that', () => {
  const cyclic: Record<string, unknown> = {};
  cyclic['self'] = cyclic;
  const cases: [string, Execute, string][] = [
    [
      'throws',
      () => {
        throw new Error('the database says 4821');
      },
      'OFFHOOK_TOOL_FAILED',
    ],
    [
      'throws what is no error',
      () => {
        throw 'text';
      },
      'OFFHOOK_TOOL_FAILED',
    ],
    [
      'throws later',
      async () => {
        await Promise.resolve();
        throw new TypeError('late');
      },
      'OFFHOOK_TOOL_FAILED',
    ],
    ['returns a cycle', () => cyclic, 'OFFHOOK_TOOL_RESULT'],
    ['returns a BigInt', () => ({ n: 1n }), 'OFFHOOK_TOOL_RESULT'],
    ['returns a function', () => ({ f: () => 1 }), 'OFFHOOK_TOOL_RESULT'],
    [
      'returns what throws when written',
      () => ({
        toJSON() {
          throw new Error('no');
        },
      }),
      'OFFHOOK_TOOL_RESULT',
    ],
  ];
  test.each(cases)('%s: the model is told, and its next answer is heard', async (_what, execute, code) => {
    const world = await work(execute);
    expect(world.toldOf('tool_call').map(([, details]) => details)).toMatchObject([
      { name: 'work', ok: false, code },
    ]);
    expect(world.session.toolOutputs).toHaveLength(1);
    expect(heardAt(lastCall(world), ANSWER.audio!)).toBeDefined();
    await world.close();
  });

  test('does not come back: it ends at its timeout, and what it does later changes nothing', async () => {
    let settle: (value: unknown) => void = () => {};
    let aborted = false;
    const world = await createWorld({
      script: CALLS,
      agent: {
        tools: [
          tool(
            (_args, { signal }) => {
              signal.addEventListener('abort', () => (aborted = true));
              return new Promise((resolve) => (settle = resolve));
            },
            { timeout: 2_000 },
          ),
        ],
      },
    });
    const call = world.ring(asksAndStays(12_000));
    await world.until(() => world.toldOf('tool_call').length > 0);
    expect(world.toldOf('tool_call')[0]![1]).toMatchObject({ ok: false, code: 'OFFHOOK_TOOL_TIMEOUT' });
    expect(aborted).toBe(true);
    settle({ too: 'late' });
    await world.over(call);
    expect(world.session.toolOutputs, 'one result').toHaveLength(1);
    expect(heardAt(call, ANSWER.audio!)).toBeDefined();
    await world.close();
  });

  test('takes 20 s: the caller hears a word after eight seconds of silence, and then the answer', async () => {
    const world = await createWorld({
      script: CALLS,
      agent: { tools: [tool(() => new Promise(() => {}), { timeout: 20_000 })] },
    });
    const call = world.ring(asksAndStays(30_000));
    await world.over(call);
    const { at: opened } = call.events.find(({ type }) => type === 'mediaOpened')!;
    const asked = call.events.findLast(({ type }) => type === 'callerVoiceStop')!.at - opened;
    const filler = expectHeard(call, 'filler');
    expect(filler - asked).toBeGreaterThan(8_000);
    expect(filler - asked).toBeLessThan(10_500);
    expect(heardAt(call, ANSWER.audio!, filler)).toBeDefined();
    await world.close();
  });

  test('returns 100 KB: the model gets 32 KB and a note', async () => {
    const world = await work(() => 'x'.repeat(100_000));
    const [{ output } = { output: '' }] = world.session.toolOutputs;
    expect(Buffer.byteLength(output)).toBeLessThanOrEqual(32 * 1024);
    expect(output).toContain('cut');
    expect(heardAt(lastCall(world), ANSWER.audio!)).toBeDefined();
    await world.close();
  });

  test('says something while it works: it is heard, and so is the answer', async () => {
    const world = await createWorld({
      script: [...CALLS, { onInstructions: AFTER }],
      agent: {
        tools: [
          tool(async (_args, { say, progress }) => {
            say('One second.');
            progress({ looked: 3 });
            return 1;
          }),
        ],
      },
    });
    const reported: unknown[] = [];
    world.agent.on('tool_progress', (_call, details) => reported.push(details));
    const call = world.ring(asksAndStays(15_000));
    await world.over(call);
    expect(heardAt(call, AFTER.audio!)).toBeDefined();
    expect(heardAt(call, ANSWER.audio!)).toBeDefined();
    expect(reported).toMatchObject([{ update: { looked: 3 } }]);
    await world.close();
  });
});

describe('a call of a tool', () => {
  const answered = async (
    calls: readonly object[],
    code: string | undefined,
    runs: number,
  ): Promise<void> => {
    let count = 0;
    const world = await work(() => (count += 1), {}, [GREETING, { calls, afterTools: ANSWER }]);
    expect(count).toBe(runs);
    if (code)
      expect(world.toldOf('tool_call').map(([, details]) => details)).toMatchObject([{ ok: false, code }]);
    expect(world.session.toolOutputs).toHaveLength(calls.length);
    expect(heardAt(lastCall(world), ANSWER.audio!)).toBeDefined();
    await world.close();
  };

  test('that does not exist: the model is told and answers', () =>
    answered([{ name: 'nothing' }], 'OFFHOOK_TOOL_UNKNOWN', 0));
  test('named like something every object has', () =>
    answered([{ name: 'constructor' }], 'OFFHOOK_TOOL_UNKNOWN', 0));
  test('with arguments that are no JSON', () =>
    answered([{ name: 'work', arguments: '{"order": "48' }], 'OFFHOOK_TOOL_ARGUMENTS', 0));
  test('with arguments that do not fit', () =>
    answered([{ name: 'work', arguments: { order: 5 } }], 'OFFHOOK_TOOL_ARGUMENTS', 0));
  test('with no arguments', () => answered([{ name: 'work', arguments: '' }], 'OFFHOOK_TOOL_ARGUMENTS', 0));
  test('several at once: all run, and one answer is asked for', () =>
    answered(
      [
        { name: 'work', arguments: { order: '1' } },
        { name: 'work', arguments: { order: '2' } },
      ],
      undefined,
      2,
    ));
});

test('a model that calls tools in circles is stopped, and the caller hears the apology', async () => {
  const again: object = { calls: [{ name: 'work', arguments: { order: '1' } }] };
  const world = await createWorld({
    script: [GREETING, { ...again, afterTools: again }, { onToolResult: again }, { otherwise: again }],
    agent: { tools: [tool(() => 1)] },
  });
  const call = world.ring(asksAndStays(30_000));
  await world.over(call);
  expect(world.toldOf('tool_call').length).toBeLessThanOrEqual(11);
  expectHeard(call, 'apology');
  await world.close();
});

test('hang_up called beside another tool: the other runs first, the goodbye is heard whole, nobody hangs up twice', async () => {
  let runs = 0;
  const world = await createWorld({
    script: [
      GREETING,
      { say: AFTER, calls: [{ name: 'work', arguments: { order: '1' } }, 'hang_up', 'hang_up'] },
    ],
    agent: { tools: [tool(() => (runs += 1))] },
  });
  const call = world.ring([waitForAgent(), utter('en/caller-thanks'), goSilent()]);
  const outcome = await world.over(call);
  expect(runs).toBe(1);
  expect(heardAt(call, AFTER.audio!)).toBeDefined();
  expect(outcome).toMatchObject({ status: 'completed', endedBy: 'agent' });
  await world.close();
});

test('a caller who speaks over the goodbye does not keep the line open', async () => {
  const world = await createWorld({
    script: [GREETING, { say: AFTER, calls: ['hang_up'] }, { otherwise: ANSWER }],
  });
  const call = world.ring([
    waitForAgent(),
    utter('en/caller-thanks'),
    bargeIn({ name: 'barge', audio: voice('en/caller-barge').audio }, { afterMs: 1_000 }),
    goSilent(),
  ]);
  const outcome = await world.over(call);
  expect(outcome).toMatchObject({ status: 'completed' });
  await world.close();
});
