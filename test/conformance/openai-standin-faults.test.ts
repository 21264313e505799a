/**
 * @module Every way a provider misbehaves, on demand: what an agent's recovery is tested with has to happen exactly
 * once, at a known moment, and leave the rest of the session as it was.
 */
import { describe, expect, test } from 'vitest';
import { type Reply, type ResponseFault, scriptOf } from '../../src/testing/openai/index.ts';
import { append, openBare, startBench, utter, voice } from './openai-standin-harness.ts';

const LINE = 'A line that is long enough to be interrupted by whatever may go wrong on the way.';
const greet = (fault: ResponseFault, more: Reply = {}) =>
  scriptOf({ greeting: { say: LINE, fault, ...more } });

const run = async (fault: ResponseFault, ms = 4000) => {
  const bench = await startBench(greet(fault));
  const client = await bench.open();
  const asked = bench.clock.now();
  client.send({ type: 'response.create', event_id: 'greet' });
  await bench.clock.run(ms);
  return { bench, client, asked };
};

describe('a response', () => {
  test('that is late', async () => {
    const bench = await startBench(scriptOf({ greeting: { say: LINE, firstAudioMs: 9000 } }));
    const client = await bench.open();
    const asked = bench.clock.now();
    client.send({ type: 'response.create' });
    await bench.clock.run(12_000);
    expect(client.at('response.created')).toEqual([asked + 2]);
    expect(client.at('response.output_audio.delta')[0]).toBe(asked + 9002);
  });

  test('that never comes, but can be cancelled; the retry is well', async () => {
    const { bench, client } = await run({ kind: 'silent' }, 60_000);
    expect(client.types()).toEqual(['response.created', 'rate_limits.updated']);
    client.send({ type: 'response.cancel' });
    await bench.clock.run(5);
    expect(client.of('response.done')[0]?.response.status).toBe('cancelled');
    client.send({ type: 'response.create' });
    await bench.clock.run(4000);
    expect(client.of('response.output_audio_transcript.done')[0]?.transcript).toBe(LINE);
  });

  test('that is not even acknowledged', async () => {
    const { bench, client } = await run({ kind: 'deaf', times: 2 }, 30_000);
    client.send({ type: 'response.create' });
    await bench.clock.run(1000);
    expect(client.types()).toEqual([]);
    client.send({ type: 'response.create' });
    await bench.clock.run(1000);
    expect(client.types()).toContain('response.output_audio.delta');
  });

  test('that is completed with nothing in it; the turn is still owed', async () => {
    const bench = await startBench(
      scriptOf({ hear: 'One', say: 'First.', fault: { kind: 'nothing' } }, { hear: 'Two', say: 'Second.' }),
    );
    const client = await bench.open();
    await utter(bench, client);
    await bench.clock.run(2000);
    expect(client.of('response.done')[0]?.response).toMatchObject({ status: 'completed', output: [] });
    client.send({ type: 'response.create' });
    await bench.clock.run(2000);
    expect(client.of('response.output_audio_transcript.done')[0]?.transcript).toBe('First.');
  });

  test('that is refused by an error, tied to the request or not', async () => {
    const tied = await run({ kind: 'refused', code: 'rate_limit_exceeded' });
    expect(tied.client.types()).toEqual(['error']);
    expect(tied.client.errors).toMatchObject([{ code: 'rate_limit_exceeded', eventId: 'greet' }]);
    const loose = await run({ kind: 'refused', tied: false });
    expect(loose.client.errors).toMatchObject([{ eventId: null }]);
  });

  test('that fails in the middle', async () => {
    const { client } = await run({ kind: 'failed', afterMs: 1000 });
    const [done] = client.of('response.done');
    expect(done?.response).toMatchObject({
      status: 'failed',
      status_details: { type: 'failed', error: { code: 'server_error' } },
    });
    const bytes = client
      .of('response.output_audio.delta')
      .map(({ delta }) => Buffer.from(delta, 'base64').length);
    expect(bytes.reduce((a, b) => a + b) / 8).toBeGreaterThanOrEqual(1000);
    expect(bytes.reduce((a, b) => a + b) / 8).toBeLessThan(1400);
  });

  test('that is cut by the service', async () => {
    const { client } = await run({ kind: 'incomplete', afterMs: 500, reason: 'content_filter' });
    expect(client.of('response.done')[0]?.response).toMatchObject({
      status: 'incomplete',
      status_details: { type: 'incomplete', reason: 'content_filter' },
      output: [{ status: 'incomplete' }],
    });
  });

  test('that sends audio after it was cancelled', async () => {
    const { bench, client } = await run({ kind: 'late', deltas: 3 }, 500);
    client.send({ type: 'response.cancel' });
    await bench.clock.run(1000);
    const types = client.types();
    const after = types.slice(types.indexOf('response.done') + 1);
    expect(after).toEqual(Array(3).fill('response.output_audio.delta'));
    expect(client.of('response.output_audio.delta').at(-1)).toMatchObject({
      response_id: 'resp_1_1',
      item_id: 'item_1_1',
    });
  });

  test.each(['error', 'malformed', 'binary', 'unknown'] as const)(
    'that goes on after a frame of kind %s',
    async (kind) => {
      const { client } = await run({ kind, afterMs: 600 });
      expect(client.of('response.done')[0]?.response.status).toBe('completed');
      expect(client.of('response.output_audio_transcript.done')[0]?.transcript).toBe(LINE);
      const types: string[] = client.types();
      if (kind === 'unknown') expect(types).toContain('response.output_dream.delta');
      else expect(client.errors).toHaveLength(1);
    },
  );
});

describe('a connection', () => {
  test('closed in the middle of a response, after what was under way', async () => {
    const { bench, client } = await run({ kind: 'close', afterMs: 800, code: 1011, reason: 'internal' });
    expect(client.closed).toMatchObject([{ code: 1011, reason: 'internal' }]);
    expect(client.of('response.output_audio.delta').length).toBeGreaterThan(3);
    expect(client.of('response.done')).toEqual([]);
    expect(bench.session.closed).toMatchObject({ code: 1011 });
    expect(bench.clock.pending).toBe(0);
  });

  test('cut without a word', async () => {
    const { bench, client } = await run({ kind: 'destroy', afterMs: 0 });
    expect(client.closed).toMatchObject([{ code: 1006 }]);
    expect(client.of('response.output_audio.delta')).toEqual([]);
    expect(bench.clock.pending).toBe(0);
  });

  test('ended by the service after its longest time', async () => {
    const bench = await startBench(scriptOf(), { maxSessionMs: 60_000 });
    const client = await bench.open();
    await bench.clock.run(60_000);
    expect(client.errors).toMatchObject([{ code: 'session_expired' }]);
    expect(client.closed).toMatchObject([{ code: 1001 }]);
  });

  test('that the service stops reading holds what is sent until it reads again', async () => {
    const bench = await startBench(scriptOf());
    const client = await bench.open();
    bench.session.pause();
    for (let count = 0; count < 50; count += 1) append(client, voice(1000));
    await bench.clock.run(1000);
    expect(bench.session.heardMs).toBe(0);
    bench.session.resume();
    await bench.clock.run(5);
    expect(bench.session.heardMs).toBe(50_000);
  });

  test('made to misbehave by hand', async () => {
    const bench = await startBench(scriptOf({ greeting: LINE }));
    const client = await bench.open();
    bench.session.spoilNext({ kind: 'nothing' });
    client.send({ type: 'response.create' });
    await bench.clock.run(500);
    expect(client.of('response.done')[0]?.response.output).toEqual([]);
    bench.session.sendError({ code: 'server_error', eventId: 'greet' });
    bench.session.sendMalformed();
    bench.session.sendBinary();
    bench.session.sendUnknown();
    bench.session.close(1012);
    await bench.clock.run(5);
    expect(client.errors).toHaveLength(3);
    expect(client.errors[0]).toMatchObject({ code: 'server_error', eventId: 'greet' });
    expect(client.closed).toMatchObject([{ code: 1012 }]);
  });

  test('destroyed by hand', async () => {
    const bench = await startBench(scriptOf());
    const client = await bench.open();
    bench.session.destroy();
    await bench.clock.run(5);
    expect(client.closed).toMatchObject([{ code: 1006 }]);
  });
});

test('the same run gives the same events at the same times, byte for byte', async () => {
  const play = async (): Promise<string> => {
    const bench = await startBench(
      scriptOf({ greeting: LINE }, { hear: 'One', say: 'First.', calls: ['tool'] }),
    );
    const clients = await Promise.all([bench.open(), bench.open(), bench.open()]);
    for (const client of clients) client.send({ type: 'response.create' });
    await bench.clock.run(2000);
    await Promise.all(clients.map((client) => utter(bench, client)));
    await bench.clock.run(2000);
    return JSON.stringify(clients.map(({ events }) => events));
  };
  const first = await play();
  expect(first).toContain('response.function_call_arguments.done');
  expect(await play()).toBe(first);
});

test('a client without the vendor’s package is served the same', async () => {
  const bench = await startBench(scriptOf({ greeting: 'Hello.' }));
  const { socket, received } = await openBare(bench);
  socket.send('{"type":"response.create"}');
  await bench.clock.run(3000);
  expect(received.at(-1)).toMatchObject({ type: 'response.done', response: { status: 'completed' } });
  const ids = received.map((event) => ('event_id' in event ? event.event_id : ''));
  expect(new Set(ids).size).toBe(ids.length);
});
