/**
 * The media connection of a ClawOps call, against a bare platform: clawops.md §9, 17, 18, 32 to 36, 78, 79, and the
 * ways a call ends. The platform takes silence for an answer: what is not said here, a caller listens to.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chunkOfBytes } from '../../src/audio/chunk.ts';
import { openSockets } from '../../src/testing/settle.ts';
import type { Heard, Harness } from './clawops-harness.ts';
import { createHarness, mediaMessage, startMessage } from './clawops-harness.ts';

let harness: Harness;

beforeEach(async () => {
  harness = await createHarness();
  await harness.connect();
});
afterEach(async () => {
  await harness.close();
  await harness.clock.run(0);
  expect(harness.clock.pending).toBe(0);
  expect(openSockets()).toBe(0);
});

const speech = (ms: number, gen = 1) => chunkOfBytes(Buffer.alloc(ms * 8, gen), gen);
const payload = (ms: number, gen = 1) => ({
  event: 'media',
  media: { payload: Buffer.alloc(ms * 8, gen).toString('base64') },
});
const SILENCE = Buffer.alloc(160, 0xff).toString('base64');
const failures = () =>
  harness.platform.control().received.filter(({ event }) => event === 'call.session_failed');
const run = (ms: number) => harness.clock.run(ms);

describe('opening media', () => {
  it('begins with the accept, and the call is answered when media starts', async () => {
    const call = await harness.ring('CA1');
    call.leg.accept();
    await run(0);
    expect(harness.platform.medias).toHaveLength(1);
    expect(call.facts).toEqual([]);
    harness.platform.media().send({ event: 'connected', protocol: 'Call', version: '1.0.0' });
    harness.platform.media().send(startMessage('CA1'));
    harness.platform.media().send(startMessage('CA1'));
    await run(0);
    expect(call.facts).toEqual([{ type: 'leg.answered' }, { type: 'leg.mediaStarted', epoch: 1 }]);
  });

  it('§9.79 sends the token and never the key', async () => {
    await harness.talk('CA1');
    const { request } = harness.platform.media();
    expect(request.url).toBe('/v1/agent/media/CA1?token=t-CA1');
    expect(request.headers.authorization).toBeUndefined();
    expect(JSON.stringify(request.rawHeaders)).not.toContain('sk_x');
    expect(request.headers['sec-websocket-extensions']).toBeUndefined();
  });

  it('§9.79 warns once of plain ws:// to another machine, and names the host only', async () => {
    // An address of the documentation range whose scheme is what matters; nothing is reached.
    for (const id of ['CA1', 'CA2']) {
      const call = await harness.ring(id, { mediaUrl: `ws://media.invalid:1/${id}?token=secret` });
      call.leg.accept();
      call.leg.close();
    }
    const warnings = harness.logs.filter(({ level }) => level === 'warn');
    expect(warnings).toHaveLength(1);
    expect(warnings[0]!.fields).toEqual({ host: 'media.invalid:1' });
  });

  it.each([
    ['a refused handshake', 403, undefined],
    ['a dead address', undefined, 'ws://127.0.0.1:1/x'],
    ['an address that is none', undefined, 'oops'],
    ['an address of another kind', undefined, 'file:///etc/passwd'],
    ['an empty address', undefined, ''],
  ])('§9.17 %s fails the call, aloud, at once', async (_name, status, mediaUrl) => {
    harness.platform.refuse.media = status;
    const call = await harness.ring('CA1', mediaUrl === undefined ? {} : { mediaUrl });
    const timers = harness.clock.pending;
    call.leg.accept();
    await run(0);
    expect(call.facts).toEqual([
      { type: 'leg.hangup', by: 'platform', status: 'failed', code: 'OFFHOOK_MEDIA_FAILED' },
    ]);
    expect(failures()).toEqual([expect.objectContaining({ callId: 'CA1', reason: 'MediaFailed' })]);
    expect(harness.clock.pending).toBe(timers);
  });

  it.each([
    ['a handshake that is never answered', 0],
    ['a connection on which nothing comes', undefined],
  ])('§9.17 %s fails the call after 10 s', async (_name, status) => {
    harness.platform.refuse.media = status;
    const call = await harness.ring('CA1');
    call.leg.accept();
    await run(9_999);
    expect(call.facts).toEqual([]);
    await run(1);
    expect(call.types()).toEqual(['leg.hangup']);
    expect(failures()).toHaveLength(1);
  });

  it('a refusal does not stop the next call', async () => {
    harness.platform.refuse.media = 500;
    (await harness.ring('CA1')).leg.accept();
    await run(0);
    harness.platform.refuse.media = undefined;
    const call = await harness.talk('CA2');
    expect(call.types()).toEqual(['leg.answered', 'leg.mediaStarted']);
  });
});

describe('caller audio, keys and marks', () => {
  it('arrive in order, undecoded, on the media axis', async () => {
    const call = await harness.talk('CA1');
    for (let index = 0; index < 50; index += 1) harness.platform.media().send(mediaMessage(index, SILENCE));
    harness.platform.media().send({ event: 'dtmf', dtmf: { digit: '4', track: 'inbound_track' } });
    harness.platform.media().send({ event: 'dtmf', dtmf: { digit: '#', track: 'inbound_track' } });
    harness.platform.media().send({ event: 'mark', mark: { name: 'g1' } });
    await run(0);
    expect(call.audio.map(({ at }) => at)).toEqual(Array.from({ length: 50 }, (_, index) => index * 20));
    expect(call.audio.every(({ base64, ms }) => base64 === SILENCE && ms === 20)).toBe(true);
    expect(call.digits).toEqual(['4', '#']);
    expect(call.marks).toEqual(['g1']);
  });

  it('frames without a timestamp follow each other', async () => {
    const call = await harness.talk('CA1');
    harness.platform.media().send(mediaMessage(5, SILENCE));
    for (let count = 0; count < 3; count += 1) {
      harness.platform.media().send({ event: 'media', media: { payload: SILENCE } });
    }
    await run(0);
    expect(call.audio.map(({ at }) => at)).toEqual([100, 120, 140, 160]);
  });

  it('§9.78 survive messages that are not JSON, binary, unknown, or lack what they need', async () => {
    const call = await harness.talk('CA1');
    const media = harness.platform.media();
    for (const text of ['oops', '{', '7', '{"event":"media"}', '{"event":"dtmf","dtmf":{"digit":"12"}}'])
      media.send(text);
    media.socket.send(Buffer.from([0, 1, 2]));
    media.send({ event: 'weather' });
    media.send(mediaMessage(0, SILENCE));
    await run(0);
    expect(call.audio).toHaveLength(1);
    expect(call.types()).toEqual(['leg.answered', 'leg.mediaStarted']);
    expect(harness.transport.counters).toMatchObject({ malformed: 6, unknown: 1 });
  });

  it.each([
    ['a start without ids', [{ event: 'start' }]],
    ['no start at all', [mediaMessage(0, SILENCE)]],
  ])('§9.78 %s does not cost the call', async (_name, messages) => {
    const call = await harness.ring('CA1');
    call.leg.accept();
    await run(0);
    for (const message of messages) harness.platform.media().send(message);
    harness.platform.media().send(mediaMessage(1, SILENCE));
    await run(20_000);
    expect(call.types()).toEqual(['leg.answered', 'leg.mediaStarted']);
    expect(call.audio.at(-1)!.at).toBe(20);
  });

  it('a sink that throws loses a frame, not the call', async () => {
    const call = await harness.ring('CA1');
    call.audio.push = () => {
      throw new Error('sink');
    };
    call.leg.accept();
    await run(0);
    harness.platform.media().send(mediaMessage(0, SILENCE));
    harness.platform.media().send({ event: 'dtmf', dtmf: { digit: '4' } });
    await run(0);
    expect(call.digits).toEqual(['4']);
    expect(harness.transport.counters.faults).toBe(1);
  });
});

describe('agent audio', () => {
  it('§9.34, 36 goes out as it comes, one message a chunk, tails unpadded, marks in their place', async () => {
    const call = await harness.talk('CA1');
    call.leg.play(speech(200));
    call.leg.mark('a');
    call.leg.play(speech(13));
    call.leg.mark('b');
    expect(await call.leg.sendDigits('5')).toBeUndefined();
    expect(await call.leg.sendDigits('w')).toBe('OFFHOOK_OPTION_INVALID');
    await run(0);
    expect(harness.platform.media().received).toEqual([
      payload(200),
      { event: 'mark', mark: { name: 'a' } },
      payload(13),
      { event: 'mark', mark: { name: 'b' } },
      { event: 'dtmf', dtmf: { digit: '5' } },
    ]);
  });

  it('§9.32, 33 nothing of ours waits behind a clear: it is written in the same turn, between old and new audio', async () => {
    const call = await harness.talk('CA1');
    for (let count = 0; count < 100; count += 1) call.leg.play(speech(200, 1));
    call.leg.clear();
    call.leg.play(speech(20, 2));
    await run(0);
    const { received } = harness.platform.media();
    expect(received).toHaveLength(102);
    expect(received[100]).toEqual({ event: 'clear' });
    expect(received[101]).toEqual(payload(20, 2));
  });

  it('§9.35 an echo is reported as an echo: in order, by name, also when a clear made it', async () => {
    const call = await harness.talk('CA1');
    const media = harness.platform.media();
    media.socket.on('message', (data: Buffer) => {
      if (!data.includes('"clear"')) return;
      for (const { event, mark } of media.received) if (event === 'mark') media.send({ event, mark });
    });
    call.leg.play(speech(1000));
    for (const name of ['1:1', '1:2', '1:3']) call.leg.mark(name);
    call.leg.clear();
    await run(0);
    expect(call.marks).toEqual(['1:1', '1:2', '1:3']);
  });

  it('before media and after it is dropped and counted, and no method throws', async () => {
    const call = await harness.ring('CA1');
    const touch = (): void => {
      call.leg.play(speech(20));
      call.leg.mark('m');
      call.leg.clear();
      void call.leg.sendDigits('1');
    };
    touch();
    call.leg.accept();
    touch();
    await run(0);
    harness.platform.media().send(startMessage('CA1'));
    harness.platform.media().send({ event: 'stop' });
    await run(2_000);
    touch();
    call.leg.close();
    touch();
    call.leg.hangup();
    call.leg.reject({ cause: 'rejected', code: 'x', message: 'y' });
    call.leg.accept();
    call.leg.notify('metrics', {});
    expect(harness.platform.media().received).toEqual([]);
    expect(harness.transport.counters.dropped).toBe(3);
  });
});

describe('hanging up', () => {
  const hangupMark = () =>
    harness.platform.media().received.find(({ event }) => event === 'mark') as
      { mark: { name: string } } | undefined;

  it('waits for the last words: mark, echo, close with 1000, then the fact', async () => {
    const call = await harness.talk('CA1');
    await run(1_234);
    call.leg.play(speech(600));
    call.leg.hangup();
    call.leg.hangup();
    await run(600);
    expect(hangupMark()?.mark.name).toBe(`hangup-${harness.clock.epoch + 1_234}`);
    expect(call.types()).not.toContain('leg.hangup');
    harness.platform.media().send({ event: 'mark', mark: hangupMark()!.mark });
    await run(0);
    expect(harness.platform.media().closed).toBe(1000);
    expect(call.facts.at(-1)).toEqual({ type: 'leg.hangup', by: 'agent', status: 'completed' });
    expect(call.marks).toEqual([]);
    expect(harness.platform.media().received).toHaveLength(2);
  });

  it('hears the caller until then', async () => {
    const call = await harness.talk('CA1');
    call.leg.hangup();
    harness.platform.media().send(mediaMessage(0, SILENCE));
    await run(0);
    expect(call.audio).toHaveLength(1);
  });

  it('waits 5 s for an echo that does not come', async () => {
    const call = await harness.talk('CA1');
    call.leg.hangup();
    await run(4_999);
    expect(harness.platform.media().closed).toBeUndefined();
    await run(1);
    expect(harness.platform.media().closed).toBe(1000);
    expect(call.types()).toContain('leg.hangup');
  });

  it('is done when the platform ends the call meanwhile', async () => {
    const call = await harness.talk('CA1');
    call.leg.hangup();
    harness.platform.media().send({ event: 'stop' });
    await run(0);
    expect(call.facts.at(-1)).toEqual({ type: 'leg.hangup', by: 'agent', status: 'completed' });
  });

  it('cuts a platform that does not answer the close', async () => {
    const call = await harness.talk('CA1');
    harness.platform.media().socket.pause();
    call.leg.hangup();
    await run(5_999);
    expect(call.types()).not.toContain('leg.hangup');
    await run(1);
    expect(call.types()).toContain('leg.hangup');
    harness.platform.media().socket.resume();
  });

  it.each([
    ['is being opened', undefined, 0],
    ['was opened but has not begun', undefined, 10],
    ['does not open', 0, 10],
  ])('§9.18 while media %s is at once, and the platform is told', async (_name, answer, after) => {
    harness.platform.refuse.media = answer;
    const timers = harness.clock.pending;
    const call = await harness.ring('CA1');
    call.leg.accept();
    if (after > 0) await run(after);
    call.leg.hangup();
    await run(0);
    expect(call.facts).toEqual([{ type: 'leg.hangup', by: 'agent', status: 'completed' }]);
    expect(failures()).toHaveLength(1);
    expect(harness.platform.medias.map(({ closed }) => closed)).not.toContain(undefined);
    expect(harness.clock.pending).toBe(timers);
  });

  it('before the accept turns the call away', async () => {
    const call = await harness.ring('CA1');
    call.leg.hangup();
    await run(0);
    expect(call.facts).toEqual([{ type: 'leg.hangup', by: 'agent', status: 'rejected' }]);
    expect(failures()).toHaveLength(1);
  });

  it('by close() is at once: sockets and timers are gone, no fact follows', async () => {
    const call = await harness.talk('CA1');
    call.leg.hangup();
    call.leg.close();
    await run(10_000);
    expect(harness.platform.media().closed).toBe(1000);
    expect(call.types()).toEqual(['leg.answered', 'leg.mediaStarted']);
    const waiting = await harness.ring('CA2');
    waiting.leg.close();
    const taken = await harness.ring('CA3');
    taken.leg.accept();
    taken.leg.close();
    await run(0);
    // Without a word the caller would listen to nothing for 30 s.
    expect(failures().map(({ callId }) => callId)).toEqual(['CA2', 'CA3']);
  });
});

describe('the platform ends the call', () => {
  const last = (call: Heard) => call.facts.slice(2);

  it('by stop, close and call.ended: one hang-up by the caller, with what the platform says', async () => {
    const call = await harness.talk('CA1');
    harness.platform.media().send({ event: 'stop', sequenceNumber: '9', stop: { callId: 'CA1' } });
    harness.platform.media().socket.close(1000);
    await run(500);
    expect(last(call)).toEqual([{ type: 'leg.mediaStopped', epoch: 1, expected: false }]);
    harness.platform
      .control()
      .send({ event: 'call.ended', callId: 'CA1', status: 'completed', duration: 61 });
    harness.platform.control().send({ event: 'call.ended', callId: 'CA1', status: 'failed', duration: 62 });
    await run(10_000);
    expect(last(call).slice(1)).toEqual([
      { type: 'leg.hangup', by: 'caller', status: 'completed' },
      { type: 'leg.ended', status: 'completed', durationMs: 61_000 },
    ]);
  });

  it('without a word on control is over 2 s later; the word still counts when it comes', async () => {
    const call = await harness.talk('CA1');
    harness.platform.media().socket.close(1000);
    await run(1_999);
    expect(call.types()).not.toContain('leg.hangup');
    await run(1);
    expect(call.facts.at(-1)).toEqual({ type: 'leg.hangup', by: 'caller', status: 'completed' });
    harness.platform.control().send({ event: 'call.ended', callId: 'CA1', status: 'completed', duration: 3 });
    await run(0);
    expect(call.facts.at(-1)).toEqual({ type: 'leg.ended', status: 'completed', durationMs: 3_000 });
  });

  it('by losing the connection is a failure of media, unless the platform knows better', async () => {
    const call = await harness.talk('CA1');
    const other = await harness.talk('CA2');
    for (const { socket } of harness.platform.medias) socket.terminate();
    await run(100);
    harness.platform.control().send({ event: 'call.ended', callId: 'CA2', status: 'completed', duration: 1 });
    await run(1_900);
    const code = 'OFFHOOK_MEDIA_FAILED';
    expect(call.facts.at(-1)).toEqual({ type: 'leg.hangup', by: 'platform', status: 'failed', code });
    expect(other.facts.slice(-2)).toEqual([
      { type: 'leg.hangup', by: 'platform', status: 'completed', code },
      { type: 'leg.ended', status: 'completed', durationMs: 1_000 },
    ]);
  });

  it('by call.ended alone closes media too', async () => {
    const call = await harness.talk('CA1');
    harness.platform.control().send({ event: 'call.ended', callId: 'CA1', status: 'completed', duration: 1 });
    await run(0);
    expect(last(call).map(({ type }) => type)).toEqual(['leg.mediaStopped', 'leg.hangup', 'leg.ended']);
    expect(harness.platform.media().closed).toBe(1000);
  });

  it('by falling silent: a ping after 30 s without a frame, the end 15 s later', async () => {
    const call = await harness.talk('CA1');
    (harness.platform.media().socket as unknown as { _autoPong: boolean })._autoPong = false;
    await run(20_000);
    harness.platform.media().send(mediaMessage(0, SILENCE));
    await run(44_999);
    expect(call.types()).not.toContain('leg.mediaStopped');
    await run(1);
    expect(call.types()).toContain('leg.mediaStopped');
  });
});

describe('notices', () => {
  it('carry their body under their own name', async () => {
    const call = await harness.talk('CA1');
    call.leg.notify('telemetry', { model: 'm' });
    call.leg.notify('metrics', { turns: 1 });
    const cyclic: Record<string, unknown> = {};
    cyclic.self = cyclic;
    call.leg.notify('metrics', cyclic);
    await run(0);
    expect(harness.platform.control().received.slice(2)).toEqual([
      { event: 'call.telemetry', callId: 'CA1', telemetry: { model: 'm' } },
      { event: 'call.metrics', callId: 'CA1', metrics: { turns: 1 } },
    ]);
  });
});
