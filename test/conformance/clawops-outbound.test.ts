/**
 * Calls placed through ClawOps, against a bare platform: the answer to the originate and the events of the call race
 * each other, and a call that was answered must never be told that nobody knows it (clawops.md §9, 10, 11, 23).
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chunkOfBytes } from '../../src/audio/chunk.ts';
import { OffhookError } from '../../src/errors.ts';
import { openSockets } from '../../src/testing/settle.ts';
import { clawops } from '../../src/transport/clawops/index.ts';
import { CALLER, createHarness, type Harness, type Heard, NUMBER, startMessage } from './clawops-harness.ts';

let harness: Harness;
const dialled: Heard[] = [];

beforeEach(async () => {
  harness = await createHarness();
  await harness.connect();
});
afterEach(async () => {
  for (const { leg } of dialled.splice(0)) leg.close();
  await harness.close();
  await harness.clock.run(0);
  expect(harness.clock.pending).toBe(0);
  expect(openSockets()).toBe(0);
});

const run = (ms: number) => harness.clock.run(ms);
const dial = async (more = {}) => {
  const call = harness.dial(more);
  dialled.push(call);
  await run(0);
  return call;
};
const place = async (id: string) => {
  const call = await harness.place(id);
  dialled.push(call);
  return call;
};
const send = (event: string, callId: string, more: object = {}) =>
  harness.platform.control().send({ event, callId, ...more });
const ready = (id: string) => send('call.outbound_ready', id, { mediaUrl: harness.platform.mediaUrl(id) });
const failures = () =>
  harness.platform.control().received.filter(({ event }) => event === 'call.session_failed');

describe('placing a call', () => {
  it('is one POST with the key, seconds, and a connection that is not kept', async () => {
    const call = await dial({ ringTimeout: 45_000, machineDetection: true });
    const [request] = harness.platform.requests;
    expect(request!.path).toBe('POST /v1/accounts/AC1/calls');
    expect(request!.body).toEqual({ To: CALLER, From: NUMBER, Timeout: 45, MachineDetection: 'Enable' });
    expect(request!.headers).toMatchObject({
      authorization: 'Bearer sk_x',
      'content-type': 'application/json',
      connection: 'close',
    });
    expect(call.leg.info).toMatchObject({ direction: 'outbound', from: NUMBER, to: CALLER });
    expect(call.leg.info.id).toMatch(/^dial-[0-9a-f]{32}$/);
    request!.answer(201, { callId: 'CA1', status: 'queued' });
    await run(0);
    expect(call.leg.info.id).toBe('CA1');
    expect(call.facts).toEqual([]);
  });

  it('rings, is answered, and has media', async () => {
    const call = await place('CA1');
    expect(harness.platform.requests[0]!.body).toEqual({ To: CALLER, From: NUMBER, Timeout: 30 });
    send('call.ringing', 'CA1');
    send('call.ringing', 'CA1');
    ready('CA1');
    await run(0);
    expect(call.types()).toEqual(['leg.ringing', 'leg.answered']);
    harness.platform.media().send(startMessage('CA1'));
    await run(0);
    expect(call.facts.at(-1)).toEqual({ type: 'leg.mediaStarted', epoch: 1 });
  });

  it('§9.23 ringing that comes after the answer is ignored', async () => {
    const call = await place('CA1');
    ready('CA1');
    send('call.ringing', 'CA1');
    await run(0);
    expect(call.types()).toEqual(['leg.answered']);
  });

  it('§9.11 a repeated call.outbound_ready opens no second connection', async () => {
    const call = await place('CA1');
    ready('CA1');
    ready('CA1');
    await run(0);
    expect(harness.platform.medias).toHaveLength(1);
    expect(call.types()).toEqual(['leg.answered']);
    expect(failures()).toEqual([]);
  });

  it('before connect() is refused', () => {
    const transport = clawops({ number: NUMBER, apiKey: 'k', accountId: 'A', baseUrl: 'https://h' });
    expect(() => transport.dial({ to: CALLER, ringTimeout: 1, machineDetection: false })).toThrow(
      OffhookError,
    );
  });
});

describe('the answer of the originate', () => {
  it('§9.10 may be overtaken by the events of the call, all of them, in order', async () => {
    const call = await dial();
    send('call.ringing', 'CA1');
    ready('CA1');
    await run(1_500);
    expect(call.facts).toEqual([]);
    harness.platform.requests[0]!.answer(201, { callId: 'CA1', status: 'queued' });
    await run(0);
    expect(call.types()).toEqual(['leg.ringing', 'leg.answered']);
    expect(harness.platform.medias).toHaveLength(1);
    expect(failures()).toEqual([]);
  });

  it('§9.10 is still waited for when another originate has been answered', async () => {
    const first = await dial();
    const second = await dial();
    harness.platform.requests[0]!.answer(201, { callId: 'CA1' });
    await run(0);
    ready('CA2');
    await run(100);
    harness.platform.requests[1]!.answer(201, { callId: 'CA2' });
    await run(0);
    expect([first.types(), second.types()]).toEqual([[], ['leg.answered']]);
    expect(failures()).toEqual([]);
  });

  it('§9.10 is waited for 2 s; then an answered call that nobody knows is ended', async () => {
    await dial();
    ready('CA9');
    await run(1_999);
    expect(failures()).toEqual([]);
    await run(1);
    expect(failures()).toEqual([expect.objectContaining({ callId: 'CA9', reason: 'UnknownOutboundCall' })]);
  });

  it('an answered call that nobody is placing is ended at once', async () => {
    ready('CA9');
    send('call.ringing', 'CA8');
    send('call.ended', 'CA8');
    await run(0);
    expect(failures()).toEqual([expect.objectContaining({ callId: 'CA9' })]);
    expect(harness.transport.counters.stale).toBe(3);
  });

  it.each([
    [401, 'OFFHOOK_AUTH_REFUSED'],
    [403, 'OFFHOOK_AUTH_REFUSED'],
    [409, 'OFFHOOK_NUMBER_NOT_SERVED'],
    [422, 'OFFHOOK_DIAL_REFUSED'],
    [429, 'OFFHOOK_DIAL_REFUSED'],
    [500, 'OFFHOOK_DIAL_REFUSED'],
    [200, 'OFFHOOK_DIAL_REFUSED'],
    [201, 'OFFHOOK_DIAL_REFUSED'],
  ])('%i without a call is a failed call, and is not tried again', async (status, code) => {
    const call = await dial();
    harness.platform.requests[0]!.answer(status, { error: 'no', code: 'SOME_CODE' });
    await run(60_000);
    expect(call.facts).toEqual([
      { type: 'leg.hangup', by: 'platform', status: 'failed', code },
      { type: 'leg.ended', status: 'failed', durationMs: undefined },
    ]);
    expect(harness.platform.requests).toHaveLength(1);
    expect(harness.logs.at(-1)!.fields).toMatchObject({ status, platform: 'SOME_CODE' });
  });

  it('that never comes is a failed call after 30 s', async () => {
    const call = await dial();
    await run(29_999);
    expect(call.facts).toEqual([]);
    await run(1);
    expect(call.facts).toEqual([
      { type: 'leg.hangup', by: 'platform', status: 'failed', code: 'OFFHOOK_DIAL_REFUSED' },
      { type: 'leg.ended', status: 'failed', durationMs: undefined },
    ]);
  });
});

describe('a call that is not answered', () => {
  it.each(['no-answer', 'busy', 'rejected', 'canceled', 'failed'])('ends as %s', async (status) => {
    const call = await place('CA1');
    send('call.ended', 'CA1', { status, duration: 0 });
    await run(0);
    expect(call.facts).toEqual([
      { type: 'leg.hangup', by: 'platform', status },
      { type: 'leg.ended', status, durationMs: 0 },
    ]);
    expect(harness.platform.medias).toHaveLength(0);
  });

  it('is cancelled by REST, and over when the platform has taken note', async () => {
    const call = await place('CA1');
    call.leg.hangup();
    await run(1_000);
    expect(harness.platform.requests[1]).toMatchObject({
      path: 'POST /v1/accounts/AC1/calls/CA1',
      body: { Status: 'completed' },
    });
    expect(call.facts).toEqual([]);
    harness.platform.requests[1]!.answer(200, { callId: 'CA1', status: 'completed' });
    send('call.ended', 'CA1', { status: 'canceled', duration: 0 });
    await run(0);
    expect(call.facts).toContainEqual({ type: 'leg.hangup', by: 'agent', status: 'canceled' });
    expect(call.types().filter((type) => type === 'leg.hangup')).toHaveLength(1);
  });

  it('is over for us after 5 s if the platform does not answer, and an answer by the callee opens nothing', async () => {
    const call = await place('CA1');
    call.leg.hangup();
    ready('CA1');
    await run(5_000);
    expect(call.facts).toEqual([{ type: 'leg.hangup', by: 'agent', status: 'canceled' }]);
    expect(harness.platform.medias).toHaveLength(0);
  });

  it('cancelled before the platform has named it, is cancelled when it has', async () => {
    const call = await dial();
    call.leg.hangup();
    await run(100);
    harness.platform.requests[0]!.answer(201, { callId: 'CA1' });
    await run(0);
    expect(harness.platform.requests[1]!.path).toBe('POST /v1/accounts/AC1/calls/CA1');
    harness.platform.requests[1]!.answer(200, {});
    await run(0);
    expect(call.facts).toEqual([{ type: 'leg.hangup', by: 'agent', status: 'canceled' }]);
  });

  it('cancelled before the platform has refused it, is cancelled', async () => {
    const call = await dial();
    call.leg.hangup();
    harness.platform.requests[0]!.answer(422, { error: 'no' });
    await run(0);
    expect(call.facts).toEqual([
      { type: 'leg.hangup', by: 'agent', status: 'canceled' },
      { type: 'leg.ended', status: 'canceled', durationMs: undefined },
    ]);
  });

  it('is talked to from the news of the answer on: what comes before media waits for it, in order', async () => {
    const call = await place('CA1');
    const first = chunkOfBytes(Buffer.alloc(160, 1), 1);
    call.facts.push = (fact) => {
      if (fact.type !== 'leg.answered') return 0;
      call.leg.play(first);
      call.leg.mark('m');
      return 0;
    };
    ready('CA1');
    await run(0);
    expect(harness.platform.media().received).toEqual([]);
    harness.platform.media().send(startMessage('CA1'));
    await run(0);
    expect(harness.platform.media().received).toEqual([
      { event: 'media', media: { payload: Buffer.alloc(160, 1).toString('base64') } },
      { event: 'mark', mark: { name: 'm' } },
    ]);
  });

  it('hung up from within the news of the answer opens no media', async () => {
    const call = await place('CA1');
    call.facts.push = (fact) => {
      if (fact.type === 'leg.answered') call.leg.hangup();
      return 0;
    };
    ready('CA1');
    await run(0);
    expect(harness.platform.medias).toHaveLength(0);
    expect(harness.platform.requests[1]!.body).toEqual({ Status: 'completed' });
  });

  it('closed while it is being placed leaves no request open; if it is answered all the same, it is ended', async () => {
    const call = await dial();
    call.leg.close();
    await run(0);
    expect(openSockets()).toBe(2);
    ready('CA1');
    await run(0);
    expect(failures()).toEqual([expect.objectContaining({ callId: 'CA1', reason: 'UnknownOutboundCall' })]);
    expect(call.facts).toEqual([]);
  });
});
