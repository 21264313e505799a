/**
 * The media connection as clients of the platform know it: who may open it, the steady 20 ms stream, a playback
 * queue that takes anything, marks that are echoed when heard, and the order in which a call ends.
 */
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  bargeIn,
  bargeInsOf,
  type CallerScript,
  type ExchangeCall,
  goSilent,
  hangUp,
  loseNetwork,
  muteFrames,
  press,
  say,
  turnsOf,
  wait,
  waitForAgent,
} from '../../src/exchange/index.ts';
import { audioOf, type Bench, type Client, hush, mediaOf, openBench, tone } from './exchange-client.ts';

let bench: Bench;
let control: Client;
beforeEach(async () => {
  bench = await openBench();
  control = await bench.control();
});
afterEach(() => bench.close());

/** A call with media open; the clock stands 10 ms after the dial. */
async function open(script: CallerScript = [goSilent()]): Promise<{ call: ExchangeCall; media: Client }> {
  const call = bench.exchange.dial('07012341234', script);
  const media = await bench.answer(control);
  return { call, media };
}

test('a token works once, with or without the bearer header', async () => {
  const call = bench.exchange.dial('07012341234', [goSilent()]);
  const media = await bench.answer(control);
  const url = control.of('call.incoming')[0]!.mediaUrl as string;
  const again = await bench.media(url, { authorization: 'Bearer sk_test_local' });
  expect(again.refused).toMatchObject({ status: 401, contentType: 'application/json' });
  expect(media.socket.readyState).toBe(media.socket.OPEN);
  expect(call.status).toBe('in-progress');
  bench.exchange.dial('07012341234', [goSilent()]);
  await bench.clock.run(10);
  const second = control.of('call.incoming')[1]!.mediaUrl as string;
  const headed = await bench.media(second, { authorization: 'Bearer sk_test_local' });
  expect(headed.refused).toBeUndefined();
});

test('a wrong token, an unknown call and an expired token are refused', async () => {
  bench.exchange.dial('07012341234', []);
  await bench.clock.run(10);
  const url = control.of('call.incoming')[0]!.mediaUrl as string;
  expect((await bench.media(url.replace(/.$/, 'x'))).refused?.status).toBe(401);
  expect((await bench.media(url.replace(/CA./, 'CAx'))).refused?.status).toBe(404);
  await bench.clock.run(30_000);
  expect((await bench.media(url)).refused?.status).toBe(401);
});

test('connected, start, then a frame every 20 ms with string numbers and no gap', async () => {
  const { call, media } = await open([wait(100), say({ audio: tone(60) }), goSilent()]);
  await bench.clock.run(1_000);
  const [connected, start, ...frames] = media.received;
  expect(connected).toEqual({ at: 15, event: 'connected', protocol: 'Call', version: '1.0.0' });
  expect(start).toEqual({
    at: 15,
    event: 'start',
    sequenceNumber: '1',
    start: {
      streamId: expect.stringMatching(/^MZ[0-9a-f]{32}$/),
      callId: call.id,
      accountId: 'AC_local',
      tracks: ['inbound'],
      mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
      customParameters: {},
    },
  });
  expect(frames).toHaveLength(49);
  frames.forEach((frame, index) => {
    expect(frame).toEqual({
      at: 35 + index * 20,
      event: 'media',
      sequenceNumber: String(index + 2),
      media: {
        track: 'inbound',
        chunk: String(index + 1),
        timestamp: String(index * 20),
        payload: expect.any(String),
      },
    });
  });
  expect(audioOf(media)).toEqual(Buffer.concat([hush(100), tone(60), hush(49 * 20 - 160)]));
  expect(Buffer.from(call.spoken).subarray(0, 49 * 160)).toEqual(audioOf(media));
});

test('three minutes are three minutes: the schedule does not drift', { timeout: 60_000 }, async () => {
  const { media } = await open();
  media.socket.removeAllListeners('message');
  let last = '';
  media.socket.on('message', (data) => (last = (data as Buffer).toString()));
  for (let minute = 0; minute < 3; minute += 1) await bench.clock.run(60_000);
  const { media: frame } = JSON.parse(last) as { media: { chunk: string; timestamp: string } };
  expect(Number(frame.timestamp)).toBe(180_000 - 40);
  expect(Number(frame.chunk)).toBe(180_000 / 20 - 1);
});

test('chunks of any size are played in order at 20 ms a frame', async () => {
  const { call, media } = await open();
  const speech = Buffer.from(Uint8Array.from({ length: 4_000 }, (_, index) => index % 200));
  for (const [from, to] of [
    [0, 1],
    [1, 333],
    [333, 334],
    [334, 3_999],
    [3_999, 4_000],
  ]) {
    media.send(mediaOf(speech.subarray(from, to)));
  }
  await bench.clock.run(1_000);
  expect(Buffer.from(call.heard).subarray(0, 4_000)).toEqual(speech);
  expect(call.arrivals.map((arrival) => arrival.bytes)).toEqual([1, 332, 1, 3_665, 1]);
  expect(call.paddedBytes).toBe(0);
});

test('spaces in the JSON and an unusual key order are read too', async () => {
  const { call, media } = await open();
  const payload = Buffer.from(tone(20, 0x21)).toString('base64');
  media.send(`{"event": "media", "media": {"payload": "${payload}"}}`);
  media.send(`{"media":{"payload":"${payload}"},"streamSid":"MZ1","event":"media"}`);
  await bench.clock.run(100);
  expect(Buffer.from(call.heard).subarray(0, 320)).toEqual(Buffer.from(tone(40, 0x21)));
});

test('a mark is echoed when all audio before it has been heard', async () => {
  const { media } = await open();
  media.send(mediaOf(tone(600)));
  media.send({ event: 'mark', mark: { name: 'reply "1"' } });
  await bench.clock.run(1_000);
  // Media opened at 10, the first frame is played at 30 and the thirtieth ends at 630; 5 ms later it is here.
  expect(media.of('mark')).toEqual([
    { at: 635, event: 'mark', sequenceNumber: expect.any(String), mark: { name: 'reply "1"' } },
  ]);
});

test('sequence numbers grow by one with every message of any kind', async () => {
  const { media } = await open([press('12'), goSilent()]);
  media.send({ event: 'mark', mark: { name: 'a' } });
  await bench.clock.run(500);
  const numbers = media.received.slice(1).map((message) => Number(message.sequenceNumber));
  expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  expect(media.of('dtmf').map((message) => message.dtmf)).toEqual([
    { digit: '1', track: 'inbound_track' },
    { digit: '2', track: 'inbound_track' },
  ]);
});

test('a mark closes a short tail at once; without one it is closed after 40 ms', async () => {
  const { call, media } = await open();
  media.send(mediaOf(new Uint8Array(100).fill(0x10)));
  media.send({ event: 'mark', mark: { name: 'end' } });
  await bench.clock.run(100);
  expect([...call.heard.subarray(98, 102)]).toEqual([0x10, 0x10, 0xff, 0xff]);
  expect(media.of('mark')).toHaveLength(1);
  media.send(mediaOf(new Uint8Array(100).fill(0x20)));
  await bench.clock.run(100);
  // Sent at 110: still open at 130, closed at the tick of 150, which is the seventh frame.
  expect([...call.heard.subarray(6 * 160, 6 * 160 + 2)]).toEqual([0x20, 0x20]);
  expect(call.paddedBytes).toBe(120);
});

test('clear echoes what is pending, in order, then drops the audio', async () => {
  const { call, media } = await open();
  media.send(mediaOf(tone(1_000)));
  media.send({ event: 'mark', mark: { name: 'a' } });
  media.send(mediaOf(tone(1_000)));
  media.send({ event: 'mark', mark: { name: 'b' } });
  await bench.clock.run(200);
  media.send({ event: 'clear' });
  await bench.clock.run(5);
  expect(media.of('mark').map((message) => message.mark)).toEqual([{ name: 'a' }, { name: 'b' }]);
  await bench.clock.run(1_000);
  // Ten ticks from 30 to 210 came before the clear.
  expect(call.heard.findIndex((byte) => byte === 0xff)).toBe(10 * 160);
  expect(call.heard.lastIndexOf(0x10)).toBe(10 * 160 - 1);
  expect(call.events.find((event) => event.type === 'clear')).toMatchObject({ droppedMs: 1_800, marks: 2 });
  expect(media.of('mark')).toHaveLength(2);
});

test('keys of the agent are noted, one at a time and only real ones', async () => {
  const { call, media } = await open();
  for (const digit of ['5', '#', 'x', '12']) media.send({ event: 'dtmf', dtmf: { digit } });
  await bench.clock.run(10);
  const keys = call.events.filter((event) => event.type === 'digit');
  expect(keys).toMatchObject([
    { from: 'agent', digit: '5' },
    { from: 'agent', digit: '#' },
  ]);
  expect(bench.exchange.counters.malformed).toBe(2);
});

test('binary, malformed and unknown messages are counted and survived', async () => {
  const { call, media } = await open();
  media.send(Uint8Array.of(1));
  media.send('{"event":"media","media":{"payload":"');
  media.send('not json');
  media.send({ event: 'novelty' });
  media.send(mediaOf(tone(20)));
  await bench.clock.run(40);
  expect(bench.exchange.counters).toEqual({ malformed: 2, unknown: 2 });
  expect(call.heard[0]).toBe(0x10);
});

test('a caller who hangs up: stop, close, then call.ended with whole seconds', async () => {
  const { call, media } = await open([wait(2_980), hangUp()]);
  await bench.clock.run(3_100);
  expect(media.received.at(-1)).toEqual({
    at: 3_015,
    event: 'stop',
    sequenceNumber: expect.any(String),
    stop: { accountId: 'AC_local', callId: call.id },
  });
  expect(media.closed).toEqual({ at: 3_015, code: 1000 });
  expect(control.of('call.ended')).toEqual([
    { at: 3_020, event: 'call.ended', callId: call.id, status: 'completed', duration: 3 },
  ]);
  expect(call.events.map((event) => event.type).slice(-2)).toEqual(['mediaClosed', 'ended']);
  expect(await call.ended).toMatchObject({ by: 'caller' });
});

test('the agent hangs up by closing its media socket, and its last mark comes back first', async () => {
  const { call, media } = await open();
  media.send(mediaOf(tone(300)));
  media.send({ event: 'mark', mark: { name: 'hangup-1' } });
  await bench.clock.runUntil(() => media.of('mark').length === 1, 5_000);
  media.socket.close(1000);
  await bench.clock.run(10);
  expect(control.of('call.ended')).toMatchObject([{ status: 'completed', duration: 0 }]);
  expect(await call.ended).toMatchObject({ status: 'completed', by: 'agent' });
});

test('an agent that vanishes without a close frame leaves a failed call', async () => {
  const { call, media } = await open();
  media.socket.terminate();
  await bench.clock.run(10);
  expect(await call.ended).toMatchObject({ status: 'failed', by: 'platform' });
});

test('a peer that has stopped reading is cut off 2 s after the close', async () => {
  const { call, media } = await open([wait(100), hangUp()]);
  await bench.clock.run(50);
  media.socket.pause();
  await bench.clock.run(1_000);
  expect(control.of('call.ended')).toEqual([]);
  await bench.clock.run(2_000);
  expect(call.status).toBe('completed');
  expect(control.of('call.ended')).toHaveLength(1);
});

test('a lost network kills the socket without stop, with the control connection if asked', async () => {
  const { call, media } = await open([wait(100), loseNetwork({ control: true })]);
  await bench.clock.run(500);
  expect(media.of('stop')).toEqual([]);
  expect(media.closed?.code).toBe(1006);
  expect(control.closed?.code).toBe(1006);
  expect(call.status).toBe('failed');
});

test('muted frames are missing from the stream while its clock goes on', async () => {
  const { media } = await open([wait(40), muteFrames(5), goSilent()]);
  await bench.clock.run(300);
  const stamps = media.of('media').map((message) => (message.media as { timestamp: string }).timestamp);
  expect(stamps.slice(0, 4)).toEqual(['0', '20', '140', '160']);
});

test('a conversation with a barge-in is measured to the tick', async () => {
  const { call, media } = await open([
    waitForAgent({ quietMs: 200 }),
    say({ name: 'question', audio: tone(500) }),
    bargeIn({ name: 'no', audio: tone(400) }, { afterMs: 300 }),
    goSilent(),
  ]);
  const { clock } = bench;
  const heardVoice = (): boolean => audioOf(media).subarray(-160).includes(0x10);
  media.send(mediaOf(tone(200)));
  await clock.runUntil(heardVoice);
  await clock.runUntil(() => !heardVoice());
  await clock.run(100);
  media.send(mediaOf(tone(5_000)));
  await clock.runUntil(heardVoice);
  media.send({ event: 'clear' });
  await clock.run(1_000);
  // Greeting 30–230, quiet until 430; question 430–910; first silence is sent at 930 and here at 935; the answer
  // leaves at 1035 and is played at 1050; 300 ms on, the caller speaks over it, which is here 5 ms later.
  expect(turnsOf(call.events)).toEqual([{ step: 'question', at: 910, latencyMs: 140 }]);
  expect(bargeInsOf(call.events)).toEqual([{ step: 'no', at: 1_350, reactionMs: 5 }]);
});
