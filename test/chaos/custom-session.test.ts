/**
 * @module A session that somebody else wrote, and wrote badly: whatever it throws, and whatever it reports that it
 * should not, the caller hears a sentence and the call has one end.
 */
import { afterEach, describe, expect, test } from 'vitest';
import { type CallerScript, goSilent, wait } from '../../src/exchange/index.ts';
import type { SessionSpec } from '../../src/index.ts';
import { openaiRealtime } from '../../src/providers/openai.ts';
import type { SessionConnection, SessionContext } from '../../src/providers/contract.ts';
import { chunkOfBytes } from '../../src/audio/chunk.ts';
import { closeWorlds, createWorld, expectHeard } from './world.ts';

afterEach(closeWorlds);

const STAYS: CallerScript = [goSilent()];
const broken = (): never => {
  throw new Error('a mistake in a session');
};

function specOf(open: (context: SessionContext) => SessionConnection): SessionSpec {
  const model = openaiRealtime({ instructions: 'x', apiKey: 'k', language: 'ko' });
  return { ...model, name: 'own', prepare: async () => {}, open };
}

const idle: SessionConnection = { order() {}, feed() {}, close() {} };

describe('a session whose', () => {
  const cases: [string, (context: SessionContext) => SessionConnection][] = [
    ['open throws', broken],
    ['open gives nothing', () => undefined as unknown as SessionConnection],
    [
      'order throws',
      (context) => {
        context.fact({ type: 'session.ready' });
        return { ...idle, order: broken };
      },
    ],
    [
      'facts name what never was',
      (context) => {
        context.clock.setTimeout(() => {
          context.fact({ type: 'gen.audio', gen: 99 });
          context.fact({ type: 'gen.done', gen: 99, audioMs: 5, tools: 3, reason: 'completed' });
          context.fact({ type: 'gen.failed', gen: -1, code: 'x' });
          context.fact({ type: 'tool.call', gen: 7, call: 'nobody', name: 'work' });
          context.fact({ type: 'nonsense' } as never);
          context.audio(chunkOfBytes(new Uint8Array(160), 99));
        }, 100);
        context.fact({ type: 'session.ready' });
        return idle;
      },
    ],
    [
      'connection is ready and then does nothing',
      (context) => {
        context.clock.setTimeout(() => context.fact({ type: 'session.ready' }), 10);
        return idle;
      },
    ],
  ];
  test.each(cases)(
    '%s: the caller hears the apology in their language, and the call ends once',
    async (_what, open) => {
      const world = await createWorld({ agent: { session: () => specOf(open) } });
      const call = world.ring([wait(60_000)]);
      await world.over(call);
      expectHeard(call, 'apology', 'ko');
      expect(world.toldOf('call_end')).toHaveLength(1);
      await world.close();
    },
  );

  test.each([10, 1_000])(
    'feed throws, ready after %i ms: it is given up, once, with an apology',
    async (ready) => {
      const world = await createWorld({
        agent: {
          session: () =>
            specOf((context) => {
              context.clock.setTimeout(() => context.fact({ type: 'session.ready' }), ready);
              return { ...idle, feed: broken };
            }),
        },
      });
      const call = world.ring([wait(30_000)]);
      const outcome = await world.over(call);
      expect(expectHeard(call, 'apology', 'ko')).toBeLessThan(3_000);
      expect(outcome).toMatchObject({ reason: 'session', error: { code: 'OFFHOOK_SESSION_FAILED' } });
      expect(world.logged.filter(({ message }) => message === 'a session cannot be fed')).toHaveLength(1);
      await world.close();
    },
  );

  test('close throws: the call ends all the same', async () => {
    const world = await createWorld({
      agent: {
        session: () =>
          specOf((context) => {
            context.clock.setTimeout(() => context.fact({ type: 'session.ready' }), 10);
            return { ...idle, close: broken };
          }),
      },
    });
    const call = world.ring(STAYS);
    await world.reach(/greeting|conversing/);
    call.hangUp();
    const outcome = await world.over(call);
    expect(outcome).toMatchObject({ status: 'completed', endedBy: 'caller' });
    await world.close();
  });
});
