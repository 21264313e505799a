/**
 * Transfers through ClawOps, against a bare platform: results come late, twice, without an id, before and after the
 * end of the call (clawops.md §9, 5 to 8). A result that hit a cancelled wait once cost a 16 h outage.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSockets } from '../../src/testing/settle.ts';
import type { TransferRequest } from '../../src/transport/contract.ts';
import { createHarness, type Harness, type Heard } from './clawops-harness.ts';

let harness: Harness;
let call: Heard;

beforeEach(async () => {
  harness = await createHarness();
  await harness.connect();
  call = await harness.talk('CA1');
});
afterEach(async () => {
  await harness.close();
  await harness.clock.run(0);
  expect(harness.clock.pending).toBe(0);
  expect(openSockets()).toBe(0);
});

const run = (ms: number) => harness.clock.run(ms);

/** Asks for a transfer; its id on the wire. */
async function transfer(
  request: string,
  more: Partial<TransferRequest> = {},
  of: Heard = call,
): Promise<string> {
  of.leg.transfer({
    request,
    to: '021234567',
    destination: 'pstn',
    mode: 'blind',
    after: 'terminate',
    hold: 'ringback',
    ringTimeout: 30_000,
    ...more,
  });
  await run(0);
  const sent = harness.platform.control().received.at(-1) as unknown as { transfer: { requestId: string } };
  return sent.transfer.requestId;
}

async function report(step: string, requestId: string | undefined, more: object = {}): Promise<void> {
  const transfer = step === 'failed' ? { status: 'failed', reason: 'no-answer' } : { status: step };
  harness.platform.control().send({
    event: `call.transfer.${step}`,
    callId: 'CA1',
    ...(requestId ? { requestId } : {}),
    transfer,
    ...more,
  });
  await run(0);
}

async function stopMedia(): Promise<void> {
  harness.platform.media().send({ event: 'stop' });
  harness.platform.media().socket.close(1000);
  await run(0);
}

const end = async (duration = 90): Promise<void> => {
  harness.platform.control().send({ event: 'call.ended', callId: 'CA1', status: 'completed', duration });
  await run(0);
};
const told = () => call.facts.slice(2);
const stopped = { type: 'leg.mediaStopped', epoch: 1, expected: true };
const bridged = { type: 'transfer.bridged', request: 't1' };
const completed = { type: 'transfer.completed', request: 't1' };
const hangup = { type: 'leg.hangup', by: 'caller', status: 'completed' };
const ended = { type: 'leg.ended', status: 'completed', durationMs: 90_000 };

describe('a terminate transfer', () => {
  it('takes the media away and the leg lives on, as long as the bridge does', async () => {
    const id = await transfer('t1');
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    await report('started', id);
    await stopMedia();
    await report('connected', id);
    await run(3_600_000);
    expect(told()).toEqual([stopped, bridged]);
    await report('completed', id);
    await end();
    expect(told()).toEqual([stopped, bridged, completed, hangup, ended]);
    await run(10_000);
    expect(told()).toHaveLength(5);
  });

  it('§9.7 its result may come after the end notice', async () => {
    const id = await transfer('t1');
    await stopMedia();
    await end();
    await run(1_999);
    expect(told()).toEqual([stopped]);
    await report('completed', id);
    expect(told()).toEqual([stopped, completed, hangup, ended]);
  });

  it('§9.7 a result that does not come within 2 s of the end notice is given up', async () => {
    await transfer('t1');
    await stopMedia();
    await end();
    await run(2_000);
    expect(told()).toEqual([
      stopped,
      { type: 'transfer.failed', request: 't1', reason: 'call-ended' },
      hangup,
      ended,
    ]);
  });

  it('closed from within the news of its end leaves no timer behind', async () => {
    await transfer('t1');
    const timers = harness.clock.pending;
    call.facts.push = (fact) => {
      if (fact.type === 'leg.mediaStopped') call.leg.close();
      return 0;
    };
    await end();
    // Media's own is gone, and none has come for the transfer's result.
    expect(harness.clock.pending).toBeLessThan(timers);
  });

  it('that was bridged when the call ended counts as done', async () => {
    const id = await transfer('t1');
    await stopMedia();
    await report('connected', id);
    await end();
    await run(2_000);
    expect(told()).toEqual([stopped, bridged, completed, hangup, ended]);
  });

  it('§9.8 is never bounded by the ring time', async () => {
    const id = await transfer('t1', { ringTimeout: 5_000 });
    await stopMedia();
    await run(7_000_000);
    await report('completed', id);
    expect(told()).toEqual([stopped, completed]);
    await run(2_000);
    expect(told().at(-1)).toEqual(hangup);
  });

  it('that fails after media went ends the leg soon, even without an end notice', async () => {
    const id = await transfer('t1');
    await stopMedia();
    await report('failed', id);
    expect(told()).toEqual([stopped, { type: 'transfer.failed', request: 't1', reason: 'no-answer' }]);
    await run(2_000);
    expect(call.facts.at(-1)).toEqual(hangup);
  });

  it('that fails before media went leaves the call as it was', async () => {
    const id = await transfer('t1');
    await report('failed', id);
    await run(60_000);
    expect(told()).toEqual([{ type: 'transfer.failed', request: 't1', reason: 'no-answer' }]);
    expect(harness.platform.media().closed).toBeUndefined();
  });
});

describe('a return transfer', () => {
  it('keeps media, and there may be several', async () => {
    for (const request of ['t1', 't2', 't3']) {
      const id = await transfer(request, { after: 'return' });
      await report('connected', id);
      await report('completed', id);
    }
    expect(told().map((fact) => (fact as { request: string }).request)).toEqual([
      't1',
      't1',
      't2',
      't2',
      't3',
      't3',
    ]);
    expect(harness.platform.media().closed).toBeUndefined();
  });

  it('does not make the end of media expected: there is nothing to come back on', async () => {
    await transfer('t1', { after: 'return' });
    await stopMedia();
    await end();
    await run(2_000);
    expect(told()).toEqual([
      { ...stopped, expected: false },
      { type: 'transfer.failed', request: 't1', reason: 'call-ended' },
      hangup,
      ended,
    ]);
  });
});

describe('results', () => {
  it('§9.6 belong to the request they name, in any order', async () => {
    const first = await transfer('t1', { after: 'return' });
    const second = await transfer('t2', { after: 'return' });
    expect(first).not.toBe(second);
    await report('failed', second);
    await report('completed', first);
    expect(told()).toEqual([{ type: 'transfer.failed', request: 't2', reason: 'no-answer' }, completed]);
  });

  it('§9.6 find their request by id even under another call id', async () => {
    const id = await transfer('t1');
    await report('completed', id, { callId: 'CA7' });
    expect(told()).toEqual([completed]);
  });

  it('§9.6 without an id count only where one request is pending', async () => {
    await transfer('t1', { after: 'return' });
    await transfer('t2', { after: 'return' });
    await report('completed', undefined);
    expect(told()).toEqual([]);
    const other = await harness.talk('CA2');
    await transfer('u1', { after: 'return' }, other);
    await report('completed', undefined, { callId: 'CA2' });
    expect(other.facts.at(-1)).toEqual({ type: 'transfer.completed', request: 'u1' });
  });

  it('§9.5 unknown, repeated and late ones are ignored, counted, and cost nothing', async () => {
    const id = await transfer('t1', { after: 'return' });
    await report('completed', 'f'.repeat(32));
    await report('connected', id);
    await report('connected', id);
    await report('completed', id);
    await report('completed', id);
    await report('failed', id);
    await report('completed', undefined);
    expect(told()).toEqual([bridged, completed]);
    expect(harness.transport.counters).toMatchObject({ stale: 5, faults: 0, malformed: 0 });
    expect(harness.platform.controls).toHaveLength(1);
  });

  it('may come on the next control connection', async () => {
    const id = await transfer('t1');
    await stopMedia();
    harness.platform.control().socket.terminate();
    await run(1_000);
    expect(harness.platform.controls).toHaveLength(2);
    await report('completed', id);
    expect(told()).toEqual([stopped, completed]);
  });

  it('are not waited for once the control connection is closed on purpose', async () => {
    await transfer('t1');
    await stopMedia();
    await harness.transport.close();
    await run(2_000);
    expect(told()).toEqual([stopped, { type: 'transfer.failed', request: 't1', reason: 'canceled' }, hangup]);
  });

  it('fail at once when the context is no JSON', async () => {
    const context: Record<string, unknown> = {};
    context.self = context;
    await transfer('t1', { context }).catch(() => {});
    expect(told()).toEqual([{ type: 'transfer.failed', request: 't1', reason: 'invalid-context' }]);
  });

  it('fail at once when there is no control connection to ask on', async () => {
    harness.platform.control().socket.terminate();
    await run(0);
    call.leg.transfer({
      request: 't1',
      to: '021234567',
      destination: 'pstn',
      mode: 'blind',
      after: 'terminate',
      hold: 'ringback',
      ringTimeout: 30_000,
    });
    expect(told()).toEqual([{ type: 'transfer.failed', request: 't1', reason: 'not-connected' }]);
    await run(1_000);
  });
});

describe('hanging up a call that was handed off', () => {
  it('asks by REST, for there is no media to close', async () => {
    await transfer('t1');
    await stopMedia();
    call.leg.hangup();
    await run(0);
    expect(harness.platform.requests[0]).toMatchObject({
      path: 'POST /v1/accounts/AC1/calls/CA1',
      body: { Status: 'completed' },
    });
    harness.platform.requests[0]!.answer(200, {});
    await run(0);
    expect(told()).toEqual([
      stopped,
      { type: 'transfer.failed', request: 't1', reason: 'call-ended' },
      { ...hangup, by: 'agent' },
    ]);
    await end();
    expect(told().at(-1)).toEqual(ended);
  });
});
