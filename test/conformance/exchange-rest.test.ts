/**
 * Call REST as the platform's clients use it, and outbound calls: JSON in every answer, the right refusals, and not a
 * word about a call before its 201.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type CalleeBehaviour, goSilent, type OutboundInfo, say, wait } from '../../src/exchange/index.ts';
import { audioOf, type Bench, type Client, hush, openBench, tone } from './exchange-client.ts';

let bench: Bench;
let control: Client;
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
  control = await bench.control();
});
afterEach(() => bench.close());

interface Answer {
  status: number;
  body: Record<string, unknown>;
}

async function ask(path: string, init: RequestInit = {}, key = 'sk_test_local'): Promise<Answer> {
  const headers = {
    authorization: `Bearer ${key}`,
    'content-type': 'application/json',
    accept: 'application/json',
    ...(init.headers as Record<string, string> | undefined),
  };
  const response = await fetch(`${bench.url}${path}`, { ...init, headers });
  expect(response.headers.get('content-type')).toMatch(/^application\/json/);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const CALLS = '/v1/accounts/AC_local/calls';
const originate = (body: object): Promise<Answer> =>
  ask(CALLS, { method: 'POST', body: JSON.stringify(body) });
const CALL = { To: '01012345678', From: '07012341234' };

async function placeCall(callee: CalleeBehaviour, body: object = CALL): Promise<string> {
  bench.exchange.onOutbound(() => callee);
  const { status, body: call } = await originate(body);
  expect(status).toBe(201);
  return call.callId as string;
}

test('originate answers 201 with a queued call, and only then does it ring and answer', async () => {
  const seen: OutboundInfo[] = [];
  bench.exchange.onOutbound((info) => {
    seen.push(info);
    return { after: 2_000, outcome: 'answer', script: [wait(100), say({ audio: tone(40) }), goSilent()] };
  });
  const { status, body } = await originate({ ...CALL, To: '+82 10-1234-5678', Timeout: 30 });
  expect(status).toBe(201);
  expect(body).toEqual({
    callId: expect.stringMatching(/^CA[0-9a-f]{32}$/),
    status: 'queued',
    to: '01012345678',
    from: '07012341234',
    direction: 'outbound',
    duration: null,
    accountId: 'AC_local',
    answeredBy: null,
    recordingUrl: null,
    hangupCause: null,
    hangupCauseQ850: null,
    sipResponseCode: null,
    hangupSource: null,
    dateCreated: '2026-01-01T00:00:00.000Z',
    dateUpdated: null,
  });
  expect(control.received).toEqual([]);
  await bench.clock.run(3_000);
  const ids = { callId: body.callId };
  expect(control.received).toEqual([
    { at: 25, event: 'call.ringing', ...ids },
    {
      at: 2_025,
      event: 'call.outbound_ready',
      ...ids,
      mediaUrl: expect.stringContaining(`/v1/agent/media/`),
    },
  ]);
  expect(seen).toEqual([
    {
      id: body.callId,
      to: '01012345678',
      from: '07012341234',
      ringTimeoutMs: 30_000,
      machineDetection: undefined,
    },
  ]);
  const media = await bench.answer(control);
  await bench.clock.run(225);
  expect(audioOf(media).subarray(0, 1_280)).toEqual(Buffer.concat([hush(100), tone(40), hush(20)]));
  expect((await ask(`${CALLS}/${body.callId as string}`)).body).toMatchObject({ status: 'in-progress' });
});

test('nothing is said about a call while its 201 is still being written', async () => {
  const order: string[] = [];
  control.socket.on('message', () => order.push('event'));
  const done = originate(CALL).then(() => order.push('201'));
  await bench.clock.run(2_000);
  await done;
  expect(order[0]).toBe('201');
  expect(order).toContain('event');
});

test('the dialled party is not even chosen before the 201 has been handed to the network', async () => {
  const order: string[] = [];
  const note = (): number => order.push('201');
  subscribe('http.server.response.finish', note);
  bench.exchange.onOutbound(() => {
    order.push('dialling');
    return { outcome: 'busy' };
  });
  await originate(CALL);
  unsubscribe('http.server.response.finish', note);
  expect(order).toEqual(['201', 'dialling']);
});

test.each([
  ['busy', 'user_busy', 17],
  ['rejected', 'call_rejected', 21],
  ['no-answer', 'no_answer', 19],
  ['failed', 'temporary_failure', 41],
] as const)('a dialled party that is %s ends the call without media', async (outcome, cause, q850) => {
  const id = await placeCall({ after: 500, outcome });
  await bench.clock.run(600);
  expect(control.received.map((message) => message.event)).toEqual(['call.ringing', 'call.ended']);
  expect(control.of('call.ended')).toMatchObject([{ at: 525, callId: id, status: outcome, duration: 0 }]);
  const { body } = await ask(`${CALLS}/${id}`);
  expect(body).toMatchObject({ status: outcome, duration: 0, hangupCause: cause, hangupCauseQ850: q850 });
});

test('nobody rings longer than Timeout', async () => {
  await placeCall({ after: 60_000, outcome: 'answer' }, { ...CALL, Timeout: 5 });
  await bench.clock.run(6_000);
  expect(control.of('call.ended')).toMatchObject([{ at: 5_025, status: 'no-answer' }]);
  expect(control.of('call.outbound_ready')).toEqual([]);
});

test('ringing may be left out', async () => {
  await placeCall({ after: 100, outcome: 'answer', ringing: false });
  await bench.clock.run(200);
  expect(control.received.map((message) => message.event)).toEqual(['call.outbound_ready']);
});

test('an unknown call at the agent ends the outbound call as failed', async () => {
  const id = await placeCall({ after: 100, outcome: 'answer' });
  await bench.clock.run(200);
  control.send({ event: 'call.session_failed', callId: id, reason: 'UnknownOutboundCall', message: '' });
  await bench.clock.run(10);
  expect(control.of('call.ended')).toMatchObject([{ status: 'failed' }]);
});

test('machine detection reports its verdict, and hangs up on a machine if asked', async () => {
  const id = await placeCall(
    { after: 100, outcome: 'answer', answeredBy: 'machine' },
    { ...CALL, MachineDetection: 'Hangup' },
  );
  await bench.clock.run(200);
  expect((await ask(`${CALLS}/${id}`)).body).toMatchObject({ answeredBy: 'machine', status: 'completed' });
  const second = await placeCall({ after: 100, outcome: 'answer' }, { ...CALL, MachineDetection: 'Enable' });
  await bench.clock.run(200);
  expect((await ask(`${CALLS}/${second}`)).body).toMatchObject({
    answeredBy: 'human',
    status: 'in-progress',
  });
});

test('409 when no agent is connected for the number', async () => {
  const { status, body } = await originate({ ...CALL, From: '07055556666' });
  expect({ status, body }).toEqual({
    status: 409,
    body: { error: 'no agent is connected for this number', code: 'AGENT_NOT_CONNECTED' },
  });
  expect(bench.exchange.calls()).toEqual([]);
});

test.each([
  ['To missing', { From: '07012341234' }, 400, 'VALIDATION'],
  ['camelCase names', { to: '01012345678', from: '07012341234' }, 400, 'VALIDATION'],
  ['From of another account', { ...CALL, From: '07099990000' }, 400, 'FROM_NOT_OWNED'],
  ['a number that is none', { ...CALL, To: '12' }, 400, 'INVALID_PHONE_NUMBER'],
  ['another country', { ...CALL, To: '+1 415 555 0100' }, 400, 'UNSUPPORTED_COUNTRY'],
  ['two modes', { ...CALL, Url: 'https://a.example', AgentId: 'x' }, 400, 'VALIDATION'],
  ['Variables alone', { ...CALL, Variables: {} }, 400, 'VALIDATION'],
  ['an unknown agent', { ...CALL, AgentId: 'x' }, 404, 'NOT_FOUND'],
  ['an unknown flow', { ...CALL, CallFlowId: 'x' }, 404, 'NOT_FOUND'],
  ['the removed AI mode', { ...CALL, AI: {} }, 410, 'ai_mode_removed'],
  ['a Timeout that is no number', { ...CALL, Timeout: 'soon' }, 400, 'VALIDATION'],
  ['a MachineDetection that is no mode', { ...CALL, MachineDetection: 'Yes' }, 400, 'VALIDATION'],
  ['a body that names status and body', { status: 400, body: {} }, 400, 'VALIDATION'],
])('originate refuses %s', async (_, body, status, code) => {
  const answer = await originate(body);
  expect(answer).toMatchObject({ status, body: { code, error: expect.any(String) } });
});

test.each(['15441234', '021234567', '010-1234-5678', '+82 (2) 123-4567'])('%s can be called', async (To) => {
  expect((await originate({ ...CALL, To })).status).toBe(201);
});

test('a body that is not JSON is 400, an empty one is as good as {}', async () => {
  expect((await ask(CALLS, { method: 'POST', body: '{"To":' })).status).toBe(400);
  expect((await ask(CALLS, { method: 'POST', body: '[]' })).status).toBe(400);
  expect((await ask(CALLS, { method: 'POST' })).body).toMatchObject({ code: 'VALIDATION' });
});

test('form-encoded bodies are read', async () => {
  const answer = await ask(CALLS, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ ...CALL, Timeout: '7' }).toString(),
  });
  expect(answer.status).toBe(201);
});

test('the key and its account are checked', async () => {
  expect(await ask(CALLS, {}, 'sk_wrong')).toMatchObject({ status: 401, body: { code: 'UNAUTHORIZED' } });
  expect(await ask(CALLS, {}, 'sk_other')).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } });
});

test.each([
  ['GET', '/v1/accounts/AC_local/messages'],
  ['GET', `${CALLS}/CAnobody`],
  ['POST', `${CALLS}/CAnobody`],
  ['DELETE', '/v1/accounts/AC_local/blocked-recipients/1'],
  ['GET', '/nowhere'],
])('%s %s is a JSON 404, with or without a body', async (method, path) => {
  expect(await ask(path, { method })).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
  if (method === 'DELETE') {
    expect((await ask(path, { method, body: '{"note":"x"}' })).status).toBe(404);
  }
});

test('completing a call ends it in the order of any other end', async () => {
  const call = bench.exchange.dial('07012341234', [goSilent()]);
  const media = await bench.answer(control);
  await bench.clock.run(2_000);
  const path = `${CALLS}/${call.id}`;
  expect((await ask(path, { method: 'POST', body: '{"Status":"paused"}' })).status).toBe(400);
  expect(await ask(path, { method: 'POST', body: '{"Status":"completed"}' })).toEqual({
    status: 200,
    body: { callId: call.id, status: 'completed' },
  });
  await bench.clock.run(20);
  expect(media.received.at(-1)?.event).toBe('stop');
  expect(control.of('call.ended')).toMatchObject([{ status: 'completed', duration: 2 }]);
  expect((await ask(path)).body).toMatchObject({
    status: 'completed',
    direction: 'inbound',
    duration: 2,
    hangupSource: 'app',
    dateUpdated: '2026-01-01T00:00:02.010Z',
  });
});

test('an exchange that closes while it rings leaves no timer behind and settles every call', async () => {
  await placeCall({ after: 10_000, outcome: 'answer' });
  const ending = bench.exchange.dial('07012341234', []);
  await bench.clock.run(100);
  ending.hangUp();
  await bench.exchange.close();
  await bench.clock.run(0);
  expect(await Promise.all(bench.exchange.calls().map((call) => call.ended))).toMatchObject([
    { cause: 'exchange_closed' },
    { status: 'canceled' },
  ]);
  expect(bench.clock.pending).toBe(0);
});

test('completing a call that still rings cancels it, and it never rings on', async () => {
  const id = await placeCall({ after: 1_000, outcome: 'answer' });
  await bench.clock.run(500);
  expect((await ask(`${CALLS}/${id}`, { method: 'POST', body: '{"Status":"completed"}' })).body.status).toBe(
    'canceled',
  );
  await bench.clock.run(5_000);
  expect(control.received.map((message) => message.event)).toEqual(['call.ringing', 'call.ended']);
});

test('lists are paged, newest first, and filtered by repeated or joined values', async () => {
  for (let index = 0; index < 25; index += 1) {
    const call = bench.exchange.dial('07012341234', [], { from: `0100000000${index % 10}` });
    if (index % 2 === 0) call.hangUp();
  }
  const list = async (query: string): Promise<{ data: { from: string; callId: string }[]; meta: object }> =>
    (await ask(`${CALLS}${query}`)).body as never;
  const first = await list('');
  expect(first.data).toHaveLength(20);
  expect(first.data[0]!.callId).toBe(bench.exchange.calls().at(-1)!.id);
  expect(first.meta).toEqual({ total: 25, page: 0, pageSize: 20 });
  expect((await list('?page=1')).data).toHaveLength(5);
  expect((await list('?pageSize=1000')).meta).toEqual({ total: 25, page: 0, pageSize: 100 });
  expect((await list('?status=canceled')).meta).toMatchObject({ total: 13 });
  expect((await list('?status=canceled&status=ringing')).meta).toMatchObject({ total: 25 });
  expect((await list('?from=01000000001,01000000002')).meta).toMatchObject({ total: 6 });
  expect((await list('?number=01000000001&status=ringing')).meta).toMatchObject({ total: 3 });
  expect((await list('?to=07055556666')).meta).toMatchObject({ total: 0 });
  expect((await ask(`${CALLS}?page=x`)).status).toBe(400);
  expect((await ask('/v1/accounts/AC_other/calls', {}, 'sk_other')).body).toMatchObject({
    meta: { total: 0 },
  });
});

test("the account's numbers are listed", async () => {
  expect((await ask('/v1/accounts/AC_local/numbers')).body).toEqual({
    data: [{ number: '07012341234' }, { number: '07055556666' }],
  });
});
