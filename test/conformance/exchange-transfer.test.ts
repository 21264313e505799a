/**
 * Transfers: exactly one final event for each request, its id at the top level, and the media where each mode
 * leaves it.
 */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ExchangeCall, goSilent, say, type TransferPlan, wait } from '../../src/exchange/index.ts';
import { audioOf, type Bench, type Client, mediaOf, openBench, tone } from './exchange-client.ts';

let bench: Bench;
let control: Client;
let plan: TransferPlan;
beforeEach(async () => {
  plan = { outcome: 'completed', answerAfter: 1_000, bridgeMs: 4_000 };
  bench = await openBench({ onTransfer: () => plan });
  control = await bench.control();
});
afterEach(() => bench.close());

async function open(): Promise<{ call: ExchangeCall; media: Client }> {
  const call = bench.exchange.dial('07012341234', [say({ audio: tone(100_000, 0x30) }), goSilent()]);
  const media = await bench.answer(control);
  await bench.clock.run(90);
  return { call, media };
}

function transfer(call: ExchangeCall, requestId: string, fields: object = {}): void {
  control.send({
    event: 'call.transfer',
    callId: call.id,
    transfer: {
      to: '021234567',
      mode: 'blind',
      afterTransfer: 'terminate',
      timeout: 30,
      requestId,
      ...fields,
    },
  });
}

const steps = (): unknown[] =>
  control.received
    .filter((message) => message.event.startsWith('call.transfer') || message.event === 'call.ended')
    .map(({ at, event, requestId, transfer: body }) => ({ at, event, requestId, transfer: body }));

test('terminate takes the media away at the start and ends the call after the bridge', async () => {
  const { call, media } = await open();
  transfer(call, 'r1');
  await bench.clock.run(500);
  expect(media.received.at(-1)?.event).toBe('stop');
  expect(media.closed).toEqual({ at: 105, code: 1000 });
  expect(call.status).toBe('in-progress');
  await bench.clock.run(10_000);
  const requestId = 'r1';
  expect(steps()).toEqual([
    { at: 105, event: 'call.transfer.started', requestId, transfer: { status: 'initiated' } },
    { at: 1_105, event: 'call.transfer.connected', requestId, transfer: { status: 'connected' } },
    {
      at: 5_105,
      event: 'call.transfer.completed',
      requestId,
      transfer: { status: 'completed', duration: 4 },
    },
    { at: 5_105, event: 'call.ended', requestId: undefined, transfer: undefined },
  ]);
  expect(control.of('call.ended')).toMatchObject([{ status: 'completed', duration: 5 }]);
});

test('return keeps the media: silence in, agent audio thrown away with its marks acknowledged', async () => {
  const { call, media } = await open();
  media.send(mediaOf(tone(2_000)));
  media.send({ event: 'mark', mark: { name: 'before' } });
  await bench.clock.run(100);
  transfer(call, 'r2', { afterTransfer: 'return' });
  await bench.clock.run(100);
  expect(media.of('mark')).toHaveLength(1);
  const heard = call.heard.length;
  media.send(mediaOf(tone(500)));
  media.send({ event: 'mark', mark: { name: 'during' } });
  await bench.clock.run(4_000);
  expect(media.of('mark').map((message) => message.mark)).toEqual([{ name: 'before' }, { name: 'during' }]);
  expect(new Set(call.heard.subarray(heard))).toEqual(new Set([0xff]));
  expect(new Set(audioOf(media).subarray(-3_000 * 8))).toEqual(new Set([0xff]));
  await bench.clock.run(2_000);
  media.send(mediaOf(tone(100, 0x12)));
  await bench.clock.run(100);
  expect(call.heard.includes(0x12)).toBe(true);
  expect(audioOf(media).at(-1)).toBe(0x30);
  const stamps = media
    .of('media')
    .map((message) => Number((message.media as { timestamp: string }).timestamp));
  expect(stamps).toEqual(stamps.map((_, index) => index * 20));
  expect(control.of('call.ended')).toEqual([]);
});

test('a transfer nobody answers within its timeout fails, and a later one may succeed', async () => {
  const { call, media } = await open();
  plan = { outcome: 'completed', answerAfter: 60_000 };
  transfer(call, 'r3', { afterTransfer: 'return', timeout: 3 });
  await bench.clock.run(5_000);
  expect(control.of('call.transfer.failed')).toMatchObject([
    { at: 3_105, requestId: 'r3', transfer: { status: 'failed', reason: 'no-answer' } },
  ]);
  plan = { outcome: 'completed' };
  transfer(call, 'r4', { afterTransfer: 'return' });
  await bench.clock.run(10_000);
  expect(control.of('call.transfer.completed')).toMatchObject([{ requestId: 'r4' }]);
  expect(media.closed).toBeUndefined();
});

test('a refused transfer leaves the call as it was', async () => {
  const { call, media } = await open();
  plan = { outcome: 'refused', reason: 'UNOWNED_CALLER_ID' };
  transfer(call, 'r5');
  await bench.clock.run(1_000);
  expect(steps()).toMatchObject([
    { event: 'call.transfer.failed', transfer: { reason: 'UNOWNED_CALLER_ID' } },
  ]);
  expect(media.closed).toBeUndefined();
  transfer(call, 'r6', { to: '' });
  await bench.clock.run(10);
  expect(control.of('call.transfer.failed')[1]).toMatchObject({
    requestId: 'r6',
    transfer: { reason: 'invalid_request' },
  });
});

test('a second transfer while one is pending fails by itself', async () => {
  const { call } = await open();
  transfer(call, 'r7', { afterTransfer: 'return' });
  transfer(call, 'r8', { afterTransfer: 'return' });
  await bench.clock.run(10_000);
  expect(control.of('call.transfer.failed')).toMatchObject([{ requestId: 'r8' }]);
  expect(control.of('call.transfer.completed')).toMatchObject([{ requestId: 'r7' }]);
});

test('a caller who hangs up during a transfer gives it its final event before the end of the call', async () => {
  const { call } = await open();
  transfer(call, 'r9');
  await bench.clock.run(2_000);
  call.hangUp();
  await bench.clock.run(10_000);
  expect(steps().map((step) => (step as { event: string }).event)).toEqual([
    'call.transfer.started',
    'call.transfer.connected',
    'call.transfer.failed',
    'call.ended',
  ]);
});

test("the caller's script waits while the caller is away", async () => {
  const call = bench.exchange.dial('07012341234', [
    wait(500),
    say({ name: 'back', audio: tone(100) }),
    goSilent(),
  ]);
  await bench.answer(control);
  await bench.clock.run(90);
  transfer(call, 'r10', { afterTransfer: 'return' });
  await bench.clock.run(4_900);
  expect(call.events.some((event) => event.type === 'callerVoiceStart')).toBe(false);
  await bench.clock.run(1_000);
  expect(call.events.some((event) => event.type === 'callerVoiceStart')).toBe(true);
});
