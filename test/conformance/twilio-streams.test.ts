/**
 * Who may open a media stream, and what becomes of it. A stream is a call that somebody pays for: one that was not
 * announced, comes twice or never says what it is must not become one.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { chunkOfBytes } from '../../src/audio/chunk.ts';
import { openSockets } from '../../src/testing/settle.ts';
import { signRequest } from '../../src/transport/twilio/signature.ts';
import { type Client, openClient, startOf } from './twilio-client.ts';
import { AUTH_TOKEN } from './twilio-harness.ts';

let client: Client;
const run = (ms: number): Promise<void> => client.clock.run(ms);
/** A call that was answered and has no media: over, and known to be. */
const UNOPENED = [
  { type: 'leg.hangup', by: 'platform', status: 'failed', code: 'OFFHOOK_MEDIA_FAILED' },
  { type: 'leg.ended', status: 'failed', durationMs: undefined },
];
const typesOf = (index: number): string[] => client.calls[index]!.facts.map(({ type }) => type);

afterEach(async () => {
  await client.close();
  expect({ timers: client.clock.pending, sockets: openSockets() }).toEqual({ timers: 0, sockets: 0 });
});

describe('a handshake', () => {
  it.each([
    ['without a signature', {}],
    [
      'with one of the webhook',
      { 'x-twilio-signature': signRequest(AUTH_TOKEN, 'https://voice.example.com/media-stream') },
    ],
    [
      'with one of another path',
      { 'x-twilio-signature': signRequest(AUTH_TOKEN, 'wss://voice.example.com/other') },
    ],
  ])('%s is refused', async (_name, headers) => {
    client = await openClient();
    const stream = await client.stream('/media-stream', headers);
    expect(stream.refused).toBe(403);
    expect(client.phone.counters.refused).toBe(1);
  });

  it('is signed over the wss:// address, and compresses nothing', async () => {
    client = await openClient();
    const stream = await client.stream();
    expect(stream.refused).toBeUndefined();
    expect(stream.socket.extensions).toBe('');
  });

  it('at another path is refused, whatever its signature', async () => {
    client = await openClient();
    for (const path of ['/', '/media-stream/', '/voice/incoming']) {
      expect((await client.stream(path)).refused).toBe(404);
    }
  });

  it('of a server that is closed is refused, where another one runs', async () => {
    client = await openClient({ port: false });
    const answered: string[] = [];
    const socket = { end: (text: string) => void answered.push(text) };
    const request = {
      url: '/media-stream',
      headers: { 'x-twilio-signature': signRequest(AUTH_TOKEN, 'wss://voice.example.com/media-stream') },
    };
    await client.close();
    client.phone.upgrade(request as never, socket as never, Buffer.alloc(0));
    expect(answered[0]).toMatch(/^HTTP\/1\.1 503 /);
  });
});

describe('a stream', () => {
  it('with the token of its call becomes that call', async () => {
    client = await openClient();
    const token = await client.announce({ From: '+266696687' });
    await client.start('CA1', { token: token! });
    expect(client.calls[0]!.leg.info).toEqual({
      id: 'CA1',
      transport: 'twilio',
      direction: 'inbound',
      from: '+266696687',
      to: '+827012340001',
      callerIdRestricted: true,
    });
    expect(typesOf(0)).toEqual(['leg.answered', 'leg.mediaStarted']);
  });

  it.each([
    ['', true],
    ['anonymous', true],
    ['sip:anonymous@example.com', true],
    ['client:anonymously', false],
    ['+821012345678', false],
  ])('from %j hides its number: %s', async (From, restricted) => {
    client = await openClient();
    await client.start('CA1', { token: (await client.announce({ From }))! });
    expect(client.calls[0]!.leg.info).toMatchObject({ from: From, callerIdRestricted: restricted });
  });

  it.each<[string, (token: string) => [string, Record<string, string>]]>([
    ['no token', () => ['CA1', {}]],
    ['a wrong token', (token) => ['CA1', { token: `${token}x` }]],
    ['a token under another name', (token) => ['CA1', { Token: token }]],
    ['the token of another call', (token) => ['CA2', { token }]],
  ])('with %s is closed, and does no harm', async (_name, start) => {
    client = await openClient();
    const token = (await client.announce())!;
    const stream = await client.start(...start(token));
    expect(stream.closed).toBe(1008);
    expect(client.phone.counters.refused).toBe(1);
    // The call itself still waits for its own stream.
    expect(client.calls.map(({ facts }) => facts)).toEqual([[]]);
    await client.start('CA1', { token });
    expect(typesOf(0)).toEqual(['leg.answered', 'leg.mediaStarted']);
  });

  it('with a token that was used is closed; the call is not touched', async () => {
    client = await openClient();
    const token = (await client.announce())!;
    const first = await client.start('CA1', { token });
    const second = await client.start('CA1', { token });
    expect([first.closed, second.closed]).toEqual([undefined, 1008]);
    expect(client.calls).toHaveLength(1);
    expect(typesOf(0)).toEqual(['leg.answered', 'leg.mediaStarted']);
  });

  it('has 30 s: then its token is worth nothing, and the log says what to look for', async () => {
    client = await openClient();
    const token = (await client.announce())!;
    await run(29_999);
    expect(client.phone.counters.unopened).toBe(0);
    expect(typesOf(0)).toEqual([]);
    await run(1);
    expect(client.phone.counters.unopened).toBe(1);
    expect(client.calls[0]!.facts).toEqual(UNOPENED);
    expect(client.logs.at(-1)).toMatchObject({ fields: { call: 'CA1' } });
    expect(client.logs.at(-1)!.message).toContain('publicUrl');
    expect((await client.start('CA1', { token })).closed).toBe(1008);
  });

  it('that never says what it is, is closed after 10 s', async () => {
    client = await openClient();
    const stream = await client.stream();
    stream.send({ event: 'connected' });
    stream.send({ event: 'media', media: { payload: '/w==' } });
    stream.send({ event: 'dtmf', dtmf: { digit: '1' } });
    stream.send({ event: 'mark', mark: { name: 'a' } });
    await run(9_999);
    expect(stream.closed).toBeUndefined();
    await run(1);
    expect(stream.closed).toBe(1008);
    expect(client.phone.counters).toMatchObject({ stale: 1, refused: 1 });
  });

  it('that does not answer its close is cut', async () => {
    client = await openClient();
    const stream = await client.stream();
    stream.socket.pause();
    await run(11_000);
    stream.socket.resume();
    await run(0);
    expect(stream.closed).toBe(1008);
    expect(client.clock.pending).toBe(0);
  });

  it('in another format is closed, and the log says so', async () => {
    client = await openClient();
    const token = (await client.announce())!;
    const mediaFormat = { encoding: 'audio/x-l16', sampleRate: 16_000, channels: 1 };
    const stream = await client.start('CA1', { token }, { mediaFormat });
    expect(stream.closed).toBe(1003);
    expect(client.logs.at(-1)!.message).toContain('mu-law');
    expect(client.calls[0]!.facts).toEqual(UNOPENED);
  });

  it('that starts twice is one call', async () => {
    client = await openClient();
    const stream = await client.start('CA1', { token: (await client.announce())! });
    stream.send(startOf('CA1'));
    stream.send(startOf('CA2'));
    await run(0);
    expect(client.calls).toHaveLength(1);
    expect(client.phone.counters.stale).toBe(2);
  });

  it('whose host throws is closed, and the next one is not', async () => {
    client = await openClient({ anyStream: true });
    client.decide = () => {
      throw new Error('a host');
    };
    expect((await client.start('CA1')).closed).toBe(1000);
    client.decide = (leg) => leg.accept();
    await client.start('CA2');
    expect(typesOf(1)).toEqual(['leg.answered', 'leg.mediaStarted']);
    expect(client.phone.counters.faults).toBe(1);
  });

  it('names itself in everything it is sent', async () => {
    client = await openClient();
    const stream = await client.start('CA1', { token: (await client.announce())! });
    const { leg } = client.calls[0]!;
    leg.play(chunkOfBytes(Buffer.from([1, 2, 3]), 1));
    leg.mark('1:1');
    leg.clear();
    await run(0);
    expect(stream.received).toEqual([
      { event: 'media', streamSid: 'MZ1', media: { payload: 'AQID' } },
      { event: 'mark', streamSid: 'MZ1', mark: { name: '1:1' } },
      { event: 'clear', streamSid: 'MZ1' },
    ]);
  });

  it('without timestamps puts each frame behind the one before', async () => {
    client = await openClient();
    const stream = await client.start('CA1', { token: (await client.announce())! });
    const payload = Buffer.alloc(160).toString('base64');
    stream.send({ event: 'media', media: { timestamp: '100', payload } });
    for (let count = 0; count < 3; count += 1) stream.send({ event: 'media', media: { payload } });
    await run(0);
    expect(client.calls[0]!.heard).toEqual([100, 120, 140, 160]);
  });

  it('gets its clear in the same turn, between old audio and new', async () => {
    client = await openClient();
    const stream = await client.start('CA1', { token: (await client.announce())! });
    const { leg } = client.calls[0]!;
    const speech = chunkOfBytes(Buffer.alloc(1_600, 1), 1);
    for (let count = 0; count < 100; count += 1) leg.play(speech);
    leg.clear();
    leg.play(chunkOfBytes(Buffer.alloc(160, 2), 2));
    await run(0);
    expect(stream.received).toHaveLength(102);
    expect(stream.received[100]).toEqual({ event: 'clear', streamSid: 'MZ1' });
  });
});

describe('a call without its stream yet', () => {
  it('can be hung up: at once, and the stream that comes is turned away', async () => {
    client = await openClient();
    const token = (await client.announce())!;
    client.calls[0]!.leg.hangup();
    expect(client.calls[0]!.facts).toEqual([
      { type: 'leg.hangup', by: 'agent', status: 'completed' },
      { type: 'leg.ended', status: 'completed', durationMs: undefined },
    ]);
    expect((await client.start('CA1', { token })).closed).toBe(1008);
    expect(client.clock.pending).toBe(0);
  });

  it('can be closed: no fact follows', async () => {
    client = await openClient();
    const token = (await client.announce())!;
    client.calls[0]!.leg.close();
    expect((await client.start('CA1', { token })).closed).toBe(1008);
    expect(typesOf(0)).toEqual([]);
    expect(client.clock.pending).toBe(0);
  });

  it('plays nothing', async () => {
    client = await openClient();
    await client.announce();
    client.calls[0]!.leg.play(chunkOfBytes(Buffer.alloc(160), 1));
    expect(client.phone.counters.dropped).toBe(1);
  });
});

describe('any stream', () => {
  it('is taken without a token, with what it says of itself', async () => {
    client = await openClient({ anyStream: true });
    await client.start('CA1', { from: '+1', to: '+2' });
    await client.start('CA2');
    expect(client.calls.map(({ leg }) => leg.info)).toMatchObject([
      { id: 'CA1', from: '+1', to: '+2' },
      { id: 'CA2', from: 'unknown', to: 'unknown', callerIdRestricted: false },
    ]);
  });

  it('is signed all the same', async () => {
    client = await openClient({ anyStream: true });
    expect((await client.stream('/media-stream', {})).refused).toBe(403);
  });

  it('needs no signature where everybody on this machine is believed', async () => {
    client = await openClient({ skipSignature: true });
    const stream = await client.stream('/media-stream', {});
    stream.send(startOf('CA1'));
    await run(0);
    expect(client.calls).toHaveLength(1);
  });

  it('is not listened to before its call is taken, and can be turned away', async () => {
    client = await openClient({ anyStream: true });
    client.decide = () => {};
    const stream = await client.start('CA1');
    const talk = async (): Promise<void> => {
      stream.send({ event: 'media', media: { timestamp: '20', payload: '/w==' } });
      stream.send({ event: 'dtmf', dtmf: { digit: '1' } });
      stream.send({ event: 'mark', mark: { name: 'm' } });
      await run(0);
    };
    await talk();
    const [call] = client.calls;
    expect(call).toMatchObject({ facts: [], heard: [], noted: [] });
    call!.leg.accept();
    await talk();
    expect(call).toMatchObject({ heard: [20], noted: ['1', 'm'] });
    const other = await client.start('CA2');
    client.calls[1]!.leg.reject({ cause: 'rejected', code: 'screened', message: 'No.' });
    await run(0);
    expect(other.closed).toBe(1000);
    expect(typesOf(1)).toEqual(['leg.hangup', 'leg.ended']);
  });

  it('comes once for a call', async () => {
    client = await openClient({ anyStream: true });
    await client.start('CA1');
    expect((await client.start('CA1')).closed).toBe(1008);
    client.calls[0]!.leg.close();
    expect((await client.start('CA1')).closed).toBeUndefined();
    expect(client.calls).toHaveLength(2);
  });

  it('still learns from the webhook who calls, if there was one', async () => {
    client = await openClient({ anyStream: true });
    const token = (await client.announce())!;
    await client.start('CA1', { token, from: '+9' });
    expect(client.calls[0]!.leg.info.from).toBe('+821012345678');
  });
});

describe('closing the transport', () => {
  it('leaves running calls alone, and takes no more', async () => {
    client = await openClient();
    const running = await client.start('CA1', { token: (await client.announce())! });
    const token = (await client.announce({ CallSid: 'CA2' }))!;
    const waiting = await client.stream();
    const closing = client.phone.close();
    await run(0);
    await closing;
    waiting.send(startOf('CA2', { token }));
    await run(0);
    expect(waiting.closed).toBe(1000);
    expect(running.closed).toBeUndefined();
    expect(typesOf(1)).toEqual([]);
    client.calls[0]!.leg.hangup();
    await run(0);
    const mark = running.received.at(-1);
    expect(mark).toMatchObject({ event: 'mark' });
    running.send(mark!);
    await run(0);
    expect(running.closed).toBe(1000);
    expect(typesOf(0)).toEqual(['leg.answered', 'leg.mediaStarted', 'leg.hangup', 'leg.ended']);
  });

  it('can be undone by connecting again', async () => {
    client = await openClient();
    await client.close();
    const host = { clock: client.clock, logger: console, random: () => 0, incoming() {} };
    const connected = client.phone.connect(host);
    await run(0);
    await connected;
    expect((await client.stream()).refused).toBeUndefined();
  });
});
