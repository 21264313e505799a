/**
 * @module A tool is running when something else happens: the session is lost, the caller speaks or hangs up, the agent
 * closes. It runs once, its result reaches the model or is given up, and the call ends once.
 */
import { afterEach, describe, expect, test } from 'vitest';
import { goSilent, hangUp, wait, waitForAgent } from '../../src/exchange/index.ts';
import { scriptOf } from '../../src/testing/openai/index.ts';
import { AFTER, CALLS, lastCall, tool } from './tools.ts';
import {
  ANSWER,
  asksAndStays,
  closeWorlds,
  createWorld,
  GREETING,
  heardAt,
  utter,
  type World,
} from './world.ts';

afterEach(closeWorlds);

describe('when the session is lost', () => {
  test('while a tool runs: it runs once, its result is handed over, the answer is heard', async () => {
    let runs = 0;
    let settle: (value: unknown) => void = () => {};
    let connection = 0;
    const world = await createWorld({
      agent: {
        tools: [
          tool(() => {
            runs += 1;
            return new Promise((resolve) => (settle = resolve));
          }),
        ],
      },
      standIn: {
        script: () => {
          connection += 1;
          return connection === 1
            ? scriptOf(...CALLS)
            : scriptOf({ greeting: ANSWER, onToolResult: ANSWER, otherwise: ANSWER });
        },
      },
    });
    const call = world.ring(asksAndStays(15_000));
    await world.reach(/awaitingTools/);
    world.session.destroy();
    await world.until(() => world.standIn.sessions.length === 2);
    await world.reach(/conversing/);
    await world.clock.run(500);
    settle({ status: 'ok' });
    await world.over(call);
    expect(runs).toBe(1);
    const given = JSON.stringify(world.session.items);
    expect(given).toContain('function_call_output');
    expect(heardAt(call, ANSWER.audio!)).toBeDefined();
    await world.close();
  });

  test('after a tool has finished and before its answer: it is not run again', async () => {
    let runs = 0;
    let connection = 0;
    const world = await createWorld({
      agent: {
        tools: [
          tool(() => {
            runs += 1;
            return { done: true };
          }),
        ],
      },
      standIn: {
        script: () => {
          connection += 1;
          return connection === 1
            ? scriptOf(GREETING, {
                calls: [{ name: 'work', arguments: { order: '1' } }],
                afterTools: { say: ANSWER, firstAudioMs: 3_000 },
              })
            : scriptOf({ greeting: ANSWER, otherwise: ANSWER });
        },
      },
    });
    const call = world.ring(asksAndStays(15_000));
    await world.until(() => world.toldOf('tool_call').length === 1);
    await world.clock.run(500);
    world.session.destroy();
    await world.over(call);
    expect(runs).toBe(1);
    expect(JSON.stringify(world.session.items)).toContain('function_call_output');
    expect(heardAt(call, ANSWER.audio!)).toBeDefined();
    await world.close();
  });
});

describe('when the caller speaks over a running tool', () => {
  const interrupted = async (
    onInterrupt: 'keep' | 'cancel',
  ): Promise<{ world: World; reasons: unknown[]; outputs: string[] }> => {
    const reasons: unknown[] = [];
    let settle: (value: unknown) => void = () => {};
    const world = await createWorld({
      script: CALLS,
      agent: {
        tools: [
          tool(
            (_args, { signal }) => {
              signal.addEventListener('abort', () => reasons.push(signal.reason));
              return new Promise((resolve) => (settle = resolve));
            },
            { onInterrupt },
          ),
        ],
      },
    });
    const call = world.ring([
      waitForAgent(),
      utter('en/caller-barge'),
      wait(2_500),
      utter('en/caller-barge'),
      wait(12_000),
    ]);
    await world.reach(/awaitingTools/);
    await world.until(() => world.handle.state.floor === 'voiced');
    await world.clock.run(1_000);
    settle({ kept: true });
    await world.over(call);
    return { world, reasons, outputs: world.session.toolOutputs.map(({ output }) => output) };
  };

  test('keep: it goes on, and its result reaches the model', async () => {
    const { world, reasons, outputs } = await interrupted('keep');
    expect(reasons).toHaveLength(0);
    expect(outputs).toEqual(['{"kept":true}']);
    expect(heardAt(lastCall(world), AFTER.audio!)).toBeDefined();
    await world.close();
  });

  test('cancel: it is aborted, and the model is told that it was interrupted', async () => {
    const { world, reasons, outputs } = await interrupted('cancel');
    expect(reasons).toHaveLength(1);
    expect(outputs).toHaveLength(1);
    expect(outputs[0]).toContain('interrupted');
    expect(heardAt(lastCall(world), AFTER.audio!)).toBeDefined();
    await world.close();
  });
});

describe('when the call ends over a running tool', () => {
  const hungUp = async (onHangup: 'cancel' | 'finish', end: (world: World) => void) => {
    let aborted = 0;
    let finished = 0;
    let settle: (value: unknown) => void = () => {};
    const world = await createWorld({
      script: CALLS,
      agent: {
        tools: [
          tool(
            async (_args, { signal }) => {
              signal.addEventListener('abort', () => (aborted += 1));
              await new Promise((resolve) => (settle = resolve));
              finished += 1;
            },
            { onHangup },
          ),
        ],
      },
    });
    const call = world.ring([waitForAgent(), utter('en/caller-barge'), goSilent()]);
    await world.reach(/awaitingTools/);
    end(world);
    await world.clock.run(5_000);
    const waiting = world.agent.calls.length;
    settle(undefined);
    const outcome = await world.over(call);
    return { world, outcome, aborted, finished, waiting };
  };

  test('cancel: the caller hangs up, it is aborted, and the call is over', async () => {
    const { world, aborted, waiting } = await hungUp('cancel', (world) => lastCall(world).hangUp());
    expect(aborted).toBe(1);
    expect(waiting).toBe(0);
    expect(world.told.at(-1)?.name, 'nothing is told after the end').toBe('call_end');
    await world.close();
  });

  test('finish: the caller hangs up, the call settles only when it has finished', async () => {
    const { world, aborted, finished, waiting, outcome } = await hungUp('finish', (world) =>
      lastCall(world).hangUp(),
    );
    expect(aborted).toBe(0);
    expect(waiting).toBe(1);
    expect(finished).toBe(1);
    expect(outcome).toMatchObject({ status: 'completed', endedBy: 'caller' });
    expect(world.toldOf('tool_call')[0]![1]).toMatchObject({ ok: true });
    await world.close();
  });

  test('finish: one that never does is given up after its time, and the call is over', async () => {
    const world = await createWorld({
      script: CALLS,
      agent: { tools: [tool(() => new Promise(() => {}), { onHangup: 'finish', timeout: 600_000 })] },
    });
    const call = world.ring([waitForAgent(), utter('en/caller-barge'), wait(3_000), hangUp()]);
    await world.during(call.ended);
    await world.until(() => world.agent.calls.length === 0, 40_000);
    expect(world.toldOf('call_end')).toHaveLength(1);
    await world.close();
  });

  test('the agent closes: it is aborted, the caller is not left alone, nothing is left', async () => {
    const { world, aborted } = await hungUp('cancel', (world) => void world.agent.close());
    expect(aborted).toBe(1);
    await world.close();
  });
});
