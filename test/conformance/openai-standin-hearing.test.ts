/**
 * @module What is said comes from the script, but when it is heard comes from the audio: a stand-in that answered a
 * muted caller would pass every agent whose audio path is broken.
 */
import { describe, expect, test } from 'vitest';
import { convert } from '../../src/testing/openai/audio.ts';
import { scriptOf } from '../../src/testing/openai/index.ts';
import { append, feed, phone, silence, startBench, utter, voice } from './openai-standin-harness.ts';

const script = scriptOf(
  { hear: 'Where is my order?', say: 'On its way.' },
  { hear: 'And when does it come?', say: 'On Thursday.' },
);

describe('server detection', () => {
  test('a muted caller gets no answer, however long the line is open', async () => {
    const bench = await startBench(script);
    const client = await bench.open();
    await feed(bench, client, silence(20_000), 200);
    expect(client.types()).toEqual([]);
    expect(bench.session.heardMs).toBe(20_000);
  });

  test('a caller who sends nothing at all is never done speaking', async () => {
    const bench = await startBench(script);
    const client = await bench.open();
    await feed(bench, client, voice(1000));
    await bench.clock.run(30_000);
    expect(client.types()).toEqual(['input_audio_buffer.speech_started']);
    expect(bench.session.speaking).toBe(true);
  });

  test('reports the edges at their places on the audio axis and at their moments', async () => {
    const bench = await startBench(script);
    const client = await bench.open();
    const began = bench.clock.now();
    await feed(bench, client, silence(1000));
    await utter(bench, client);
    // 40 ms of voice are complete with the frame sent at 1020, half a second of silence with that at 2480.
    expect(client.at('input_audio_buffer.speech_started')).toEqual([began + 1022]);
    expect(client.at('input_audio_buffer.speech_stopped')).toEqual([began + 2482]);
    const [started] = client.of('input_audio_buffer.speech_started');
    const [stopped] = client.of('input_audio_buffer.speech_stopped');
    expect([started?.audio_start_ms, stopped?.audio_end_ms]).toEqual([700, 2500]);
    const [committed] = client.of('input_audio_buffer.committed');
    expect([started, stopped, committed].map((event) => event?.item_id)).toEqual(
      Array<string>(3).fill('item_1_1'),
    );
  });

  test('commits, transcribes and answers, in this order', async () => {
    const bench = await startBench(script);
    const client = await bench.open();
    await utter(bench, client);
    await bench.clock.run(3000);
    const types = client.types().filter((type) => !type.endsWith('.delta'));
    expect(types).toEqual([
      'input_audio_buffer.speech_started',
      'input_audio_buffer.speech_stopped',
      'input_audio_buffer.committed',
      'conversation.item.added',
      'conversation.item.done',
      'response.created',
      'rate_limits.updated',
      'conversation.item.input_audio_transcription.completed',
      'response.output_item.added',
      'conversation.item.added',
      'response.content_part.added',
      'response.output_audio.done',
      'response.output_audio_transcript.done',
      'response.content_part.done',
      'conversation.item.done',
      'response.output_item.done',
      'response.done',
    ]);
    const deltas = client.of('conversation.item.input_audio_transcription.delta').map(({ delta }) => delta);
    expect(deltas.join('')).toBe('Where is my order?');
    const [heard] = client.of('conversation.item.input_audio_transcription.completed');
    expect(heard).toMatchObject({ item_id: 'item_1_1', transcript: 'Where is my order?' });
    expect(client.of('response.output_audio_transcript.done')[0]?.transcript).toBe('On its way.');
  });

  test('the time from the commit to the first audio is the latency asked for', async () => {
    const bench = await startBench(script, { latency: { firstAudioMs: 450, perMessageMs: 7 } });
    const client = await bench.open();
    await utter(bench, client);
    await bench.clock.run(2000);
    const committed = client.at('input_audio_buffer.committed')[0]!;
    expect(client.at('response.output_audio.delta')[0]).toBe(committed + 450);
  });

  test('neither a click nor the gap between two words is an edge', async () => {
    const bench = await startBench(script);
    const client = await bench.open();
    await feed(bench, client, Buffer.concat([silence(400), voice(20), silence(1000)]));
    expect(client.types()).toEqual([]);
    await feed(bench, client, Buffer.concat([voice(300), silence(480), voice(300), silence(480)]));
    expect(client.types()).toEqual(['input_audio_buffer.speech_started']);
    await feed(bench, client, silence(20));
    expect(client.of('input_audio_buffer.speech_stopped')).toHaveLength(1);
  });

  test('follows silence, prefix and threshold as they were set', async () => {
    const detection = { type: 'server_vad', silence_duration_ms: 200, prefix_padding_ms: 100 } as const;
    const bench = await startBench(script);
    const client = await bench.open({}, detection);
    await feed(bench, client, Buffer.concat([silence(500), voice(500), silence(240)]));
    expect(client.of('input_audio_buffer.speech_started')[0]?.audio_start_ms).toBe(400);
    expect(client.of('input_audio_buffer.speech_stopped')[0]?.audio_end_ms).toBe(1200);
    client.send({ type: 'session.update', session: phone({ type: 'server_vad', threshold: 1 }) });
    await bench.clock.run(2000);
    client.forget();
    await feed(bench, client, voice(1000));
    expect(client.types()).toEqual([]);
  });

  test('no turn reaches back into the one before', async () => {
    const detection = { type: 'server_vad', silence_duration_ms: 100, create_response: false } as const;
    const bench = await startBench(script);
    const client = await bench.open({}, detection);
    await feed(bench, client, Buffer.concat([voice(400), silence(140), voice(400), silence(100)]));
    const starts = client.of('input_audio_buffer.speech_started').map((event) => event.audio_start_ms);
    expect(starts).toEqual([0, 500]);
  });

  test.each(['audio/pcmu', 'audio/pcma', 'audio/pcm'] as const)('hears %s', async (type) => {
    const bench = await startBench(script);
    const client = await bench.open();
    const format = type === 'audio/pcm' ? ({ type, rate: 24_000 } as const) : { type };
    client.send({
      type: 'session.update',
      session: { type: 'realtime', audio: { input: { format }, output: { format } } },
    });
    await bench.clock.run(5);
    append(client, convert(Buffer.concat([silence(1000), voice(600), silence(600)]), type));
    await bench.clock.run(3000);
    expect(bench.session.heardMs).toBeCloseTo(2200);
    // The resampler's delay smears the edges by a frame.
    expect(client.of('input_audio_buffer.speech_started')[0]?.audio_start_ms).toBeCloseTo(700, -1.5);
    expect(client.of('input_audio_buffer.speech_stopped')[0]?.audio_end_ms).toBeCloseTo(2100, -1.5);
    const bytesPerMs = type === 'audio/pcm' ? 48 : 8;
    const sent = client
      .of('response.output_audio.delta')
      .map(({ delta }) => Buffer.from(delta, 'base64').length);
    expect(sent.reduce((a, b) => a + b)).toBe('On its way.'.length * 65 * bytesPerMs);
  });

  test('hears without answering when told to', async () => {
    const bench = await startBench(script);
    const client = await bench.open({}, { type: 'server_vad', create_response: false });
    await utter(bench, client);
    await bench.clock.run(3000);
    expect(client.of('response.created')).toEqual([]);
    client.send({ type: 'response.create' });
    await bench.clock.run(3000);
    expect(client.of('response.output_audio_transcript.done')[0]?.transcript).toBe('On its way.');
  });
});

describe('barge-in', () => {
  const long = scriptOf({ greeting: 'A long greeting '.repeat(20) }, { hear: 'Wait.', say: 'Yes?' });

  test('cancels the answer at the first edge, with the reason', async () => {
    const bench = await startBench(long);
    const client = await bench.open();
    client.send({ type: 'response.create' });
    await bench.clock.run(600);
    await feed(bench, client, voice(200));
    const [done] = client.of('response.done');
    expect(done?.response).toMatchObject({
      status: 'cancelled',
      status_details: { type: 'cancelled', reason: 'turn_detected' },
      output: [{ status: 'incomplete', role: 'assistant' }],
    });
    expect(client.types().at(-1)).toBe('response.done');
    expect(client.at('response.done')).toEqual(client.at('input_audio_buffer.speech_started'));
    await feed(bench, client, silence(520));
    await bench.clock.run(2000);
    expect(client.of('response.output_audio_transcript.done').at(-1)?.transcript).toBe('Yes?');
  });

  test('leaves the answer alone when told to, and answers nothing over it', async () => {
    const bench = await startBench(long);
    const client = await bench.open({}, { type: 'server_vad', interrupt_response: false });
    client.send({ type: 'response.create' });
    await bench.clock.run(400);
    await utter(bench, client);
    expect(client.of('input_audio_buffer.committed')).toHaveLength(1);
    await bench.clock.run(20_000);
    expect(client.of('response.done').map(({ response }) => response.status)).toEqual(['completed']);
    expect(client.errors).toEqual([]);
  });
});

describe('semantic detection', () => {
  const ends = async (hear: string, ms: number, eagerness: 'low' | 'medium' | 'high'): Promise<number> => {
    const bench = await startBench(scriptOf({ hear, say: 'Yes.' }));
    const client = await bench.open({}, { type: 'semantic_vad', eagerness });
    await feed(bench, client, Buffer.concat([voice(ms), silence(9000)]), 100);
    return client.of('input_audio_buffer.speech_stopped')[0]!.audio_end_ms - ms;
  };

  test('gives eager models the turn sooner', async () => {
    expect(await ends('Where is it?', 1000, 'high')).toBe(300);
    expect(await ends('Where is it?', 1000, 'medium')).toBe(600);
    expect(await ends('Where is it?', 1000, 'low')).toBe(900);
  });

  test('waits for the end of a sentence that is not one, up to the documented limit', async () => {
    expect(await ends('My number is...', 1000, 'high')).toBe(2000);
    expect(await ends('My number is,', 1000, 'low')).toBe(8000);
  });

  test('waits longer after a short sound', async () => {
    expect(await ends('Er', 200, 'medium')).toBe(900);
  });
});

describe('manual turns', () => {
  test('a commit takes the audio, and nothing is heard before it', async () => {
    const bench = await startBench(script);
    const client = await bench.open({}, null);
    await utter(bench, client);
    expect(client.types()).toEqual([]);
    client.send({ type: 'input_audio_buffer.commit' });
    client.send({ type: 'response.create' });
    await bench.clock.run(3000);
    expect(client.types().slice(0, 4)).toEqual([
      'input_audio_buffer.committed',
      'conversation.item.added',
      'conversation.item.done',
      'response.created',
    ]);
    expect(client.of('response.output_audio_transcript.done')[0]?.transcript).toBe('On its way.');
  });

  test('less than 100 ms cannot be committed', async () => {
    const bench = await startBench(script);
    const client = await bench.open({}, null);
    append(client, voice(99));
    client.send({ type: 'input_audio_buffer.commit', event_id: 'early' });
    append(client, voice(1));
    client.send({ type: 'input_audio_buffer.commit' });
    client.send({ type: 'input_audio_buffer.commit', event_id: 'again' });
    await bench.clock.run(5);
    expect(client.errors).toMatchObject([
      { code: 'input_audio_buffer_commit_empty', eventId: 'early', message: /has 99\.00ms/ },
      { code: 'input_audio_buffer_commit_empty', eventId: 'again', message: /has 0\.00ms/ },
    ]);
    expect(client.of('input_audio_buffer.committed')).toHaveLength(1);
  });

  test('a cleared buffer is empty', async () => {
    const bench = await startBench(script);
    const client = await bench.open({}, null);
    append(client, voice(500));
    client.send({ type: 'input_audio_buffer.clear' });
    client.send({ type: 'input_audio_buffer.commit' });
    await bench.clock.run(5);
    expect(client.types()).toEqual(['input_audio_buffer.cleared', 'error']);
  });

  test('committed silence takes no turn of the script', async () => {
    const bench = await startBench(scriptOf({ hear: 'Hello?', say: 'Hi.' }, { onSilence: 'Are you there?' }));
    const client = await bench.open({}, null);
    for (const audio of [silence(500), voice(500)]) {
      append(client, audio);
      client.send({ type: 'input_audio_buffer.commit' });
      client.send({ type: 'response.create' });
      await bench.clock.run(5000);
    }
    const said = client.of('response.output_audio_transcript.done').map(({ transcript }) => transcript);
    expect(said).toEqual(['Are you there?', 'Hi.']);
    const heard = client.of('conversation.item.input_audio_transcription.completed');
    expect(heard.map(({ transcript }) => transcript)).toEqual(['', 'Hello?']);
  });
});

describe('the transcription', () => {
  test('is not made unless asked for', async () => {
    const bench = await startBench(script);
    const client = await bench.open();
    const session = { type: 'realtime', audio: { input: { transcription: null } } };
    client.rt.socket.send(JSON.stringify({ type: 'session.update', session }));
    await utter(bench, client);
    await bench.clock.run(2000);
    expect(client.types().some((type) => type.includes('transcription'))).toBe(false);
    expect(client.of('response.done')).toHaveLength(1);
  });

  test('can fail or stay away, and the answer comes all the same', async () => {
    const bench = await startBench(
      scriptOf({ say: 'One.', transcription: 'failed' }, { say: 'Two.', transcription: 'missing' }),
    );
    const client = await bench.open();
    await utter(bench, client);
    await bench.clock.run(3000);
    await utter(bench, client);
    await bench.clock.run(3000);
    const transcription = client.types().filter((type) => type.includes('input_audio_transcription'));
    expect(transcription).toEqual(['conversation.item.input_audio_transcription.failed']);
    expect(client.of('response.done')).toHaveLength(2);
  });
});

test('the idle timeout counts from the end of the playback and asks the caller back', async () => {
  const bench = await startBench(
    scriptOf({ greeting: 'Hello there.' }, { onSilence: 'Are you still there?' }),
  );
  const client = await bench.open({}, { type: 'server_vad', idle_timeout_ms: 6000 });
  client.send({ type: 'response.create' });
  await feed(bench, client, silence(9000), 100);
  const done = client.at('response.done')[0]!;
  expect(client.at('input_audio_buffer.timeout_triggered')).toEqual([
    done + 'Hello there.'.length * 65 + 6000,
  ]);
  const [timeout] = client.of('input_audio_buffer.timeout_triggered');
  expect(timeout!.audio_end_ms - timeout!.audio_start_ms).toBe(6000);
  expect(client.of('input_audio_buffer.committed')[0]?.item_id).toBe(timeout?.item_id);
  await bench.clock.run(1000);
  expect(client.of('response.output_audio_transcript.done').at(-1)?.transcript).toBe('Are you still there?');
});

test('a response asked for meanwhile puts the idle timeout off', async () => {
  const bench = await startBench(scriptOf({ greeting: 'Hello there.' }));
  const client = await bench.open({}, { type: 'server_vad', idle_timeout_ms: 6000 });
  client.send({ type: 'response.create' });
  // Due at 7200, which is in the middle of what is asked for here.
  await bench.clock.run(7000);
  client.send({ type: 'response.create', response: { instructions: '"One more thing."' } });
  await bench.clock.run(7000);
  expect(client.of('input_audio_buffer.timeout_triggered')).toEqual([]);
  await bench.clock.run(1000);
  expect(client.of('input_audio_buffer.timeout_triggered')).toHaveLength(1);
});
