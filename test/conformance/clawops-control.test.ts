/**
 * The control connection of a ClawOps number, against a bare platform: the cases of clawops.md §9, 1 to 13. Each of
 * them cost somebody calls: a link that died of one message, a successor pushed out, a good call answered away.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OffhookError } from '../../src/errors.ts';
import { openSockets } from '../../src/testing/settle.ts';
import { clawops } from '../../src/transport/clawops/index.ts';
import type { Leg } from '../../src/transport/contract.ts';
import { createHarness, type Harness, OPTIONS } from './clawops-harness.ts';

let harness: Harness;

beforeEach(async () => {
  harness = await createHarness();
});
afterEach(async () => {
  await harness.close();
  await harness.clock.run(0);
  expect(harness.clock.pending).toBe(0);
  expect(openSockets()).toBe(0);
});

const caught = async (promise: Promise<void>): Promise<OffhookError | undefined> =>
  promise.then(
    () => undefined,
    (error: OffhookError) => error,
  );

describe('connecting', () => {
  it('asks for the number with the key in the header, and nothing but the number in the query', async () => {
    await harness.connect();
    const { request } = harness.platform.control();
    expect(request.url).toBe('/v1/accounts/AC1/agent/listen?number=07012341234');
    expect(request.headers.authorization).toBe('Bearer sk_x');
    expect(request.headers['sec-websocket-extensions']).toBeUndefined();
    expect(request.headers['sec-websocket-protocol']).toBeUndefined();
  });

  it.each([401, 403])(
    '§9.3 a handshake refused with %i is permanent: one attempt, one error',
    async (status) => {
      harness.platform.refuse.control = status;
      const connected = caught(harness.transport.connect(harness.host));
      await harness.clock.run(60_000);
      expect((await connected)?.code).toBe('OFFHOOK_AUTH_REFUSED');
      expect(harness.platform.upgrades).toHaveLength(1);
      expect(harness.clock.pending).toBe(0);
      expect(harness.lost).toEqual([]);
    },
  );

  it('§9.3 connect() after a refusal tries again, and reflects what it finds', async () => {
    harness.platform.refuse.control = 401;
    const first = caught(harness.transport.connect(harness.host));
    await harness.clock.run(0);
    expect((await first)?.code).toBe('OFFHOOK_AUTH_REFUSED');
    harness.platform.refuse.control = undefined;
    await harness.connect();
    expect(harness.platform.controls).toHaveLength(1);
  });

  it('§9.3 without an answer connect() rejects after 10 s, a second one does not claim success, the link keeps trying', async () => {
    harness.platform.refuse.control = 0;
    const first = caught(harness.transport.connect(harness.host));
    await harness.clock.run(9_999);
    let settled = false;
    void first.then(() => (settled = true));
    await harness.clock.run(0);
    expect(settled).toBe(false);
    await harness.clock.run(1);
    expect((await first)?.code).toBe('OFFHOOK_LINK_TIMEOUT');
    const second = caught(harness.transport.connect(harness.host));
    await harness.clock.run(10_000);
    expect((await second)?.code).toBe('OFFHOOK_LINK_TIMEOUT');
    harness.platform.refuse.control = undefined;
    await harness.clock.run(30_000);
    expect(harness.platform.controls).toHaveLength(1);
    await harness.connect();
    expect(harness.platform.controls).toHaveLength(1);
  });

  it('credentials refused after connect() gave up waiting are reported to the host', async () => {
    harness.platform.refuse.control = 503;
    const first = caught(harness.transport.connect(harness.host));
    await harness.clock.run(10_000);
    expect((await first)?.code).toBe('OFFHOOK_LINK_TIMEOUT');
    harness.platform.refuse.control = 403;
    await harness.clock.run(60_000);
    expect(harness.lost.map(({ code }) => code)).toEqual(['OFFHOOK_AUTH_REFUSED']);
  });

  it.each([404, 429, 500, 503])('a handshake answered with %i is tried again', async (status) => {
    harness.platform.refuse.control = status;
    const connected = harness.transport.connect(harness.host);
    await harness.clock.run(0);
    harness.platform.refuse.control = undefined;
    await harness.clock.run(1_000);
    await connected;
    expect(harness.platform.controls).toHaveLength(1);
  });

  it('§9.4 two agents that lost the same gateway come back at different times', async () => {
    await harness.connect();
    const waits: number[] = [];
    for (let round = 0; round < 6; round += 1) {
      await harness.clock.run(10_000);
      const seen = harness.platform.controls.length;
      harness.platform.control().socket.terminate();
      const from = harness.clock.now();
      await harness.clock.runUntil(() => harness.platform.controls.length > seen);
      waits.push(harness.clock.now() - from);
    }
    expect(new Set(waits).size).toBe(waits.length);
    for (const wait of waits) {
      expect(wait).toBeGreaterThanOrEqual(500);
      expect(wait).toBeLessThanOrEqual(1_000);
    }
  });

  it('§9.2 says hello on every connection', async () => {
    await harness.connect();
    harness.platform.control().socket.close(1001);
    await harness.clock.run(1_000);
    expect(harness.platform.controls).toHaveLength(2);
    for (const { received } of harness.platform.controls) {
      expect(received).toEqual([
        {
          event: 'agent.hello',
          sdk: {
            name: 'offhook',
            version: expect.any(String),
            runtime: `node/${process.versions.node}`,
            os: `${process.platform}/${process.arch}`,
            capabilities: ['retire'],
          },
        },
      ]);
    }
  });
});

describe('without hand-over', () => {
  it('the platform is not told that this process understands it', async () => {
    const plain = clawops({ ...OPTIONS, baseUrl: harness.platform.url, handover: false });
    const connected = plain.connect(harness.host);
    await harness.clock.run(0);
    await connected;
    expect(harness.platform.control().received[0]!.sdk).not.toHaveProperty('capabilities');
    await plain.close();
  });
});

describe('losing the number', () => {
  it.each([
    [4409, 'OFFHOOK_NUMBER_TAKEN'],
    [4403, 'OFFHOOK_AUTH_REFUSED'],
  ])('§9.1 a close with %i is final: reported once, never fought', async (code, error) => {
    await harness.connect();
    harness.platform.control().socket.close(code);
    await harness.clock.run(120_000);
    expect(harness.platform.upgrades).toHaveLength(1);
    expect(harness.lost.map((lost) => lost.code)).toEqual([error]);
  });

  it('after a take-over connect() refuses', async () => {
    await harness.connect();
    harness.platform.control().socket.close(4409);
    await harness.clock.run(0);
    expect((await caught(harness.transport.connect(harness.host)))?.code).toBe('OFFHOOK_NUMBER_TAKEN');
    expect(harness.platform.upgrades).toHaveLength(1);
  });

  it('a retired agent keeps its connection for the calls it has, and does not come back afterwards', async () => {
    await harness.connect();
    const call = await harness.talk('CA1');
    harness.platform.control().send({ event: 'agent.retired', reason: 'superseded' });
    await harness.clock.run(60_000);
    expect(harness.lost.map(({ code }) => code)).toEqual(['OFFHOOK_NUMBER_TAKEN']);
    expect(harness.platform.control().closed).toBeUndefined();
    harness.platform
      .control()
      .send({ event: 'call.ended', callId: 'CA1', status: 'completed', duration: 60 });
    await harness.clock.run(0);
    expect(call.facts).toContainEqual({ type: 'leg.ended', status: 'completed', durationMs: 60_000 });
    harness.platform.control().socket.close(1001);
    await harness.clock.run(120_000);
    expect(harness.platform.upgrades.filter((path) => path.includes('listen'))).toHaveLength(1);
    expect(harness.lost).toHaveLength(1);
  });
});

describe('the link is not lost to one message', () => {
  it('§9.5 malformed, unknown and binary messages are survived and counted', async () => {
    await harness.connect();
    const control = harness.platform.control();
    for (const text of ['oops', '[]', '{"event":7}', '{"event":"call.incoming"}']) control.send(text);
    control.socket.send(Buffer.from([1, 2, 3]));
    control.send({ event: 'agent.promoted' });
    const call = await harness.ring('CA1');
    expect(call.leg.info.id).toBe('CA1');
    expect(harness.transport.counters).toMatchObject({ malformed: 5, unknown: 1, faults: 0 });
    expect(harness.platform.controls).toHaveLength(1);
  });

  it('§9.9 a host that throws on one call still gets the next, and that caller is not left waiting', async () => {
    await harness.connect();
    const taken: Leg[] = [];
    const incoming = harness.host.incoming.bind(harness.host);
    harness.host.incoming = (leg) => {
      taken.push(leg);
      if (taken.length === 1) throw new Error('handler');
      incoming(leg);
    };
    const control = harness.platform.control();
    control.send({
      event: 'call.incoming',
      callId: 'CA1',
      from: '010',
      mediaUrl: harness.platform.mediaUrl('CA1'),
    });
    await harness.ring('CA2');
    expect(taken.map(({ info }) => info.id)).toEqual(['CA1', 'CA2']);
    expect(harness.transport.counters.faults).toBe(1);
    expect(control.received).toContainEqual(
      expect.objectContaining({ event: 'call.session_failed', callId: 'CA1' }),
    );
  });

  it('logs neither numbers nor keys nor what a broken message said', async () => {
    await harness.connect();
    harness.platform.control().send('{"event":"call.incoming","from":"01012345678"');
    harness.platform.refuse.media = 403;
    (await harness.ring('CA1')).leg.accept();
    await harness.clock.run(0);
    const text = JSON.stringify(harness.logs);
    expect(harness.logs.length).toBeGreaterThan(2);
    for (const secret of ['01012345678', '07012341234', 'sk_x', 't-CA1']) expect(text).not.toContain(secret);
  });

  it('pings a silent platform after 30 s and drops it 15 s later, unless it answers', async () => {
    await harness.connect();
    let pings = 0;
    harness.platform.control().socket.on('ping', () => (pings += 1));
    await harness.clock.run(29_999);
    expect(pings).toBe(0);
    await harness.clock.run(1);
    expect(pings).toBe(1);
    await harness.clock.run(600_000);
    expect(harness.platform.controls).toHaveLength(1);
    // ws answers pings by itself; a platform that is gone does not.
    const gone = harness.platform.control().socket as unknown as { _autoPong: boolean };
    gone._autoPong = false;
    await harness.clock.run(61_000);
    expect(harness.platform.controls).toHaveLength(2);
  });
});

describe('calls that ring', () => {
  it('are offered with what is known of them, and are taken with call.accept', async () => {
    await harness.connect();
    const call = await harness.ring('CA1', { callerIdRestricted: true });
    expect(call.leg.info).toEqual({
      id: 'CA1',
      transport: 'clawops',
      direction: 'inbound',
      from: '01012345678',
      to: '07012341234',
      callerIdRestricted: true,
    });
    expect(harness.platform.medias).toHaveLength(0);
    call.leg.accept();
    call.leg.accept();
    await harness.clock.run(0);
    expect(harness.platform.control().received.slice(1)).toEqual([{ event: 'call.accept', callId: 'CA1' }]);
    expect(harness.platform.medias).toHaveLength(1);
  });

  it('§9.11 twice are one call', async () => {
    await harness.connect();
    await harness.talk('CA1');
    await harness.ring('CA1');
    expect(harness.calls).toHaveLength(1);
    expect(harness.platform.medias).toHaveLength(1);
    expect(harness.transport.counters.stale).toBe(1);
  });

  it('and are turned away before the answer: no accept, no media, the reason given', async () => {
    await harness.connect();
    const call = await harness.ring('CA1');
    call.leg.reject({ cause: 'rejected', code: 'ScreenedOut', message: 'not now' });
    harness.platform.control().send({ event: 'call.ended', callId: 'CA1', status: 'failed', duration: 0 });
    await harness.clock.run(0);
    expect(harness.platform.control().received.slice(1)).toEqual([
      { event: 'call.session_failed', callId: 'CA1', reason: 'ScreenedOut', message: 'not now' },
    ]);
    expect(call.facts).toEqual([
      { type: 'leg.hangup', by: 'agent', status: 'rejected' },
      { type: 'leg.ended', status: 'failed', durationMs: 0 },
    ]);
    expect(harness.platform.medias).toHaveLength(0);
  });

  it('§9.13 a caller who gives up while the call is being set up ends it; it is not answered afterwards', async () => {
    await harness.connect();
    const call = await harness.ring('CA1');
    call.leg.accept();
    harness.platform.control().send({ event: 'call.ended', callId: 'CA1', status: 'canceled', duration: 0 });
    await harness.clock.run(60_000);
    expect(call.facts).toEqual([
      { type: 'leg.hangup', by: 'caller', status: 'canceled' },
      { type: 'leg.ended', status: 'canceled', durationMs: 0 },
    ]);
  });

  it('facts from before the leg was started are delivered when it is', async () => {
    await harness.connect();
    const legs: Leg[] = [];
    harness.host.incoming = (leg) => legs.push(leg);
    const control = harness.platform.control();
    control.send({
      event: 'call.incoming',
      callId: 'CA1',
      from: '010',
      mediaUrl: harness.platform.mediaUrl('CA1'),
    });
    control.send({ event: 'call.ended', callId: 'CA1', status: 'canceled' });
    await harness.clock.run(0);
    const types: string[] = [];
    const nothing = (): void => {};
    legs[0]!.start({ fact: ({ type }) => types.push(type), audio: nothing, mark: nothing, digit: nothing });
    expect(types).toEqual(['leg.hangup', 'leg.ended']);
    legs[0]!.close();
  });
});

describe('closing the transport', () => {
  it('§9.12 ends the control connection with 1000 and leaves running calls to their owners', async () => {
    await harness.connect();
    const call = await harness.talk('CA1');
    await harness.transport.close();
    await harness.clock.run(60_000);
    expect(harness.platform.control().closed).toBe(1000);
    expect(harness.platform.controls).toHaveLength(1);
    expect(harness.platform.media().closed).toBeUndefined();
    expect(call.types()).toEqual(['leg.answered', 'leg.mediaStarted']);
    call.leg.close();
    await harness.clock.run(0);
    expect(harness.platform.media().closed).toBe(1000);
  });

  it('twice, before connecting, and while connecting, leaves nothing behind', async () => {
    await harness.transport.close();
    harness.platform.refuse.control = 0;
    const connected = caught(harness.transport.connect(harness.host));
    await harness.clock.run(0);
    await Promise.all([harness.transport.close(), harness.transport.close()]);
    expect((await connected)?.code).toBe('OFFHOOK_CALL_STATE');
    expect(harness.clock.pending).toBe(0);
  });

  it('does not wait for a platform that does not answer the close', async () => {
    await harness.connect();
    harness.platform.control().socket.pause();
    let closed = false;
    void harness.transport.close().then(() => (closed = true));
    await harness.clock.run(1_999);
    expect(closed).toBe(false);
    await harness.clock.run(1);
    expect(closed).toBe(true);
    harness.platform.control().socket.resume();
  });

  it('and can be undone: connect() brings the number up again', async () => {
    await harness.connect();
    await harness.transport.close();
    await harness.connect();
    expect(harness.platform.controls).toHaveLength(2);
    await harness.ring('CA1');
    expect(harness.calls).toHaveLength(1);
  });

  it('a running call survives the loss and the return of the control connection', async () => {
    await harness.connect();
    const call = await harness.talk('CA1');
    harness.platform.control().socket.terminate();
    await harness.clock.run(5_000);
    expect(harness.platform.controls).toHaveLength(2);
    call.leg.notify('metrics', { turns: 3 });
    harness.platform.control().send({ event: 'call.ended', callId: 'CA1', status: 'completed', duration: 5 });
    await harness.clock.run(0);
    expect(harness.platform.control().received.at(-1)).toEqual({
      event: 'call.metrics',
      callId: 'CA1',
      metrics: { turns: 3 },
    });
    expect(call.facts.at(-2)).toEqual({ type: 'leg.hangup', by: 'caller', status: 'completed' });
  });
});
