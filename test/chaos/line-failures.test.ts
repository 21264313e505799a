/**
 * @module What can happen to a call's sockets: media that never opens, sockets that die, numbers taken over, and
 * frames of every broken kind. A broken frame costs nothing; a dead socket costs at most its own call.
 */
import { afterEach, describe, expect, test } from 'vitest';
import { type CallerScript, goSilent, loseNetwork, waitForAgent } from '../../src/exchange/index.ts';
import { clawops } from '../../src/clawops.ts';
import { createAgent } from '../../src/index.ts';
import { openaiRealtime } from '../../src/providers/openai.ts';
import {
  ANSWER,
  ASKS,
  closeWorlds,
  createWorld,
  heardAt,
  KEY,
  line,
  NUMBER,
  utter,
  type World,
} from './world.ts';

afterEach(closeWorlds);

const GREETED = line('en/agent-greeting').audio!;
const STAYS: CallerScript = [goSilent()];

/** After whatever happened, the agent takes a call and holds a conversation. */
async function expectServes(world: World): Promise<void> {
  const call = world.ring(ASKS, '01000000009');
  await world.during(call.ended);
  expect(heardAt(call, GREETED)).toBeDefined();
  expect(heardAt(call, ANSWER.audio!)).toBeDefined();
  await world.until(() => world.agent.calls.length === 0);
}

describe('media that never opens', () => {
  const faults: [string, (world: World) => void, (world: World) => void][] = [
    [
      'a dead media URL',
      ({ exchange }) => (exchange.faults.deadMedia = true),
      ({ exchange }) => (exchange.faults.deadMedia = false),
    ],
    [
      'media refused with 403',
      ({ exchange }) => (exchange.faults.refuseMedia = 403),
      ({ exchange }) => (exchange.faults.refuseMedia = undefined),
    ],
    [
      'a media token that has expired',
      ({ exchange }) => (exchange.faults.expiredTokens = true),
      ({ exchange }) => (exchange.faults.expiredTokens = false),
    ],
  ];
  test.each(faults)(
    '%s: the call fails with a code, the platform is told, the next one is served',
    async (_what, break_, mend) => {
      const world = await createWorld();
      break_(world);
      const call = world.ring(STAYS);
      const outcome = await world.over(call);
      expect(outcome).toMatchObject({
        status: 'failed',
        endedBy: 'platform',
        error: { code: 'OFFHOOK_MEDIA_FAILED' },
      });
      expect(call.failure).toMatchObject({ reason: 'MediaFailed' });
      mend(world);
      await expectServes(world);
      await world.close();
    },
  );

  test.each(['not a url', 'http://127.0.0.1:1/x', 'ws://', ''])(
    'media URL %j: the call fails at once',
    async (mediaUrl) => {
      const world = await createWorld();
      world.exchange.faults.sendControl(NUMBER, {
        event: 'call.incoming',
        callId: 'CA_bad',
        from: '01011112222',
        to: NUMBER,
        accountId: 'AC_local',
        mediaUrl,
      });
      await world.clock.run(15_000);
      expect(world.agent.calls).toHaveLength(0);
      expect(world.toldOf('call_failed').length).toBeLessThanOrEqual(1);
      await expectServes(world);
      await world.close();
    },
  );
});

describe('sockets that die in mid-call', () => {
  test.each([
    ['is cut', (call: Ringing) => call.faults.dropMedia()],
    ['closes with 1011', (call: Ringing) => call.faults.closeMedia(1011)],
    ['closes with 1000', (call: Ringing) => call.faults.closeMedia(1000)],
  ])('the media socket %s while the agent speaks: one end, nothing left', async (_how, kill) => {
    const world = await createWorld();
    const call = world.ring([waitForAgent(), utter('en/caller-barge'), goSilent()]);
    await world.reach(/speaking/);
    await world.clock.run(500);
    kill(call);
    const outcome = await world.over(call);
    expect(['failed', 'completed']).toContain(outcome.status);
    expect(world.toldOf('call_end')).toHaveLength(1);
    await expectServes(world);
    await world.close();
  });

  test('the control socket is cut in mid-call: the conversation goes on, and it comes back for the next', async () => {
    const world = await createWorld();
    const call = world.ring(ASKS);
    await world.reach(/listening/);
    world.exchange.faults.dropControl(NUMBER);
    await world.clock.run(100);
    expect(world.exchange.serves(NUMBER)).toBe(false);
    const outcome = await world.over(call);
    expect(heardAt(call, ANSWER.audio!)).toBeDefined();
    expect(outcome).toMatchObject({ status: 'completed' });
    await world.until(() => world.exchange.serves(NUMBER), 40_000);
    await expectServes(world);
    await world.close();
  });

  test('the platform is down for a minute: the link keeps trying, ever more slowly, and comes back', async () => {
    const world = await createWorld();
    world.exchange.faults.refuseControl = 503;
    world.exchange.faults.dropControl(NUMBER);
    await world.clock.run(60_000);
    expect(world.exchange.serves(NUMBER)).toBe(false);
    world.exchange.faults.refuseControl = undefined;
    await world.until(() => world.exchange.serves(NUMBER), 40_000);
    await expectServes(world);
    await world.close();
  });

  test('a successor takes the number over (4409): no fight, and the running call ends as it would have', async () => {
    const world = await createWorld({ clawops: { handover: false } });
    const call = world.ring(ASKS);
    await world.reach(/listening/);
    world.exchange.faults.closeControl(NUMBER, 4409, 'replaced');
    const outcome = await world.over(call);
    expect(heardAt(call, ANSWER.audio!)).toBeDefined();
    expect(outcome.status).toBe('completed');
    await world.clock.run(120_000);
    expect(world.exchange.serves(NUMBER), 'the number is not taken back').toBe(false);
    expect(JSON.stringify(world.logged)).toContain('OFFHOOK_NUMBER_TAKEN');
    await world.close();
  });

  test('a successor takes the number over in order: running calls stay here, new ones go there', async () => {
    const world = await createWorld({ exchange: { takeover: 'retire' } });
    const call = world.ring(ASKS);
    await world.reach(/listening/);
    const successor = createAgent(
      {
        transports: [clawops({ number: NUMBER, apiKey: KEY, accountId: 'AC_local', baseUrl: world.url })],
        session: () =>
          openaiRealtime({ instructions: 'x', apiKey: 'k', baseUrl: world.modelUrl, language: 'en' }),
        log: { directory: world.directory },
      },
      { clock: world.clock },
    );
    await world.during(successor.connect());
    const next = world.ring(ASKS, '01000000002');
    await world.clock.run(500);
    expect([world.agent.calls.length, successor.calls.length]).toEqual([1, 1]);
    await world.during(Promise.all([call.ended, next.ended]));
    await world.until(() => world.agent.calls.length + successor.calls.length === 0);
    expect(heardAt(call, ANSWER.audio!)).toBeDefined();
    expect(heardAt(next, ANSWER.audio!)).toBeDefined();
    await world.during(successor.close());
    await world.close();
  });

  test('the caller hangs up while the control socket is down: the call ends all the same', async () => {
    const world = await createWorld();
    const call = world.ring(STAYS);
    await world.reach(/listening/);
    world.exchange.faults.refuseControl = 503;
    world.exchange.faults.dropControl(NUMBER);
    await world.clock.run(500);
    call.hangUp();
    await world.until(() => world.agent.calls.length === 0, 10_000);
    expect(world.toldOf('call_end')[0]![1]).toMatchObject({ status: 'completed', endedBy: 'caller' });
    world.exchange.faults.refuseControl = undefined;
    await world.until(() => world.exchange.serves(NUMBER), 40_000);
    await world.close();
  });

  test('the caller loses the network: the call ends by itself', async () => {
    const world = await createWorld();
    const call = world.ring([waitForAgent(), loseNetwork()]);
    const outcome = await world.over(call);
    expect(outcome.endedBy).not.toBe('agent');
    await expectServes(world);
    await world.close();
  });

  test('caller and agent lose the network together: the call ends by itself, the link comes back', async () => {
    const world = await createWorld();
    const call = world.ring([waitForAgent(), loseNetwork({ control: true })]);
    await world.over(call);
    await world.until(() => world.exchange.serves(NUMBER), 40_000);
    await expectServes(world);
    await world.close();
  });

  test('a media socket that stops reading: the call ends within its deadlines', async () => {
    const world = await createWorld();
    const call = world.ring([waitForAgent(), utter('en/caller-barge'), goSilent()]);
    await world.reach(/speaking/);
    call.faults.stallMedia();
    await world.clock.run(5_000);
    call.faults.resumeMedia();
    call.hangUp();
    await world.over(call);
    await world.close();
  });
});

type Ringing = ReturnType<World['ring']>;

const BROKEN_CONTROL: (object | string | Uint8Array)[] = [
  '{"event":"call.inc',
  'null',
  '[]',
  '""',
  '42',
  '',
  new Uint8Array([0, 255, 19, 55]),
  {},
  { event: 7 },
  { event: 'call.incoming' },
  { event: 'call.incoming', callId: 9, from: {}, to: [], mediaUrl: false },
  { event: 'call.incoming', callId: '', mediaUrl: '' },
  { event: 'call.ended' },
  { event: 'call.ended', callId: 'CA_nobody', status: 'completed' },
  { event: 'call.transfer.completed', callId: 'CA_nobody', requestId: {} },
  { event: '__proto__' },
  { event: 'constructor', callId: 'toString' },
  { event: 'news.from.tomorrow', callId: 'x' },
];

const BROKEN_MEDIA: (string | Uint8Array)[] = [
  '{"event":"media","media":{"payl',
  'null',
  '[]',
  '',
  '{}',
  '{"event":"media"}',
  '{"event":"media","media":null}',
  '{"event":"media","media":{"payload":""}}',
  '{"event":"media","media":{"payload":"!!!!","timestamp":"x"}}',
  '{"event":"media","media":{"payload":7}}',
  '{"event":"mark"}',
  '{"event":"mark","mark":{"name":5}}',
  '{"event":"mark","mark":{"name":"nobody-sent-this"}}',
  '{"event":"dtmf","dtmf":{"digit":"Z"}}',
  '{"event":"dtmf","dtmf":{}}',
  '{"event":"start"}',
  '{"event":"start","start":{"streamId":"again"}}',
  '{"event":"tomorrow"}',
  new Uint8Array([0, 255, 19, 55]),
];

describe('frames', () => {
  test('broken ones of every kind on the control socket cost neither the call nor the link', async () => {
    const world = await createWorld();
    const call = world.ring(ASKS);
    await world.reach(/listening/);
    for (const frame of BROKEN_CONTROL) {
      world.exchange.faults.sendControl(NUMBER, frame);
      await world.clock.run(20);
    }
    expect(world.agent.calls, 'no call was made up').toHaveLength(1);
    await world.over(call);
    expect(heardAt(call, ANSWER.audio!)).toBeDefined();
    expect(world.exchange.serves(NUMBER)).toBe(true);
    await world.close();
  });

  test('broken ones of every kind on the media socket cost nothing', async () => {
    const world = await createWorld();
    const call = world.ring(ASKS);
    await world.reach(/listening/);
    for (const frame of BROKEN_MEDIA) {
      call.faults.sendMedia(frame);
      await world.clock.run(20);
    }
    const outcome = await world.over(call);
    expect(heardAt(call, ANSWER.audio!)).toBeDefined();
    expect(outcome.status).toBe('completed');
    await world.close();
  });

  test.each(['malformed', 'binary', 'unknown'] as const)(
    'a %s one from the model in mid-sentence: the sentence is heard whole',
    async (kind) => {
      const world = await createWorld({
        script: [{ greeting: line('en/agent-greeting') }, { say: ANSWER, fault: { kind, afterMs: 1_000 } }],
      });
      const call = world.ring(ASKS);
      await world.over(call);
      expect(heardAt(call, ANSWER.audio!)).toBeDefined();
      await world.close();
    },
  );

  test('a call that is announced twice is one call', async () => {
    const world = await createWorld();
    const call = world.ring(ASKS);
    await world.reach(/listening/);
    world.exchange.faults.sendControl(NUMBER, {
      event: 'call.incoming',
      callId: call.id,
      from: '01011112222',
      to: NUMBER,
      accountId: 'AC_local',
      mediaUrl: 'ws://127.0.0.1:1/x',
    });
    await world.clock.run(100);
    expect(world.agent.calls).toHaveLength(1);
    await world.over(call);
    expect(heardAt(call, ANSWER.audio!)).toBeDefined();
    await world.close();
  });
});
