/**
 * `offhook dial` rings through the running exchange of another process: over its port, told line by line what happens,
 * and never by a web page or another machine. The call ends with its caller.
 */
import { request } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { type DialledCall, dialExchange } from '../../src/cli/dial-client.ts';
import { stepsFor } from '../../src/cli/dial.ts';
import type { OffhookError } from '../../src/errors.ts';
import type { CallEvent } from '../../src/exchange/index.ts';
import type { LocalDial } from '../../src/exchange/local-api.ts';
import { type Bench, mediaOf, openBench, tone } from '../conformance/exchange-client.ts';

let bench: Bench;
afterEach(() => bench.close());

const ask: LocalDial = { to: '07012341234', steps: [{ wait: 200 }, { hangUp: true }] };

interface Dialling {
  readonly calls: { id: string; from: string; to: string }[];
  readonly events: CallEvent[];
  over: DialledCall | OffhookError | undefined;
}

/** Dials, and takes note of what is told without waiting for it. */
function dial(asked: LocalDial, url = bench.url): Dialling {
  const dialling: Dialling = { calls: [], events: [], over: undefined };
  dialExchange(url, asked, {
    call: (call) => dialling.calls.push(call),
    event: (event) => dialling.events.push(event),
  }).then(
    (over) => (dialling.over = over),
    (error: unknown) => (dialling.over = error as OffhookError),
  );
  return dialling;
}

/** Posts anything at all. */
async function post(
  body: string,
  headers: Record<string, string>,
  path = '/local/dial',
): Promise<number | undefined> {
  let status: number | undefined;
  const sent = request(`${bench.url}${path}`, { method: 'POST', agent: false, headers }, (response) => {
    status = response.statusCode;
    response.resume();
  });
  sent.end(body);
  await bench.clock.run(1);
  return status;
}

const json = { 'content-type': 'application/json' };

test('a caller rings, speaks, hears the answer and hangs up, and every step is told as it happens', async () => {
  bench = await openBench({ localDialling: true, keepAudio: false });
  const control = await bench.control();
  const dialling = dial({
    to: '070-1234-1234',
    from: '0311112222',
    heard: true,
    steps: stepsFor(tone(400), 3000),
  });
  const media = await bench.answer(control);
  expect(dialling.calls).toMatchObject([{ from: '0311112222', to: '07012341234' }]);
  media.send(mediaOf(tone(600, 0x22)));
  await bench.clock.run(3000);
  expect(dialling.events.map(({ type }) => type)).toContain('callerVoiceStop');
  media.send(mediaOf(tone(300, 0x33)));
  await bench.clock.run(3200);
  expect(dialling.over).toBeUndefined();
  await bench.clock.run(500);
  const over = dialling.over as unknown as DialledCall;
  expect(over.result).toMatchObject({ status: 'completed', by: 'caller' });
  const counted = (code: number): number => (over.heard ?? []).filter((byte) => byte === code).length;
  expect([counted(0x22), counted(0x33)]).toEqual([600 * 8, 300 * 8]);
  expect(dialling.events.at(0)?.type).toBe('offered');
  expect(dialling.events.at(-1)?.type).toBe('ended');
});

test('a number that nobody serves is said at once', async () => {
  bench = await openBench({ localDialling: true });
  const dialling = dial(ask);
  await bench.clock.run(1);
  expect(dialling.over).toMatchObject({
    code: 'OFFHOOK_NUMBER_NOT_SERVED',
    message: 'Nobody serves 07012341234.',
  });
});

test('an address where no exchange is, or one that rings for nobody, is said with what to do', async () => {
  bench = await openBench();
  const refused = dial(ask);
  const nowhere = dial(ask, 'http://127.0.0.1:1');
  const odd = dial(ask, 'ftp://127.0.0.1');
  await bench.clock.run(1);
  expect(refused.over).toMatchObject({ code: 'OFFHOOK_DIAL_REFUSED' });
  expect(nowhere.over).toMatchObject({ code: 'OFFHOOK_OPTION_INVALID' });
  expect(odd.over).toMatchObject({ code: 'OFFHOOK_OPTION_INVALID' });
});

test('the caller who goes away has hung up', async () => {
  bench = await openBench({ localDialling: true });
  const control = await bench.control();
  const sent = request(`${bench.url}/local/dial`, { method: 'POST', agent: false, headers: json });
  sent.on('error', () => {});
  sent.end(JSON.stringify({ ...ask, steps: [{ wait: 60_000 }] }));
  await bench.answer(control);
  await bench.clock.run(100);
  const [call] = bench.exchange.calls();
  expect(call?.status).toBe('in-progress');
  sent.destroy();
  await bench.clock.run(100);
  expect(call?.status).toBe('completed');
});

test('web pages cannot ring: no origin, and no body a form could send', async () => {
  bench = await openBench({ localDialling: true });
  await bench.control();
  const body = JSON.stringify(ask);
  expect(await post(body, { ...json, origin: 'http://evil.example' })).toBe(403);
  expect(await post(body, { 'content-type': 'text/plain' })).toBe(403);
  expect(bench.exchange.calls()).toHaveLength(0);
  expect(await post(body, json)).toBe(200);
});

test.each([
  ['no JSON', 'hello'],
  ['no number', '{"steps":[]}'],
  ['a step nobody knows', '{"to":"070","steps":[{"dance":true}]}'],
  ['keys that are none', '{"to":"070","steps":[{"press":"12x"}]}'],
  ['time that runs backwards', '{"to":"070","steps":[{"wait":-1}]}'],
  ['patience that is no number', '{"to":"070","steps":[{"waitForAgent":{"quietMs":"x"}}]}'],
])('a body that cannot be understood is refused: %s', async (_name, body) => {
  bench = await openBench({ localDialling: true });
  expect(await post(body, json)).toBe(400);
});

test('without the option there is no such door', async () => {
  bench = await openBench();
  expect(await post(JSON.stringify(ask), json)).toBe(404);
});
