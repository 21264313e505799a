/**
 * @module An adapter that speaks the pre-GA protocol, or sends what the service refuses, must fail against the
 * stand-in as it would against the service; otherwise its tests prove nothing.
 */
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { createOpenAIStandIn, scriptOf } from '../../src/testing/openai/index.ts';
import { createVirtualClock } from '../../src/testing/virtual-clock.ts';
import { feed, openBare, phone, silence, startBench, utter, voice } from './openai-standin-harness.ts';

const script = scriptOf({ hear: 'Hello?', say: 'Good morning.' });

describe('connecting', () => {
  test('greets a client with its session, after the time the network takes', async () => {
    const bench = await startBench(script);
    const client = await bench.connect();
    expect(client.types()).toEqual(['session.created']);
    expect(client.at('session.created')).toEqual([2]);
    const { session } = client.of('session.created')[0]!;
    expect(session).toMatchObject({ type: 'realtime', model: 'gpt-realtime-2', id: 'sess_1' });
    expect(bench.session.headers.authorization).toBe('Bearer sk-test');
  });

  test('answers a wrong key with 401 and no session', async () => {
    const bench = await startBench(script, { key: 'sk-right' });
    const client = await bench.connect('sk-wrong');
    expect(client.errors.map((error) => error.message)).toEqual(['Unexpected server response: 401']);
    expect(bench.standIn.sessions).toEqual([]);
    expect(bench.standIn.counters).toMatchObject({ connections: 1, refused: 1, open: 0 });
    expect((await bench.connect('sk-right')).types()).toEqual(['session.created']);
  });

  test('closes an unknown model with 4000 after saying why', async () => {
    const bench = await startBench(script, { models: ['gpt-realtime-2'] });
    const client = await bench.connect('sk-test', 'gpt-unreal');
    expect(client.errors).toMatchObject([{ code: 'model_not_found' }]);
    expect(client.closed).toMatchObject([{ code: 4000, reason: 'invalid_request_error.model_not_found' }]);
  });

  test('turns connections away as ordered: by status, by close code, by saying nothing', async () => {
    const refusals = [{ status: 503 }, { close: 3000, code: 'invalid_api_key' }, { mute: true }] as const;
    const bench = await startBench(script, { refuse: ({ connection }) => refusals[connection - 1] });
    const down = await bench.connect();
    expect(down.errors[0]?.message).toBe('Unexpected server response: 503');
    const closed = await bench.connect();
    expect(closed.closed).toMatchObject([{ code: 3000 }]);
    const mute = await bench.connect();
    await bench.clock.run(60_000);
    expect([mute.types(), mute.closed]).toEqual([[], []]);
    expect((await bench.connect()).types()).toEqual(['session.created']);
  });

  test('serves nothing but the Realtime path', async () => {
    const bench = await startBench(script);
    const socket = new WebSocket(`ws://127.0.0.1:${bench.port}/v1/live`, {
      headers: { authorization: 'Bearer x' },
    });
    const errors: string[] = [];
    socket.on('error', (error) => errors.push(error.message));
    await bench.clock.run(5);
    expect(errors).toEqual(['Unexpected server response: 404']);
  });

  test('refuses to be set up without a pace', () => {
    const clock = createVirtualClock();
    expect(() => createOpenAIStandIn({ clock, script: () => script, speedup: 0 })).toThrow(/speedup is 0/);
    expect(() => createOpenAIStandIn({ clock, script: () => script, deltaMs: [20.5] })).toThrow(/20\.5/);
  });
});

describe('session.update', () => {
  test('reports the merged session and keeps what was not named', async () => {
    const bench = await startBench(script);
    const client = await bench.connect();
    client.send({ type: 'session.update', session: phone({ type: 'server_vad', silence_duration_ms: 300 }) });
    client.send({ type: 'session.update', session: { type: 'realtime', instructions: 'Be kind.' } });
    await bench.clock.run(5);
    expect(client.errors).toEqual([]);
    expect(client.of('session.updated').at(-1)?.session).toMatchObject({
      instructions: 'Be kind.',
      audio: {
        input: {
          format: { type: 'audio/pcmu' },
          turn_detection: { silence_duration_ms: 300, prefix_padding_ms: 300, create_response: true },
        },
        output: { format: { type: 'audio/pcmu' }, voice: 'marin' },
      },
    });
  });

  test.each([
    [{ voice: 'marin' }, 'unknown_parameter', 'session.voice'],
    [{ input_audio_format: 'g711_ulaw' }, 'unknown_parameter', 'session.input_audio_format'],
    [{ modalities: ['audio'] }, 'unknown_parameter', 'session.modalities'],
    [{ turn_detection: null }, 'unknown_parameter', 'session.turn_detection'],
    [{ temperature: 0.8 }, 'unknown_parameter', 'session.temperature'],
    [{ audio: { input: { format: 'g711_ulaw' } } }, 'invalid_type', 'session.audio.input.format'],
    [{ audio: { input: { format: { type: 'g711' } } } }, 'invalid_value', 'session.audio.input.format.type'],
    [
      { audio: { input: { format: { type: 'audio/pcm', rate: 8000 } } } },
      'invalid_value',
      'session.audio.input.format.rate',
    ],
    [
      { audio: { input: { turn_detection: { type: 'server_vad', threshold: 2 } } } },
      'invalid_value',
      'session.audio.input.turn_detection.threshold',
    ],
    [{ output_modalities: ['audio', 'text'] }, 'invalid_value', 'session.output_modalities'],
    [{ tools: [{ type: 'function', name: 'with space' }] }, 'invalid_value', 'session.tools[0].name'],
    [{ model: 'gpt-realtime-mini' }, 'invalid_value', 'session.model'],
  ])('refuses %j, naming the parameter and the event', async (fields, code, param) => {
    const bench = await startBench(script);
    const { socket, received } = await openBare(bench);
    const session = { type: 'realtime', ...fields };
    socket.send(JSON.stringify({ type: 'session.update', event_id: 'mine', session }));
    await bench.clock.run(5);
    expect(received.slice(1)).toMatchObject([
      { type: 'error', error: { type: 'invalid_request_error', code, param, event_id: 'mine' } },
    ]);
    expect(bench.session.refusals).toEqual([code]);
  });

  test('needs the type of the session', async () => {
    const bench = await startBench(script);
    const { socket, received } = await openBare(bench);
    socket.send(JSON.stringify({ type: 'session.update', session: {} }));
    await bench.clock.run(5);
    expect(received[1]).toMatchObject({
      error: { code: 'missing_required_parameter', param: 'session.type', event_id: null },
    });
  });

  test('refuses another voice once there was audio', async () => {
    const bench = await startBench(scriptOf({ greeting: 'Hello.' }));
    const client = await bench.open();
    client.send({ type: 'response.create' });
    await bench.clock.run(2000);
    const change = { type: 'realtime', audio: { output: { voice: 'cedar' } } } as const;
    client.send({ type: 'session.update', session: change });
    await bench.clock.run(5);
    expect(client.errors).toMatchObject([
      { code: 'cannot_update_voice', param: 'session.audio.output.voice' },
    ]);
  });
});

describe('messages that are no events', () => {
  test.each([
    ['{"type":', 'invalid_json', null],
    ['[1]', 'invalid_json', null],
    ['{"event_id":"a"}', 'missing_required_parameter', 'a'],
    ['{"type":"conversation.item.created","event_id":"b"}', 'invalid_value', 'b'],
    ['{"type":"input_audio_buffer.commit","now":true,"event_id":"c"}', 'unknown_parameter', 'c'],
    ['{"type":"input_audio_buffer.append","audio":"@@@@"}', 'invalid_value', null],
    ['{"type":"output_audio_buffer.clear","event_id":"d"}', 'invalid_value', 'd'],
  ])('%s is answered with %s and survived', async (text, code, event_id) => {
    const bench = await startBench(script);
    const { socket, received } = await openBare(bench);
    socket.send(text);
    socket.send(JSON.stringify({ type: 'input_audio_buffer.clear' }));
    await bench.clock.run(5);
    expect(received.slice(1)).toMatchObject([
      { type: 'error', error: { type: 'invalid_request_error', code, event_id } },
      { type: 'input_audio_buffer.cleared' },
    ]);
  });

  test('a binary message is an error, too', async () => {
    const bench = await startBench(script);
    const { socket, received } = await openBare(bench);
    socket.send(Buffer.from([1, 2, 3]));
    await bench.clock.run(5);
    expect(received[1]).toMatchObject({ type: 'error' });
  });
});

describe('what a test can look up', () => {
  test('client events by type, audio by length and, if wanted, by bytes', async () => {
    const bench = await startBench(script, { keepAudio: true });
    const client = await bench.open();
    await feed(bench, client, Buffer.concat([voice(100), silence(40)]));
    const { session } = bench;
    expect(session.received.map(({ event }) => event.type)).toEqual(['session.update']);
    expect(session.receivedOf('session.update')[0]?.session.type).toBe('realtime');
    expect([session.heardMs, session.appends]).toEqual([140, 7]);
    expect(Buffer.compare(session.heardAudio, Buffer.concat([voice(100), silence(40)]))).toBe(0);
    client.rt.close();
    await bench.clock.run(5);
    expect(session.closed).toMatchObject({ code: 1000, reason: 'OK' });
  });

  test('bytes that were not kept are refused, not empty', async () => {
    const bench = await startBench(script);
    await bench.open();
    expect(() => bench.session.heardAudio).toThrow(
      expect.objectContaining({ code: 'OFFHOOK_OPTION_INVALID' }),
    );
  });

  test('audio is understood in whatever order its keys come', async () => {
    const bench = await startBench(script, { keepAudio: true });
    const { socket } = await openBare(bench);
    const audio = Buffer.from([1, 2, 3, 4]).toString('base64');
    const type = 'input_audio_buffer.append';
    socket.send(JSON.stringify({ type, audio }));
    socket.send(JSON.stringify({ audio, type, event_id: 'x' }));
    socket.send(JSON.stringify({ event_id: 'y', audio, type }));
    socket.send(JSON.stringify({ type, audio }, undefined, 2));
    socket.send(`{"type":"${type}","audio":"\\u0041QIDBA=="}`);
    await bench.clock.run(5);
    expect([...bench.session.heardAudio]).toEqual([
      1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4,
    ]);
    expect(bench.session.refusals).toEqual([]);
  });

  test('nothing is left running once everybody is gone', async () => {
    const bench = await startBench(script, { maxSessionMs: 3_600_000 });
    const client = await bench.open({}, { type: 'server_vad', idle_timeout_ms: 5000 });
    await utter(bench, client);
    await bench.clock.run(3000);
    // The session's longest time and the idle timeout.
    expect(bench.clock.pending).toBe(2);
    client.rt.close();
    await bench.clock.run(5);
    expect(bench.clock.pending).toBe(0);
    expect(bench.standIn.counters.open).toBe(0);
  });

  test('old sessions are let go', async () => {
    const bench = await startBench(script, { keepSessions: 2 });
    for (let round = 0; round < 4; round += 1) {
      const client = await bench.connect();
      client.rt.close();
      await bench.clock.run(5);
    }
    expect(bench.standIn.sessions.map(({ connection }) => connection)).toEqual([3, 4]);
  });
});
