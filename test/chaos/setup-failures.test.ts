/**
 * @module What can be wrong before anybody has spoken: keys, factories, screens, listeners, limits. Each has its code,
 * and a caller who got through hears a sentence.
 */
import { afterEach, describe, expect, test } from 'vitest';
import { decode } from '../../src/audio/g711.ts';
import { type CallerScript, createExchange, goSilent } from '../../src/exchange/index.ts';
import { clawops } from '../../src/clawops.ts';
import { createAgent, type SessionSpec } from '../../src/index.ts';
import { openaiRealtime } from '../../src/providers/openai.ts';
import {
  ANSWER,
  ASKS,
  closeWorlds,
  createWorld,
  expectHeard,
  heardAt,
  KEY,
  line,
  NUMBER,
  type World,
} from './world.ts';

afterEach(closeWorlds);

const GREETED = line('en/agent-greeting').audio!;
const STAYS: CallerScript = [goSilent()];

const never = <T>(): Promise<T> => new Promise(() => {});

describe('keys', () => {
  test('a wrong ClawOps key: connect refuses for good, and nobody knocks a second time', async () => {
    const world = await createWorld({ offline: true, clawops: { apiKey: 'sk_wrong' } });
    await expect(world.during(world.agent.connect())).rejects.toMatchObject({
      code: 'OFFHOOK_AUTH_REFUSED',
      retryable: false,
    });
    await world.clock.run(120_000);
    expect(world.exchange.serves(NUMBER)).toBe(false);
    expect(world.clock.pending, 'no retry is armed').toBe(0);
    await world.close();
  });

  test('one of two numbers refused: connect fails, and the other does not serve half an agent', async () => {
    const world = await createWorld({ offline: true });
    const options = { accountId: 'AC_local', baseUrl: world.url };
    const agent = createAgent(
      {
        transports: [
          clawops({ ...options, number: NUMBER, apiKey: KEY }),
          clawops({ ...options, number: '07000000000', apiKey: 'sk_wrong' }),
        ],
        session: () => openaiRealtime({ instructions: 'x', apiKey: 'k', baseUrl: world.modelUrl }),
      },
      { clock: world.clock },
    );
    await expect(world.during(agent.connect())).rejects.toMatchObject({ code: 'OFFHOOK_AUTH_REFUSED' });
    await world.clock.run(60_000);
    expect(world.exchange.serves(NUMBER)).toBe(false);
    await world.close();
  });

  test('a wrong OpenAI key: the caller hears the apology, then the call ends with the code', async () => {
    const world = await createWorld({ model: { apiKey: 'sk-wrong' } });
    const call = world.ring(STAYS);
    const outcome = await world.over(call);
    expectHeard(call, 'apology');
    expect(outcome).toMatchObject({
      status: 'failed',
      endedBy: 'runtime',
      reason: 'session',
      error: { code: 'OFFHOOK_AUTH_REFUSED' },
    });
    expect(world.standIn.counters.connections, 'a refused key is not tried again').toBe(1);
    await world.close();
  });

  test('a model that does not exist: the caller hears the apology and the call ends', async () => {
    const world = await createWorld({ standIn: { models: ['other'] } });
    const call = world.ring(STAYS);
    const outcome = await world.over(call);
    expectHeard(call, 'apology');
    expect(outcome).toMatchObject({ status: 'failed', reason: 'session' });
    await world.close();
  });

  test('a model that is down: it is tried again, a word bridges the wait, an apology ends it', async () => {
    const world = await createWorld({ standIn: { refuse: () => ({ status: 503 }) } });
    const call = world.ring(STAYS);
    const outcome = await world.over(call);
    expectHeard(call, 'apology');
    expect(outcome).toMatchObject({ reason: 'session', error: { code: 'OFFHOOK_SESSION_FAILED' } });
    expect(world.standIn.counters.connections).toBeGreaterThan(1);
    await world.close();
  });

  test('a model that accepts and then never gets ready: one moment, then the apology', async () => {
    const world = await createWorld({ standIn: { refuse: () => ({ mute: true }) } });
    const call = world.ring(STAYS);
    const outcome = await world.over(call);
    expect(expectHeard(call, 'one-moment')).toBeLessThan(5_000);
    expectHeard(call, 'apology');
    expect(outcome).toMatchObject({ status: 'failed', reason: 'session' });
    await world.close();
  });
});

describe('the session factory', () => {
  const factories: [string, () => SessionSpec | Promise<SessionSpec>][] = [
    [
      'throws',
      () => {
        throw new Error('no settings');
      },
    ],
    [
      'rejects',
      async () => {
        throw new Error('no settings');
      },
    ],
    ['never settles', () => never<SessionSpec>()],
    ['gives something that is no session', () => ({}) as SessionSpec],
    ['gives nothing', () => undefined as unknown as SessionSpec],
  ];
  test.each(factories)('that %s: the caller hears the apology', async (_how, session) => {
    const world = await createWorld({ agent: { session } });
    const call = world.ring(STAYS);
    const outcome = await world.over(call);
    expectHeard(call, 'apology');
    expect(outcome).toMatchObject({
      status: 'failed',
      reason: 'session',
      error: { code: 'OFFHOOK_SESSION_FAILED' },
    });
    await world.close();
  });

  test('that gives one of the other law: the caller hears the apology, not noise at full volume', async () => {
    const world = await createWorld({ model: { codec: 'alaw' } });
    const call = world.ring(STAYS);
    const outcome = await world.over(call);
    expectHeard(call, 'apology');
    expect(outcome).toMatchObject({ status: 'failed', reason: 'session' });
    expect(world.standIn.counters.connections).toBe(0);
    expect(JSON.stringify(world.logged)).toContain('alaw');
    await world.close();
  });

  test.each(factories)(
    'that %s: an outbound call comes to one end and rings nobody for ever',
    async (_how, session) => {
      const world = await createWorld({ agent: { session } });
      const handle = await world.during(world.agent.call('01055556666'));
      const outcome = await world.during(handle.ended);
      expect(outcome.status).toBe('failed');
      expect(world.toldOf('call_failed').length + world.toldOf('call_end').length).toBe(1);
      await world.clock.run(5_000);
      await world.close();
    },
  );

  test('whose package is missing: a code in the log, an apology for the caller', async () => {
    const world = await createWorld({
      agent: {
        session: () => {
          const spec = openaiRealtime({ instructions: 'x', apiKey: 'k', baseUrl: 'http://127.0.0.1:1/v1' });
          return {
            ...spec,
            prepare: async () => {
              throw Object.assign(new Error('npm install openai'), { code: 'OFFHOOK_DEPENDENCY_MISSING' });
            },
          };
        },
      },
    });
    const call = world.ring(STAYS);
    await world.over(call);
    expectHeard(call, 'apology');
    expect(JSON.stringify(world.logged)).toContain('OFFHOOK_DEPENDENCY_MISSING');
    await world.close();
  });
});

describe('the screen', () => {
  const greeted = async (world: World): Promise<void> => {
    const call = world.ring(ASKS);
    await world.over(call);
    expect(heardAt(call, GREETED)).toBeDefined();
    expect(heardAt(call, ANSWER.audio!)).toBeDefined();
    await world.close();
  };

  test('that throws lets the caller in', async () => {
    await greeted(
      await createWorld({
        agent: {
          screen: () => {
            throw new Error('broken');
          },
        },
      }),
    );
  });
  test('that rejects its promise lets the caller in', async () => {
    await greeted(await createWorld({ agent: { screen: () => Promise.reject(new Error('broken')) } }));
  });
  test('that hangs lets the caller in after 3 s', async () => {
    const world = await createWorld({ agent: { screen: () => never<boolean>() } });
    const started = world.clock.now();
    const call = world.ring(ASKS);
    await world.until(() => call.status === 'in-progress');
    expect(world.clock.now() - started).toBeGreaterThanOrEqual(3_000);
    expect(world.clock.now() - started).toBeLessThan(3_200);
    await world.over(call);
    expect(heardAt(call, GREETED)).toBeDefined();
    await world.close();
  });

  test.each([
    ['false', false],
    ['a code', { accept: false, code: 'blocked' }],
  ])('that answers %s: no session is opened and the caller is turned away', async (_what, verdict) => {
    const world = await createWorld({ agent: { screen: () => verdict } });
    const call = world.ring(STAYS);
    const outcome = await world.over(call);
    expect(call.events.map(({ type }) => type)).toContain('sessionFailed');
    expect(outcome).toMatchObject({ status: 'rejected', endedBy: 'runtime', duration: 0 });
    expect(world.standIn.counters.connections, 'nothing is paid for').toBe(0);
    expect(world.toldOf('call_start')).toHaveLength(0);
    expect(world.toldOf('call_failed')).toHaveLength(1);
    await world.close();
  });
});

describe('listeners', () => {
  test('call_start that throws or rejects: the caller is greeted', async () => {
    const world = await createWorld();
    world.agent.on('call_start', () => {
      throw new Error('broken');
    });
    world.agent.on('call_start', async () => {
      throw new Error('broken');
    });
    const call = world.ring(ASKS);
    await world.over(call);
    expect(heardAt(call, GREETED)).toBeLessThan(2_000);
    expect(
      world.logged.filter(({ bindings }) => JSON.stringify(bindings).includes('OFFHOOK_LISTENER_FAILED')),
    ).toHaveLength(2);
    await world.close();
  });

  test('call_start that hangs: a word at 4 s, the greeting after 5 s', async () => {
    const world = await createWorld();
    world.agent.on('call_start', () => never());
    const call = world.ring(ASKS);
    await world.over(call);
    expectHeard(call, 'one-moment');
    const at = heardAt(call, GREETED)!;
    expect(at).toBeGreaterThanOrEqual(5_000);
    expect(at).toBeLessThan(8_000);
    await world.close();
  });

  test('every listener throwing: each is logged by name and the call is what it would have been', async () => {
    const healthy = await createWorld();
    const first = healthy.ring(ASKS);
    await healthy.over(first);
    const states = [...healthy.states];
    await healthy.close();

    const world = await createWorld();
    const names = ['call_start', 'call_end', 'transcript', 'turn', 'state'] as const;
    for (const name of names)
      world.agent.on(name, () => {
        throw new TypeError('broken');
      });
    const call = world.ring(ASKS);
    await world.over(call);
    expect(world.states).toEqual(states);
    expect(Buffer.compare(call.heard, first.heard)).toBe(0);
    const failed = new Set(
      world.logged
        .filter(({ bindings }) => (bindings as { code?: string }).code === 'OFFHOOK_LISTENER_FAILED')
        .map(({ bindings }) => (bindings as { event?: string }).event),
    );
    expect(failed).toEqual(new Set(names));
    await world.close();
  });

  test('a logger that throws costs no call', async () => {
    const broken = (): never => {
      throw new Error('disk full');
    };
    const world = await createWorld({
      agent: { logger: { debug: broken, info: broken, warn: broken, error: broken } },
    });
    world.agent.on('transcript', () => {
      throw new Error('so that there is something to log');
    });
    const call = world.ring(ASKS);
    const outcome = await world.over(call);
    expect(heardAt(call, ANSWER.audio!)).toBeDefined();
    expect(outcome.status).toBe('completed');
    await world.close();
  });
});

describe('limits', () => {
  test('maxCalls: the next caller is turned away, and the one after a hang-up is taken', async () => {
    const world = await createWorld({ agent: { maxCalls: 1 } });
    const first = world.ring(STAYS);
    await world.reach(/listening/);
    const second = world.ring(STAYS, '01000000002');
    await world.during(second.ended);
    expect(second.failure).toMatchObject({ reason: 'OFFHOOK_CALL_LIMIT' });
    expect(world.agent.calls).toHaveLength(1);
    await expect(world.agent.call('01055556666')).rejects.toMatchObject({ code: 'OFFHOOK_CALL_LIMIT' });
    first.hangUp();
    await world.until(() => world.agent.calls.length === 0);
    const third = world.ring(ASKS, '01000000003');
    await world.during(third.ended);
    expect(heardAt(third, GREETED)).toBeDefined();
    await world.until(() => world.agent.calls.length === 0);
    await world.close();
  });

  test('maxCalls: two placed in the same breath are still only one', async () => {
    const world = await createWorld({ agent: { maxCalls: 1 } });
    const placed = await world.during(
      Promise.allSettled([world.agent.call('01055556666'), world.agent.call('01055556667')]),
    );
    expect(placed.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(placed[1]).toMatchObject({ reason: { code: 'OFFHOOK_CALL_LIMIT' } });
    await world.close();
  });

  test('maxDuration: the call ends with a goodbye that is heard to its end', async () => {
    const world = await createWorld({ agent: { maxDuration: 10_000 } });
    const call = world.ring(STAYS);
    const outcome = await world.over(call);
    const at = expectHeard(call, 'goodbye');
    expect(at).toBeGreaterThan(9_500);
    expect(at).toBeLessThan(11_000);
    expect(outcome).toMatchObject({ status: 'completed', endedBy: 'runtime', reason: 'max-duration' });
    await world.close();
  });

  test('gain: what each side hears is louder or softer by the factor, and nothing else', async () => {
    const quiet = await createWorld({
      agent: { gain: { in: 0 } },
      script: [GREETED_ONLY, { otherwise: ANSWER }],
    });
    const mute = quiet.ring(ASKS);
    await quiet.over(mute);
    expect(quiet.session.responses, 'a muted caller is not heard').toHaveLength(1);
    await quiet.close();

    const soft = await createWorld({ agent: { gain: { out: 0.5 } } });
    const call = soft.ring(ASKS);
    await soft.over(call);
    await soft.close();
    const ratio = loudness(call.heard) / loudness(await reference());
    expect(ratio).toBeGreaterThan(0.45);
    expect(ratio).toBeLessThan(0.55);
  });
});

const GREETED_ONLY = { greeting: line('en/agent-greeting') };

async function reference(): Promise<Uint8Array> {
  const world = await createWorld();
  const call = world.ring(ASKS);
  await world.over(call);
  await world.close();
  return call.heard;
}

function loudness(audio: Uint8Array): number {
  let sum = 0;
  for (const sample of decode('ulaw', audio)) sum += sample * sample;
  return Math.sqrt(sum);
}

test('a port in use: the exchange says so by code', async () => {
  const world = await createWorld();
  const port = Number(new URL(world.url).port);
  const second = createExchange({ clock: world.clock, random: () => 0.5, port });
  await expect(world.during(second.listen())).rejects.toMatchObject({ code: 'OFFHOOK_PORT_IN_USE' });
  await second.close();
  await world.close();
});

test('a number nobody serves: dialling it fails by code, and so does calling from it', async () => {
  const world = await createWorld({ offline: true });
  expect(() => world.ring(STAYS)).toThrow(expect.objectContaining({ code: 'OFFHOOK_NUMBER_NOT_SERVED' }));
  await world.close();
});
