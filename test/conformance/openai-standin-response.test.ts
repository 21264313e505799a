/**
 * @module The life of a response: one at a time, tied to its request, cut at any moment, truncated within its length.
 * Two at once, an error nobody can place and a truncation beyond the end are what breaks voice agents in the field.
 */
import { describe, expect, test } from 'vitest';
import { convert, hum } from '../../src/testing/openai/audio.ts';
import { scriptOf } from '../../src/testing/openai/index.ts';
import { heard, startBench, utter } from './openai-standin-harness.ts';

const LINE = 'Your order left the warehouse this morning and will be with you on Thursday afternoon.';
const AUDIO_MS = LINE.length * 65;
const greeting = scriptOf({ greeting: LINE });

describe('a reply', () => {
  test('is delivered as the service does it, word by word a little ahead of the voice', async () => {
    const bench = await startBench(greeting);
    const client = await bench.open();
    const asked = bench.clock.now();
    client.send({ type: 'response.create', event_id: 'greet' });
    await bench.clock.run(5000);
    expect(Buffer.compare(heard(client), hum(LINE))).toBe(0);
    expect(client.at('response.created')).toEqual([asked + 2]);
    const deltas = client.at('response.output_audio.delta');
    expect(deltas[0]).toBe(asked + 282);
    // Six times as fast as it is heard: the last delta starts within its last 190 ms.
    expect(deltas.at(-1)).toBeGreaterThan(asked + 282 + (AUDIO_MS - 190) / 6);
    expect(deltas.at(-1)).toBeLessThan(asked + 283 + AUDIO_MS / 6);
    const words = client.of('response.output_audio_transcript.delta').map(({ delta }) => delta);
    expect(words.length).toBeGreaterThan(5);
    expect(words.join('')).toBe(LINE);
    const types = client.types();
    const first = types.indexOf('response.output_audio_transcript.delta');
    expect(first).toBe(types.indexOf('response.output_audio.delta') - 1);
    expect(types.lastIndexOf('response.output_audio_transcript.delta')).toBeLessThan(
      types.lastIndexOf('response.output_audio.delta'),
    );
  });

  test('comes in deltas that fit neither frames nor base64', async () => {
    const bench = await startBench(greeting);
    const client = await bench.open();
    client.send({ type: 'response.create' });
    await bench.clock.run(5000);
    const sizes = client
      .of('response.output_audio.delta')
      .map(({ delta }) => Buffer.from(delta, 'base64').length);
    expect(sizes.slice(0, 5).map((bytes) => bytes / 8)).toEqual([170, 130, 190, 110, 150]);
    expect(sizes.slice(0, 5).filter((bytes) => bytes % 160 === 0)).toEqual([]);
    expect(sizes.filter((bytes) => bytes % 3 !== 0).length).toBeGreaterThan(sizes.length / 2);
  });

  test('reports what it cost and what it said', async () => {
    const bench = await startBench(greeting);
    const client = await bench.open();
    client.send({ type: 'response.create' });
    await bench.clock.run(5000);
    const [done] = client.of('response.done');
    expect(done?.response).toMatchObject({
      id: 'resp_1_1',
      status: 'completed',
      status_details: { type: 'completed' },
      output: [{ type: 'message', role: 'assistant', content: [{ type: 'output_audio', transcript: LINE }] }],
      usage: { output_token_details: { audio_tokens: Math.ceil(AUDIO_MS / 50) } },
    });
    expect(bench.session.responses).toEqual([{ id: 'resp_1_1', status: 'completed', audioMs: AUDIO_MS }]);
  });

  test('echoes the metadata of its request, at both ends', async () => {
    const bench = await startBench(greeting);
    const client = await bench.open();
    client.send({ type: 'response.create', response: { metadata: { request: '7' } } });
    await bench.clock.run(5000);
    expect(client.of('response.created')[0]?.response.metadata).toEqual({ request: '7' });
    expect(client.of('response.done')[0]?.response.metadata).toEqual({ request: '7' });
  });

  test('is text where text was asked for', async () => {
    const bench = await startBench(greeting);
    const client = await bench.open();
    client.send({ type: 'response.create', response: { output_modalities: ['text'] } });
    await bench.clock.run(5000);
    expect(client.of('response.output_audio.delta')).toEqual([]);
    expect(client.of('response.output_text.done')[0]?.text).toBe(LINE);
  });

  test('uses the formats of the session, each converted once', async () => {
    const bench = await startBench(scriptOf({ greeting: { text: 'Hello.', audio: hum('Hello.') } }));
    const client = await bench.open({ audio: { output: { format: { type: 'audio/pcma' } } } });
    client.send({ type: 'response.create' });
    await bench.clock.run(3000);
    expect(Buffer.compare(heard(client), convert(hum('Hello.'), 'audio/pcma'))).toBe(0);
  });

  test('refuses the settings of the time before GA', async () => {
    const bench = await startBench(greeting);
    const client = await bench.open();
    client.rt.socket.send('{"type":"response.create","response":{"modalities":["audio"]},"event_id":"x"}');
    await bench.clock.run(5);
    expect(client.errors).toMatchObject([
      { code: 'unknown_parameter', param: 'response.modalities', eventId: 'x' },
    ]);
  });

  test('may take longer by a drawn jitter, the same with the same numbers', async () => {
    const bench = await startBench(greeting, { random: () => 0.25, latency: { jitterMs: 400 } });
    const client = await bench.open();
    const asked = bench.clock.now();
    client.send({ type: 'response.create' });
    await bench.clock.run(1000);
    expect(client.at('response.output_audio.delta')[0]).toBe(asked + 382);
  });
});

describe('one response at a time', () => {
  test('a second request is refused and tied to its event', async () => {
    const bench = await startBench(greeting);
    const client = await bench.open();
    client.send({ type: 'response.create', event_id: 'first' });
    client.send({ type: 'response.create', event_id: 'second', response: { metadata: { request: '2' } } });
    await bench.clock.run(5000);
    expect(client.errors).toMatchObject([
      {
        code: 'conversation_already_has_active_response',
        eventId: 'second',
        message: /active response in progress: resp_1_1\./,
      },
    ]);
    expect(client.of('response.done')).toHaveLength(1);
  });

  test('the slot is free with response.done, not before', async () => {
    const bench = await startBench(greeting);
    const client = await bench.open();
    client.rt.once('response.output_item.done', () =>
      client.send({ type: 'response.create', event_id: 'early' }),
    );
    client.rt.once('response.done', () => client.send({ type: 'response.create', event_id: 'right' }));
    client.send({ type: 'response.create' });
    await bench.clock.run(5000);
    expect(client.of('response.created')).toHaveLength(2);
    expect(client.errors).toMatchObject([
      { code: 'conversation_already_has_active_response', eventId: 'early' },
    ]);
  });
});

describe('cancelling', () => {
  test('closes what is open and says who did it', async () => {
    const bench = await startBench(greeting);
    const client = await bench.open();
    client.send({ type: 'response.create' });
    await bench.clock.run(600);
    client.forget();
    client.send({ type: 'response.cancel', response_id: 'resp_1_1' });
    await bench.clock.run(3000);
    expect(client.types()).toEqual([
      'response.output_audio.done',
      'response.output_audio_transcript.done',
      'response.content_part.done',
      'conversation.item.done',
      'response.output_item.done',
      'response.done',
    ]);
    expect(client.of('response.done')[0]?.response.status_details).toEqual({
      type: 'cancelled',
      reason: 'client_cancelled',
    });
    expect(bench.session.activeResponse).toBeUndefined();
    expect(bench.standIn.counters.cancelled).toBe(1);
  });

  test('before the first item leaves no output', async () => {
    const bench = await startBench(greeting);
    const client = await bench.open();
    client.send({ type: 'response.create' });
    client.send({ type: 'response.cancel' });
    await bench.clock.run(3000);
    expect(client.types()).toEqual(['response.created', 'rate_limits.updated', 'response.done']);
    expect(client.of('response.done')[0]?.response.output).toEqual([]);
  });

  test('without an active response, or of another one, is an error', async () => {
    const bench = await startBench(greeting);
    const client = await bench.open();
    client.send({ type: 'response.cancel', event_id: 'none' });
    client.send({ type: 'response.create' });
    client.send({ type: 'response.cancel', event_id: 'other', response_id: 'resp_9' });
    await bench.clock.run(5000);
    expect(client.errors).toMatchObject([
      { code: 'response_cancel_not_active', eventId: 'none' },
      { code: 'response_cancel_not_active', eventId: 'other' },
    ]);
    expect(client.of('response.done')[0]?.response.status).toBe('completed');
  });
});

describe('truncation', () => {
  const speak = async () => {
    const bench = await startBench(greeting);
    const client = await bench.open();
    client.send({ type: 'response.create' });
    await bench.clock.run(5000);
    client.forget();
    const truncate = (audio_end_ms: number, item_id = 'item_1_1'): void =>
      client.send({
        type: 'conversation.item.truncate',
        event_id: 'cut',
        item_id,
        content_index: 0,
        audio_end_ms,
      });
    return { bench, client, truncate };
  };

  test('within the audio cuts it and takes the transcript away', async () => {
    const { bench, client, truncate } = await speak();
    truncate(AUDIO_MS);
    truncate(1200);
    client.send({ type: 'conversation.item.retrieve', item_id: 'item_1_1' });
    await bench.clock.run(5);
    expect(client.errors).toEqual([]);
    expect(client.of('conversation.item.truncated').map((event) => event.audio_end_ms)).toEqual([
      AUDIO_MS,
      1200,
    ]);
    expect(client.of('conversation.item.retrieved')[0]?.item).toMatchObject({
      content: [{ type: 'output_audio' }],
    });
    expect(bench.session.truncations.at(-1)).toEqual({
      itemId: 'item_1_1',
      audioEndMs: 1200,
      audioMs: AUDIO_MS,
    });
  });

  test('one millisecond beyond the end is an error', async () => {
    const { bench, client, truncate } = await speak();
    truncate(AUDIO_MS + 1);
    truncate(100);
    truncate(101);
    await bench.clock.run(5);
    expect(client.errors.map(({ message }) => message)).toEqual([
      `Audio content of ${AUDIO_MS}ms is already shorter than ${AUDIO_MS + 1}ms`,
      'Audio content of 100ms is already shorter than 101ms',
    ]);
    expect(client.errors[0]?.eventId).toBe('cut');
  });

  test('of a response being generated goes as far as it has come', async () => {
    const bench = await startBench(greeting);
    const client = await bench.open();
    const truncate = (audio_end_ms: number): void =>
      client.send({
        type: 'conversation.item.truncate',
        item_id: 'item_1_1',
        content_index: 0,
        audio_end_ms,
      });
    client.send({ type: 'response.create' });
    await bench.clock.run(270);
    truncate(0);
    await bench.clock.run(40);
    client.send({ type: 'response.cancel' });
    truncate(301);
    truncate(300);
    await bench.clock.run(5);
    expect(client.errors.map(({ message }) => message)).toEqual([
      'Only model output audio messages can be truncated',
      'Audio content of 300ms is already shorter than 301ms',
    ]);
    expect(client.of('conversation.item.truncated')).toHaveLength(1);
  });

  test('of what is not the model’s voice is an error', async () => {
    const { bench, client, truncate } = await speak();
    await utter(bench, client);
    truncate(0, client.of('input_audio_buffer.committed')[0]!.item_id);
    truncate(0, 'item_nowhere');
    await bench.clock.run(5);
    expect(client.errors).toMatchObject([
      { message: 'Only model output audio messages can be truncated' },
      { code: 'item_truncate_invalid_item_id' },
    ]);
  });
});
