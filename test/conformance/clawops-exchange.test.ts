/**
 * The two halves of the wire against each other: the ClawOps transport on the local exchange, over real sockets in
 * virtual time. Whatever both sides read out of the protocol differently shows here first.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chunkOfBytes } from '../../src/audio/chunk.ts';
import { createExchange } from '../../src/exchange/index.ts';
import { goSilent, hangUp, loseNetwork, press, say, silentUntil, wait } from '../../src/exchange/steps.ts';
import type { Exchange, ExchangeOptions } from '../../src/exchange/types.ts';
import { silentLogger } from '../../src/runtime/logger.ts';
import { openSockets } from '../../src/testing/settle.ts';
import { createVirtualClock, type VirtualClock } from '../../src/testing/virtual-clock.ts';
import { type ClawopsTransport, clawops } from '../../src/transport/clawops/index.ts';
import type { TransportHost } from '../../src/transport/contract.ts';
import { CALLER, follow, type Heard, NUMBER } from './clawops-harness.ts';

let clock: VirtualClock;
let exchange: Exchange;
let transport: ClawopsTransport;
let calls: Heard[];
let lost: string[];
let baseUrl: string;

function random(): () => number {
  let seed = 7;
  return () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
}

const credentials = { number: NUMBER, apiKey: 'sk_test_local', accountId: 'AC_local' };

async function start(options: Partial<ExchangeOptions> = {}): Promise<void> {
  exchange = createExchange({ clock, random: random(), ...options });
  baseUrl = (await exchange.listen()).url;
  transport = clawops({ ...credentials, baseUrl });
  const connected = transport.connect(host());
  await clock.run(100);
  await connected;
}

const host = (): TransportHost => ({
  clock,
  logger: silentLogger,
  random: random(),
  incoming: (leg) => {
    calls.push(follow(leg));
    leg.accept();
  },
  linkLost: ({ code }) => lost.push(code),
});

beforeEach(() => {
  clock = createVirtualClock();
  calls = [];
  lost = [];
});
afterEach(async () => {
  for (const { leg } of calls) leg.close();
  await transport.close();
  await exchange.close();
  await clock.run(0);
  expect(transport.counters).toMatchObject({ malformed: 0, unknown: 0, faults: 0 });
  expect(openSockets()).toBe(0);
  expect(clock.pending).toBe(0);
});

const tone = (ms: number, value: number) => Buffer.alloc(ms * 8, value);
const last = () => calls.at(-1)!;

describe('on the exchange', () => {
  it('a caller talks, presses keys and hangs up; the leg tells it all', async () => {
    await start();
    const call = exchange.dial(NUMBER, [say({ audio: tone(400, 0x2a) }), press('12#'), wait(300), hangUp()]);
    await clock.run(5_000);
    const { status, duration } = await call.ended;
    expect(status).toBe('completed');
    expect(last().leg.info).toMatchObject({ id: call.id, from: CALLER, to: NUMBER, direction: 'inbound' });
    expect(last().types()).toEqual([
      'leg.answered',
      'leg.mediaStarted',
      'leg.mediaStopped',
      'leg.hangup',
      'leg.ended',
    ]);
    expect(last().facts.slice(-2)).toEqual([
      { type: 'leg.hangup', by: 'caller', status: 'completed' },
      { type: 'leg.ended', status: 'completed', durationMs: duration * 1000 },
    ]);
    expect(last().digits).toEqual(['1', '2', '#']);
    const heard = Buffer.concat(last().audio.map(({ base64 }) => Buffer.from(base64, 'base64')));
    expect(heard.subarray(0, 3200)).toEqual(tone(400, 0x2a));
    expect(last().audio.map(({ at }) => at)).toEqual(last().audio.map((_, index) => index * 20));
  });

  it('what is played is what the caller hears: joined tails, marks after their audio, nothing after a clear', async () => {
    await start();
    const call = exchange.dial(NUMBER, [goSilent()]);
    await clock.runUntil(() => last()?.types().includes('leg.mediaStarted'));
    for (let count = 0; count < 10; count += 1) last().leg.play(chunkOfBytes(tone(13, 0x2a), 1));
    last().leg.mark('one');
    await clock.run(100);
    expect(last().marks).toEqual([]);
    await clock.run(100);
    expect(last().marks).toEqual(['one']);
    last().leg.play(chunkOfBytes(tone(1000, 0x33), 2));
    last().leg.mark('two');
    await clock.run(200);
    last().leg.clear();
    await clock.run(1_000);
    expect(last().marks).toEqual(['one', 'two']);
    expect(call.heard.filter((byte) => byte === 0x2a)).toHaveLength(130 * 8);
    const played = call.heard.filter((byte) => byte === 0x33).length / 8;
    expect(played).toBeGreaterThanOrEqual(180);
    expect(played).toBeLessThanOrEqual(220);
  });

  it('the agent hangs up after its last word has been heard', async () => {
    await start();
    const call = exchange.dial(NUMBER, [goSilent()]);
    await clock.runUntil(() => last()?.types().includes('leg.mediaStarted'));
    last().leg.play(chunkOfBytes(tone(600, 0x2a), 1));
    last().leg.hangup();
    await clock.run(3_000);
    expect(await call.ended).toMatchObject({ status: 'completed', by: 'agent' });
    expect(call.heard.filter((byte) => byte === 0x2a)).toHaveLength(4_800);
    expect(last().facts).toContainEqual({ type: 'leg.hangup', by: 'agent', status: 'completed' });
  });

  it('notices arrive, and a call that is turned away fails at once', async () => {
    await start();
    const call = exchange.dial(NUMBER, [goSilent()]);
    await clock.runUntil(() => last()?.types().includes('leg.mediaStarted'));
    last().leg.notify('telemetry', { model: 'm' });
    last().leg.notify('metrics', { turns: 2 });
    last().leg.reject({ cause: 'rejected', code: 'NotWanted', message: 'gone' });
    await clock.run(3_000);
    expect(call.telemetry).toEqual({ model: 'm' });
    expect(call.metrics).toEqual({ turns: 2 });
    expect(call.failure).toMatchObject({ reason: 'NotWanted', message: 'gone' });
    expect(await call.ended).toMatchObject({ status: 'failed' });
    expect(last().types()).toContain('leg.hangup');
  });

  it('a caller whose network dies leaves a broken line, and the link comes back', async () => {
    await start();
    const call = exchange.dial(NUMBER, [wait(500), loseNetwork({ control: true }), goSilent()]);
    await clock.run(60_000);
    expect(last().types()).toContain('leg.mediaStopped');
    expect(last().facts.filter(({ type }) => type === 'leg.hangup')).toHaveLength(1);
    expect(call.status).not.toBe('in-progress');
    expect(exchange.serves(NUMBER)).toBe(true);
    expect(lost).toEqual([]);
  });

  it('several callers at once do not hear each other', async () => {
    await start();
    const dialled = [0x21, 0x22, 0x23].map((value) =>
      exchange.dial(NUMBER, [say({ audio: tone(200, value) }), wait(100), hangUp()]),
    );
    await clock.run(5_000);
    await Promise.all(dialled.map(({ ended }) => ended));
    expect(calls).toHaveLength(3);
    for (const [index, call] of calls.entries()) {
      const heard = Buffer.concat(call.audio.map(({ base64 }) => Buffer.from(base64, 'base64')));
      expect([...new Set(heard)].filter((byte) => byte !== 0xff)).toEqual([0x21 + index]);
    }
  });
});

describe('calling out on the exchange', () => {
  const dial = (): Heard => {
    const call = follow(transport.dial({ to: CALLER, ringTimeout: 10_000, machineDetection: false }));
    calls.push(call);
    return call;
  };

  it('rings, is answered, talks, and is hung up by the callee', async () => {
    await start();
    exchange.onOutbound(() => ({ outcome: 'answer', after: 2_000, script: [wait(500), hangUp()] }));
    const call = dial();
    await clock.run(10_000);
    expect(call.types()).toEqual([
      'leg.ringing',
      'leg.answered',
      'leg.mediaStarted',
      'leg.mediaStopped',
      'leg.hangup',
      'leg.ended',
    ]);
    expect(call.leg.info.id).toBe(exchange.calls()[0]!.id);
  });

  it.each(['busy', 'no-answer', 'rejected', 'failed'] as const)('ends as %s', async (outcome) => {
    await start();
    exchange.onOutbound(() => ({ outcome, after: 1_000 }));
    const call = dial();
    await clock.run(20_000);
    expect(call.facts.slice(-2)).toMatchObject([
      { type: 'leg.hangup', by: 'platform', status: outcome },
      { type: 'leg.ended', status: outcome },
    ]);
  });

  it('is cancelled while it rings', async () => {
    await start();
    exchange.onOutbound(() => ({ outcome: 'answer', after: 8_000 }));
    const call = dial();
    await clock.run(1_500);
    call.leg.hangup();
    await clock.run(20_000);
    expect(call.facts.filter(({ type }) => type === 'leg.hangup')).toEqual([
      { type: 'leg.hangup', by: 'agent', status: 'canceled' },
    ]);
    expect(exchange.calls()[0]!.status).not.toBe('in-progress');
    expect(call.types()).not.toContain('leg.answered');
  });

  it('is refused with a wrong key', async () => {
    await start();
    const other = clawops({ ...credentials, apiKey: 'wrong', baseUrl });
    const refused = other.connect(host()).then(
      () => 'connected',
      (error: { code: string }) => error.code,
    );
    await clock.run(100);
    expect(await refused).toBe('OFFHOOK_AUTH_REFUSED');
  });
});

describe('transfers on the exchange', () => {
  const ask = (after: 'terminate' | 'return') =>
    last().leg.transfer({
      request: 't1',
      to: '021234567',
      destination: 'pstn',
      mode: 'warm',
      after,
      hold: 'ringback',
      ringTimeout: 30_000,
    });
  const talking = () => last()?.types().includes('leg.mediaStarted') === true;

  it('terminate: media goes, the bridge is told, and the call ends with its result', async () => {
    await start();
    exchange.dial(NUMBER, [goSilent()]);
    await clock.runUntil(talking);
    ask('terminate');
    await clock.run(60_000);
    expect(
      last()
        .facts.slice(2)
        .map((fact) => fact.type),
    ).toEqual(['leg.mediaStopped', 'transfer.bridged', 'transfer.completed', 'leg.hangup', 'leg.ended']);
    expect(last().facts[2]).toMatchObject({ expected: true });
  });

  it('return: the caller comes back to the same media', async () => {
    await start();
    const call = exchange.dial(NUMBER, [goSilent()]);
    await clock.runUntil(talking);
    ask('return');
    await clock.run(30_000);
    expect(last().types().slice(2)).toEqual(['transfer.bridged', 'transfer.completed']);
    last().leg.play(chunkOfBytes(tone(100, 0x2a), 1));
    await clock.run(500);
    expect(call.heard.filter((byte) => byte === 0x2a)).toHaveLength(800);
  });

  it('refused: the agent keeps the call', async () => {
    await start({ onTransfer: () => ({ outcome: 'refused', reason: 'UNOWNED_CALLER_ID' }) });
    exchange.dial(NUMBER, [goSilent()]);
    await clock.runUntil(talking);
    ask('terminate');
    await clock.run(10_000);
    expect(last().facts.slice(2)).toEqual([
      { type: 'transfer.failed', request: 't1', reason: 'UNOWNED_CALLER_ID' },
    ]);
  });
});

describe('a second process for the number', () => {
  it('§9.1 takes it over for good: the first stops, reports, and does not fight', async () => {
    await start();
    const call = exchange.dial(NUMBER, [silentUntil(() => false, { timeoutMs: 60_000 })]);
    await clock.runUntil(() => last()?.types().includes('leg.mediaStarted'));
    const successor = clawops({ ...credentials, baseUrl });
    const connected = successor.connect(host());
    await clock.run(60_000);
    await connected;
    expect(lost).toEqual(['OFFHOOK_NUMBER_TAKEN']);
    expect(exchange.serves(NUMBER)).toBe(true);
    expect(call.status).toBe('in-progress');
    await successor.close();
  });
});
