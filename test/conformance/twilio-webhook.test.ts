/**
 * The answering webhook over real HTTP: who may ask, and what is answered. Whatever it lets through opens a paid
 * session, and whatever it turns away is a caller who hears nothing.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSockets } from '../../src/testing/settle.ts';
import { readTwiml } from '../../src/testing/twilio/twiml.ts';
import { signRequest } from '../../src/transport/twilio/signature.ts';
import { twilio } from '../../src/twilio.ts';
import { type Answer, type Asked, CALL, type Client, openClient } from './twilio-client.ts';
import { AUTH_TOKEN, PUBLIC_URL } from './twilio-harness.ts';

let client: Client;
const opened: Client[] = [];

async function open(...options: Parameters<typeof openClient>): Promise<Client> {
  const one = await openClient(...options);
  opened.push(one);
  return one;
}

beforeEach(async () => {
  client = await open();
});
afterEach(async () => {
  const timers: number[] = [];
  for (const one of opened.splice(0)) {
    await one.close();
    timers.push(one.clock.pending);
  }
  expect(timers.filter((count) => count > 0)).toEqual([]);
  expect(openSockets()).toBe(0);
});

const STREAM = `${PUBLIC_URL.replace('https', 'wss')}/media-stream`;

describe('a webhook', () => {
  it('is answered with the stream and a token for it', async () => {
    const { status, headers, body } = await client.request({ fields: CALL });
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('text/xml; charset=utf-8');
    expect(headers['cache-control']).toBe('no-store');
    expect(readTwiml(body)).toEqual([{ verb: 'stream', url: STREAM, parameters: { token: 'token-1' } }]);
  });

  it('may come as GET, its fields in the query', async () => {
    const path = `/voice/incoming?${new URLSearchParams(CALL).toString()}`;
    expect(readTwiml((await client.request({ method: 'GET', path })).body)).toMatchObject([
      { verb: 'stream' },
    ]);
  });

  it('may have a query that no parser would write like this', async () => {
    const path = "/voice/incoming?a=%7e&&b=c+d%20e&%EA%B0%80&c='d'";
    expect((await client.request({ path, fields: CALL })).status).toBe(200);
  });

  it('that comes again, as a retry does, gets the same answer', async () => {
    const [first, second] = [await client.request({ fields: CALL }), await client.request({ fields: CALL })];
    expect(second.body).toBe(first.body);
  });

  it('has a path prefix that the proxy takes off', async () => {
    const prefixed = await open({ publicUrl: `${PUBLIC_URL}/phone` });
    const signature = signRequest(AUTH_TOKEN, `${PUBLIC_URL}/phone/voice/incoming`, CALL);
    const { status, body } = await prefixed.request({
      fields: CALL,
      headers: { 'x-twilio-signature': signature },
    });
    expect(status).toBe(200);
    expect(body).toContain('url="wss://voice.example.com/phone/media-stream"');
  });
});

describe('a webhook waits', () => {
  const rejectOf = ({ body }: { readonly body: string }) => readTwiml(body)[0];
  /** What was answered so far. */
  let answers: Answer[];

  /** A call that rings, with nobody deciding yet. */
  async function ring(): Promise<void> {
    answers = [];
    client.decide = () => {};
    await client.ask({ fields: CALL }, (answer) => answers.push(answer));
  }

  it('until the call is taken, however long a screen takes', async () => {
    await ring();
    await client.clock.run(11_000);
    expect(answers).toEqual([]);
    client.calls[0]!.leg.accept();
    await client.clock.run(0);
    expect(rejectOf(answers[0]!)).toMatchObject({ verb: 'stream' });
    expect(client.calls[0]!.facts).toEqual([]);
  });

  it.each(['rejected', 'busy'] as const)(
    'until it is turned away: the caller hears %s, and never that somebody picked up',
    async (cause) => {
      await ring();
      client.calls[0]!.leg.reject({ cause, code: 'screened', message: 'No.' });
      await client.clock.run(0);
      expect(answers.map(rejectOf)).toEqual([{ verb: 'reject', reason: cause }]);
      expect(client.calls[0]!.facts).toEqual([
        { type: 'leg.hangup', by: 'agent', status: 'rejected' },
        { type: 'leg.ended', status: 'rejected', durationMs: undefined },
      ]);
    },
  );

  it('until it is closed', async () => {
    await ring();
    client.calls[0]!.leg.close();
    await client.clock.run(0);
    expect(answers.map(rejectOf)).toEqual([{ verb: 'reject', reason: 'rejected' }]);
    expect(client.calls[0]!.facts).toEqual([]);
  });

  it('12 s at most, for Twilio waits 15: the line is busy, and the call is over', async () => {
    await ring();
    await client.clock.run(11_999);
    expect(answers).toEqual([]);
    await client.clock.run(1);
    expect(answers.map(rejectOf)).toEqual([{ verb: 'reject', reason: 'busy' }]);
    client.calls[0]!.leg.accept();
    expect(client.calls[0]!.facts).toEqual([
      { type: 'leg.hangup', by: 'platform', status: 'failed' },
      { type: 'leg.ended', status: 'failed', durationMs: undefined },
    ]);
  });

  it('and knows when nobody waits for it any more: the caller has gone', async () => {
    answers = [];
    client.decide = () => {};
    const hangUp = await client.ask({ fields: CALL }, (answer) => answers.push(answer));
    hangUp();
    await client.clock.run(0);
    expect(client.calls[0]!.facts).toEqual([
      { type: 'leg.hangup', by: 'caller', status: 'canceled' },
      { type: 'leg.ended', status: 'canceled', durationMs: undefined },
    ]);
    client.calls[0]!.leg.accept();
    expect(client.clock.pending).toBe(0);
  });

  it('twice for one call, when it is asked twice', async () => {
    await ring();
    await client.ask({ fields: CALL }, (answer) => answers.push(answer));
    expect(client.calls).toHaveLength(1);
    client.calls[0]!.leg.accept();
    await client.clock.run(0);
    expect(answers.map(({ body }) => body)).toEqual([answers[0]!.body, answers[0]!.body]);
  });

  it('for nobody when the host throws', async () => {
    client.decide = () => {
      throw new Error('a host');
    };
    expect(rejectOf(await client.request({ fields: CALL }))).toEqual({ verb: 'reject', reason: 'rejected' });
    expect(client.phone.counters.faults).toBe(1);
  });
});

describe('a webhook is refused', () => {
  const unsigned = { 'x-twilio-signature': '' };
  const right = signRequest(AUTH_TOKEN, `${PUBLIC_URL}/voice/incoming`, CALL);

  it.each<[string, Asked]>([
    ['without a signature', { fields: CALL, headers: unsigned }],
    [
      'with one for other fields',
      { fields: { ...CALL, From: '+1' }, headers: { 'x-twilio-signature': right } },
    ],
    ['with one for a field more', { fields: { ...CALL, X: '1' }, headers: { 'x-twilio-signature': right } }],
    [
      'with one for another path',
      { path: '/voice/incoming?a=1', fields: CALL, headers: { 'x-twilio-signature': right } },
    ],
    ['with two', { fields: CALL, headers: { 'x-twilio-signature': [right, right] } }],
    [
      'as JSON without the hash of its body',
      { body: JSON.stringify(CALL), headers: { 'content-type': 'application/json' } },
    ],
    [
      'without a content type',
      { body: new URLSearchParams(CALL).toString(), headers: { 'x-twilio-signature': right } },
    ],
  ])('%s', async (_name, request) => {
    const { status, body } = await client.request(request);
    expect(status).toBe(403);
    expect(body).not.toContain('<');
    expect(client.phone.counters.refused).toBe(1);
  });

  it('and the log says why and where it would have had to be signed for, without what it held', async () => {
    const path = '/voice/incoming?From=%2B821012345678';
    await client.request({ path, fields: CALL, headers: unsigned });
    await client.request({ path, fields: CALL, headers: { 'x-twilio-signature': right } });
    const turnedAway = (reason: string) => ({
      fields: { code: 'OFFHOOK_SIGNATURE_INVALID', address: `${PUBLIC_URL}/voice/incoming`, reason },
      message: 'twilio: a webhook was turned away',
    });
    expect(client.logs).toEqual([
      turnedAway('it has no signature'),
      turnedAway('its signature is for another address, another token or other content'),
    ]);
  });

  it.each([
    ['no CallSid', { From: '+1' }],
    ['a CallSid that is a path', { ...CALL, CallSid: '../CA1' }],
  ])('with %s', async (_name, fields) => {
    expect((await client.request({ fields })).status).toBe(400);
  });

  it('at another address or by another method', async () => {
    expect((await client.request({ path: '/', fields: CALL })).status).toBe(404);
    expect((await client.request({ path: '/voice/incoming/', fields: CALL })).status).toBe(404);
    expect((await client.request({ method: 'PUT', fields: CALL })).status).toBe(404);
  });

  it('that breaks off, quietly: its sender is not there to be told', async () => {
    const headers = { 'content-length': '1000' };
    const breakOff = await client.ask({ body: 'CallSid=CA1&', headers }, () => {});
    await client.clock.run(5_000);
    breakOff();
    await client.clock.run(0);
    expect(client.phone.counters).toMatchObject({ refused: 0, faults: 0 });
    expect(client.logs).toEqual([]);
  });

  it.each([
    ['said', {}],
    ['not said', { 'transfer-encoding': 'chunked' }],
  ])('beyond 64 KB, its length %s', async (_name, headers) => {
    const body = 'a='.padEnd(65_537, 'x');
    const asked = client.request({ body, headers });
    expect((await asked).status).toBe(413);
    expect((await client.request({ fields: CALL })).status).toBe(200);
  });
});

describe('a call is turned away', () => {
  const reject = (reason: string) => [{ verb: 'reject', reason }];

  it('that is for a number not served', async () => {
    const strict = await open({ numbers: ['+827012340001'] });
    expect(await strict.announce()).toBe('token-1');
    const { body } = await strict.request({ fields: { ...CALL, CallSid: 'CA2', To: '+827099999999' } });
    expect(readTwiml(body)).toEqual(reject('rejected'));
  });

  it('that is up already', async () => {
    await client.start('CA1', { token: (await client.announce())! });
    const { body } = await client.request({ fields: { ...CALL, CallStatus: 'in-progress' } });
    expect(readTwiml(body)).toEqual(reject('rejected'));
    expect(client.phone.counters.stale).toBe(1);
  });

  it('that was here before and is said to ring again: nobody but a recording does that', async () => {
    const token = await client.announce();
    await client.start('CA1', { token: token! });
    client.calls[0]!.leg.close();
    expect(await client.announce()).toBeUndefined();
    // Another application may send the caller here a second time in one call.
    expect(await client.announce({ CallStatus: 'in-progress' })).toBe('token-2');
  });

  it('while the transport is closed, where another server runs', async () => {
    const signed = new Request(`http://internal/voice/incoming`, {
      method: 'POST',
      headers: { 'x-twilio-signature': signRequest(AUTH_TOKEN, `${PUBLIC_URL}/voice/incoming`, CALL) },
      body: new URLSearchParams(CALL),
    });
    const mounted = await open({ port: false });
    expect(mounted.phone.port).toBeUndefined();
    expect(await (await mounted.phone.fetch(signed.clone())).text()).toContain('token-1');
    await mounted.close();
    expect(readTwiml(await (await mounted.phone.fetch(signed)).text())).toEqual(reject('busy'));
  });
});

describe('the server', () => {
  it('believes everybody on this machine when told to, and is reached where it listens', async () => {
    const local = await open({ skipSignature: true });
    const { status, body } = await local.request({ fields: CALL, headers: { 'x-twilio-signature': '' } });
    expect(status).toBe(200);
    expect(body).toContain(`url="ws://127.0.0.1:${local.phone.port}/media-stream"`);
  });

  it.each(['voice.example.com', '127.0.0.1.example.com'])(
    'believes nobody who was sent to %j and led here, by a tunnel or a web page',
    async (host) => {
      const local = await open({ skipSignature: true });
      const asked = await local.request({ fields: CALL, headers: { host } });
      expect(asked.status).toBe(403);
      expect(local.calls).toEqual([]);
      expect((await local.stream('/media-stream', { host })).refused).toBe(403);
    },
  );

  it('says what it cannot listen on', async () => {
    // An address of the documentation (RFC 5737), which no machine has.
    const elsewhere = twilio({ authToken: 'x', publicUrl: PUBLIC_URL, port: 0, host: '192.0.2.1' });
    const host = { clock: client.clock, logger: console, random: () => 0, incoming() {} };
    await expect(elsewhere.connect(host)).rejects.toMatchObject({
      code: 'OFFHOOK_OPTION_INVALID',
      message: expect.stringContaining('192.0.2.1 (EADDRNOTAVAIL)') as string,
    });
  });

  it('names a port that is taken', async () => {
    const second = twilio({ authToken: 'x', publicUrl: PUBLIC_URL, port: client.phone.port! });
    const host = { clock: client.clock, logger: console, random: () => 0, incoming() {} };
    await expect(second.connect(host)).rejects.toMatchObject({ code: 'OFFHOOK_PORT_IN_USE' });
    await client.close();
    // What could not be connected can be, once the port is free.
    const again = twilio({ authToken: 'x', publicUrl: PUBLIC_URL, port: 0 });
    await again.connect(host);
    const closing = again.close();
    await client.clock.run(0);
    await closing;
  });
});
