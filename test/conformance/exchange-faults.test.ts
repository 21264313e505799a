/**
 * Bad days on demand: each fault must reach the agent as the network would bring it, and leave the exchange itself
 * standing.
 */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { goSilent, silentUntil } from '../../src/exchange/index.ts';
import { type Bench, type Client, mediaOf, openBench, tone } from './exchange-client.ts';

const NUMBER = '07012341234';
let bench: Bench;
let control: Client;
beforeEach(async () => {
  bench = await openBench();
  control = await bench.control();
});
afterEach(() => bench.close());

test('control connections are closed with any code, cut, or refused', async () => {
  const { faults } = bench.exchange;
  faults.closeControl(NUMBER, 4403, 'gone');
  await bench.clock.run(10);
  expect(control.closed?.code).toBe(4403);
  const second = await bench.control();
  faults.dropControl(NUMBER);
  await bench.clock.run(10);
  expect(second.closed?.code).toBe(1006);
  faults.refuseControl = 503;
  expect((await bench.control()).refused?.status).toBe(503);
  faults.refuseControl = undefined;
  expect((await bench.control()).refused).toBeUndefined();
});

test('anything can be sent on the control connection', async () => {
  const raw: { text: string; binary: boolean }[] = [];
  control.socket.removeAllListeners('message');
  control.socket.on('message', (data, binary) => raw.push({ text: (data as Buffer).toString(), binary }));
  bench.exchange.faults.sendControl(NUMBER, '{"event":');
  bench.exchange.faults.sendControl(NUMBER, Uint8Array.of(0x41));
  bench.exchange.faults.sendControl(NUMBER, { event: 'agent.retired', reason: 'handover' });
  await bench.clock.run(10);
  expect(raw).toEqual([
    { text: '{"event":', binary: false },
    { text: 'A', binary: true },
    { text: '{"event":"agent.retired","reason":"handover"}', binary: false },
  ]);
});

test('media is refused, dead or expired as set', async () => {
  const { faults } = bench.exchange;
  const nextUrl = async (): Promise<string> => {
    bench.exchange.dial(NUMBER, [goSilent()]);
    await bench.clock.run(10);
    return control.of('call.incoming').at(-1)!.mediaUrl as string;
  };
  faults.refuseMedia = 500;
  const kept = await nextUrl();
  expect((await bench.media(kept)).refused?.status).toBe(500);
  faults.refuseMedia = undefined;
  expect((await bench.media(kept)).refused).toBeUndefined();
  faults.expiredTokens = true;
  expect((await bench.media(await nextUrl())).refused?.status).toBe(401);
  faults.expiredTokens = false;
  faults.deadMedia = true;
  const dead = await bench.media(await nextUrl());
  expect(dead.refused).toBeUndefined();
  expect(dead.closed?.code).toBe(1006);
});

test('originate is answered as set', async () => {
  bench.exchange.faults.refuseOriginate = {
    status: 422,
    body: { error: 'blocked', code: 'recipient_blocked' },
  };
  const response = await fetch(`${bench.url}/v1/accounts/AC_local/calls`, {
    method: 'POST',
    headers: { authorization: 'Bearer sk_test_local' },
    body: JSON.stringify({ To: '01012345678', From: NUMBER }),
  });
  expect(response.status).toBe(422);
  expect(await response.json()).toEqual({ error: 'blocked', code: 'recipient_blocked' });
});

test('media is closed without stop, or cut, and the call ends as failed', async () => {
  const first = bench.exchange.dial(NUMBER, [goSilent()]);
  const media = await bench.answer(control);
  first.faults.dropMedia();
  await bench.clock.run(10);
  expect(media.closed?.code).toBe(1006);
  expect(media.of('stop')).toEqual([]);
  expect(await first.ended).toMatchObject({ status: 'failed' });
  const second = bench.exchange.dial(NUMBER, [goSilent()]);
  const other = await bench.answer(control, 1);
  second.faults.closeMedia(1011);
  await bench.clock.run(10);
  expect(other.closed?.code).toBe(1011);
  expect(other.of('stop')).toEqual([]);
  expect(await second.ended).toMatchObject({ status: 'failed' });
});

test('a stalled reader takes nothing until it is resumed, and then all of it', async () => {
  const call = bench.exchange.dial(NUMBER, [goSilent()]);
  const media = await bench.answer(control);
  call.faults.stallMedia();
  media.send(mediaOf(tone(100)));
  await bench.clock.run(500);
  expect(call.arrivals).toEqual([]);
  call.faults.resumeMedia();
  await bench.clock.run(20);
  expect(call.arrivals).toMatchObject([{ bytes: 800 }]);
});

test('a script or a listener that throws harms its own call at most', async () => {
  bench.exchange.on('event', () => {
    throw new Error('listener');
  });
  const bad = bench.exchange.dial(NUMBER, [
    silentUntil(() => {
      throw new Error('script');
    }),
  ]);
  const good = bench.exchange.dial(NUMBER, [goSilent()]);
  await bench.answer(control, 0);
  await bench.answer(control, 1);
  await bench.clock.run(1_000);
  expect(await bad.ended).toMatchObject({ status: 'failed', cause: 'script_failed' });
  expect(good.mediaMs).toBeGreaterThan(900);
});

test('a call whose agent reconnected hears of its end on the new connection', async () => {
  const call = bench.exchange.dial(NUMBER, [goSilent()]);
  await bench.answer(control);
  bench.exchange.faults.dropControl(NUMBER);
  await bench.clock.run(10);
  const second = await bench.control();
  call.hangUp();
  await bench.clock.run(20);
  expect(second.of('call.ended')).toMatchObject([{ callId: call.id, status: 'completed' }]);
});
