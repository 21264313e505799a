/**
 * The control connection as clients of the platform know it: the path, the key, one process for a number, and a
 * call that ends by itself when nobody brings its media.
 */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { OffhookError } from '../../src/errors.ts';
import { createExchange, goSilent } from '../../src/exchange/index.ts';
import { type Bench, openBench, seededRandom } from './exchange-client.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await openBench({
    accounts: [
      { id: 'AC_local', key: 'sk_test_local' },
      { id: 'AC_other', key: 'sk_other' },
    ],
    numbers: [
      { number: '07012341234' },
      { number: '07055556666' },
      { number: '07099990000', account: 'AC_other' },
    ],
  });
});
afterEach(() => bench.close());

test.each([
  ['a wrong key', { key: 'sk_wrong' }, 401],
  ['the account of another key', { account: 'AC_other' }, 403],
  ['a number nobody has', { number: '07000000000' }, 404],
  ["another account's number", { number: '07099990000' }, 403],
])('%s is refused with a JSON answer', async (_, options, status) => {
  const client = await bench.control(options);
  expect(client.refused).toMatchObject({ status, contentType: 'application/json' });
  expect(JSON.parse(client.refused!.body)).toHaveProperty('error');
});

test('any other path is 404', async () => {
  const client = await bench.media(`${bench.wsUrl}/v1/accounts/AC_local/agent/listen/?number=07012341234`);
  expect(client.refused?.status).toBe(404);
});

test('a path that is not valid percent-encoding is turned away', async () => {
  expect((await bench.control({ account: '%zz' })).refused?.status).toBe(403);
});

test('a percent-encoded international form is the same number', async () => {
  await bench.control({ number: '+82 70-1234-1234' });
  expect(bench.exchange.serves('07012341234')).toBe(true);
});

test('pings are answered', async () => {
  const client = await bench.control();
  let pongs = 0;
  client.socket.on('pong', () => (pongs += 1));
  client.socket.ping();
  await bench.clock.run(0);
  expect(pongs).toBe(1);
});

test('an idle client is pinged every 30 s, which is what one that waits 60 s for a ping lives by', async () => {
  const client = await bench.control();
  const pings: number[] = [];
  client.socket.on('ping', () => pings.push(bench.clock.now()));
  await bench.clock.run(95_000);
  expect(pings.slice(1).map((at, index) => at - pings[index]!)).toEqual([30_000, 30_000]);
  expect(pings[0]).toBeLessThanOrEqual(30_000);
});

test('a client that has gone is not pinged, and leaves no timer behind', async () => {
  const before = bench.clock.pending;
  const client = await bench.control();
  expect(bench.clock.pending).toBe(before + 1);
  client.socket.terminate();
  await bench.clock.run(10);
  expect(bench.clock.pending).toBe(before);
});

test('the newest connection takes the number, the older one is closed with 4409', async () => {
  const older = await bench.control();
  const other = await bench.control({ number: '07055556666' });
  const newer = await bench.control();
  await bench.clock.run(10);
  expect(older.closed?.code).toBe(4409);
  expect(newer.closed).toBeUndefined();
  expect(other.closed).toBeUndefined();
  bench.exchange.dial('07012341234', [goSilent()]);
  await bench.clock.run(10);
  expect(older.of('call.incoming')).toEqual([]);
  expect(newer.of('call.incoming')).toHaveLength(1);
});

test('with takeover `retire` a client that understands it is told, and keeps its socket for running calls', async () => {
  await bench.close();
  bench = await openBench({ takeover: 'retire' });
  const older = await bench.control();
  older.send({ event: 'agent.hello', sdk: { name: 'bare', capabilities: ['retire'] } });
  const call = bench.exchange.dial('07012341234', [goSilent()]);
  const media = await bench.answer(older);
  const newer = await bench.control();
  await bench.clock.run(10);
  expect(older.received.at(-1)).toMatchObject({ event: 'agent.retired' });
  media.socket.close(1000);
  await bench.clock.run(10);
  expect(older.of('call.ended')).toMatchObject([{ callId: call.id }]);
  const third = await bench.control();
  await bench.clock.run(10);
  expect(newer.closed?.code).toBe(4409);
  expect([older.closed, third.closed]).toEqual([undefined, undefined]);
});

test('a retiring client is let in and gets no calls', async () => {
  const serving = await bench.control();
  const retiring = await bench.control({ query: '&role=retiring' });
  bench.exchange.dial('07012341234', [goSilent()]);
  await bench.clock.run(10);
  expect(serving.of('call.incoming')).toHaveLength(1);
  expect(retiring.received).toEqual([]);
});

test('dialling a number that no agent serves throws, before and after there was one', async () => {
  const dial = (): unknown => bench.exchange.dial('07012341234', []);
  expect(dial).toThrow(OffhookError);
  const client = await bench.control();
  client.socket.close();
  await bench.clock.run(0);
  expect(dial).toThrow(expect.objectContaining({ code: 'OFFHOOK_NUMBER_NOT_SERVED' }));
});

test('an incoming call carries all that clients read, one network delay later', async () => {
  const client = await bench.control();
  const call = bench.exchange.dial('070-1234-1234', [goSilent()], { from: '01099998888' });
  await bench.clock.run(4);
  expect(client.received).toEqual([]);
  await bench.clock.run(1);
  expect(client.received).toEqual([
    {
      at: 5,
      event: 'call.incoming',
      callId: call.id,
      from: '01099998888',
      to: '07012341234',
      accountId: 'AC_local',
      mediaUrl: expect.stringMatching(
        new RegExp(`^${bench.wsUrl}/v1/agent/media/${call.id}\\?token=[0-9a-f]{32}$`),
      ),
    },
  ]);
  expect(call.id).toMatch(/^CA[0-9a-f]{32}$/);
  expect(call.status).toBe('ringing');
});

test('a call whose media never comes is stuck after 30 s, accepted or not', async () => {
  const client = await bench.control();
  const call = bench.exchange.dial('07012341234', []);
  await bench.clock.run(10);
  client.send({ event: 'call.accept', callId: call.id });
  await bench.clock.run(29_985);
  expect(client.of('call.ended')).toEqual([]);
  await bench.clock.run(10);
  expect(client.of('call.ended')).toEqual([
    { at: 30_005, event: 'call.ended', callId: call.id, status: 'failed', duration: 0 },
  ]);
  expect(await call.ended).toEqual({ status: 'failed', duration: 0, cause: 'call_stuck', by: 'platform' });
});

test('session_failed ends the call at once as failed', async () => {
  const client = await bench.control();
  const call = bench.exchange.dial('07012341234', []);
  await bench.clock.run(10);
  client.send({ event: 'call.session_failed', callId: call.id, reason: 'ValueError', message: 'no key' });
  await bench.clock.run(5);
  expect(client.of('call.ended')).toMatchObject([{ at: 15, status: 'failed', duration: 0 }]);
  expect(call.failure).toEqual({ reason: 'ValueError', message: 'no key' });
});

test('a caller who gives up before the answer leaves a cancelled call', async () => {
  const client = await bench.control();
  const call = bench.exchange.dial('07012341234', []);
  await bench.clock.run(1_000);
  call.hangUp();
  await bench.clock.run(5);
  expect(client.of('call.ended')).toMatchObject([{ status: 'canceled', duration: 0 }]);
});

test('hello, telemetry, metrics, unknown events and garbage are all survived', async () => {
  const client = await bench.control();
  const call = bench.exchange.dial('07012341234', []);
  await bench.clock.run(10);
  client.send({ event: 'agent.hello', sdk: { name: 'bare' } });
  client.send({ event: 'call.telemetry', callId: call.id, telemetry: { toolCount: 2 } });
  client.send({ event: 'call.metrics', callId: call.id, metrics: { bargeInCount: 1 } });
  client.send({ event: 'call.metrics', callId: 'CAnobody', metrics: {} });
  client.send({ event: 'something.new' });
  client.send('{"event":');
  client.send('[1]');
  client.send(Uint8Array.of(1, 2, 3));
  await bench.clock.run(10);
  expect(call.telemetry).toEqual({ toolCount: 2 });
  expect(call.metrics).toEqual({ bargeInCount: 1 });
  expect(bench.exchange.counters).toEqual({ malformed: 3, unknown: 2 });
  expect(client.closed).toBeUndefined();
});

test("another account cannot touch a call's fate", async () => {
  const client = await bench.control();
  const other = await bench.control({ key: 'sk_other', account: 'AC_other', number: '07099990000' });
  const call = bench.exchange.dial('07012341234', []);
  other.send({ event: 'call.session_failed', callId: call.id, reason: 'x', message: '' });
  await bench.clock.run(10);
  expect(call.status).toBe('ringing');
  expect(client.of('call.ended')).toEqual([]);
});

test('a taken port has its own error', async () => {
  const second = createExchange({
    clock: bench.clock,
    random: seededRandom(),
    port: Number(new URL(bench.url).port),
  });
  await expect(second.listen()).rejects.toMatchObject({ code: 'OFFHOOK_PORT_IN_USE' });
  await second.close();
});

test('closing the exchange settles live calls, closes sockets with 1001 and leaves no timer behind', async () => {
  const client = await bench.control();
  const call = bench.exchange.dial('07012341234', [goSilent()]);
  const media = await bench.answer(client);
  await bench.clock.run(100);
  await bench.exchange.close();
  await bench.clock.run(0);
  expect(await call.ended).toMatchObject({ status: 'failed', cause: 'exchange_closed' });
  expect(client.closed?.code).toBe(1001);
  expect(media.closed?.code).toBe(1001);
  expect(bench.clock.pending).toBe(0);
});
