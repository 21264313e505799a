/**
 * The life of one connection to the Realtime API through the vendor's SDK, over real sockets: how it begins, what
 * it survives, and that it ends once, with a code, leaving neither a socket nor a timer.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chunkOfBase64, chunkOfBytes } from '../../src/audio/chunk.ts';
import { loadSdk, openLine } from '../../src/providers/realtime/openai/connect.ts';
import { openSockets } from '../../src/testing/settle.ts';
import { createVirtualClock, type VirtualClock } from '../../src/testing/virtual-clock.ts';
import { type FakeEndpoint, openConnection, startFake } from './openai-fake.ts';

let clock: VirtualClock;
let fake: FakeEndpoint;

beforeEach(async () => {
  clock = createVirtualClock();
  fake = await startFake();
});
afterEach(async () => {
  await fake.stop();
  await clock.run(0);
  expect(openSockets()).toBe(0);
});

const open = (over: Parameters<typeof openConnection>[2] = {}, options = {}) =>
  openConnection(clock, { baseUrl: fake.baseUrl, ...options }, over);

const ready = async (...args: Parameters<typeof open>) => {
  const session = open(...args);
  await clock.run(0);
  expect(session.types()).toEqual(['session.ready']);
  session.facts.length = 0;
  return session;
};

const audioDelta = (bytes: Uint8Array) => ({
  type: 'response.output_audio.delta',
  event_id: 'e',
  response_id: 'resp_1',
  item_id: 'item_1',
  output_index: 0,
  content_index: 0,
  delta: Buffer.from(bytes).toString('base64'),
});
const CREATED = { type: 'response.created', response: { id: 'resp_1', status: 'in_progress' } };

describe('opening', () => {
  it('each call has its own key and address, although calls with the same share a client', async () => {
    const elsewhere = await startFake();
    const accounts = async (at: FakeEndpoint, ...given: readonly string[]): Promise<unknown[]> => {
      for (const apiKey of given) {
        const { connection } = await ready({}, { apiKey, baseUrl: at.baseUrl });
        connection.close();
      }
      return at.requests.map(({ headers }) => `${headers.authorization} at http://${headers.host}/v1`);
    };
    expect(await accounts(fake, 'sk-one', 'sk-two', 'sk-two', 'sk-one')).toEqual(
      ['sk-one', 'sk-two', 'sk-two', 'sk-one'].map((apiKey) => `Bearer ${apiKey} at ${fake.baseUrl}`),
    );
    expect(await accounts(elsewhere, 'sk-one')).toEqual([`Bearer sk-one at ${elsewhere.baseUrl}`]);
    expect(fake.requests).toHaveLength(4);
    await elsewhere.stop();
  });

  it('asks for the model with the key, sends the settings first, and is ready when they are taken', async () => {
    fake.configures = false;
    const session = open();
    await clock.run(0);
    expect(fake.requests[0]?.url).toBe('/v1/realtime?model=gpt-realtime-2');
    expect(fake.requests[0]?.headers).toMatchObject({ authorization: 'Bearer sk-test' });
    expect(fake.requests[0]?.headers['sec-websocket-extensions']).toBeUndefined();
    expect(fake.received).toMatchObject([
      { type: 'session.update', session: { type: 'realtime', tools: [{ name: 'check_order' }] } },
    ]);
    expect(session.facts).toEqual([]);
    fake.send({ type: 'session.updated', session: {} }, { type: 'session.updated', session: {} });
    await clock.run(0);
    expect(session.facts).toEqual([{ type: 'session.ready' }]);
    session.connection.close();
  });

  it('puts the conversation so far into a new session before it is ready', async () => {
    let sentWhenReady = -1;
    const history = [
      { role: 'user', text: 'Where is it?' },
      { role: 'tool', call: 'call_1', name: 'check_order', arguments: '{"id":"7"}', result: 'on its way' },
      { role: 'assistant', text: '' },
      { role: 'assistant', text: 'On its way.' },
    ] as const;
    const session = open({
      history,
      connection: 2,
      fact: ({ type }) => {
        if (type === 'session.ready') {
          session.connection.order({ type: 'generate', request: 1 });
          sentWhenReady = fake.received.length;
        }
      },
    });
    await clock.run(0);
    expect(sentWhenReady).toBe(1);
    expect(fake.received.map((event) => event['item'] ?? event['type'])).toEqual([
      'session.update',
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Where is it?' }] },
      { type: 'function_call', call_id: 'call_1', name: 'check_order', arguments: '{"id":"7"}' },
      { type: 'function_call_output', call_id: 'call_1', output: 'on its way' },
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'On its way.' }] },
      'response.create',
    ]);
    session.connection.close();
  });

  it('sends neither orders nor audio before it is ready', async () => {
    fake.configures = false;
    const session = open();
    session.connection.order({ type: 'greet', request: 1 });
    session.connection.feed(chunkOfBytes(new Uint8Array(160)));
    await clock.run(0);
    session.connection.order({ type: 'greet', request: 2 });
    session.connection.feed(chunkOfBytes(new Uint8Array(160)));
    await clock.run(0);
    expect(fake.received).toHaveLength(1);
    session.connection.close();
  });

  it.each([
    [401, 'OFFHOOK_AUTH_REFUSED', false],
    [403, 'OFFHOOK_AUTH_REFUSED', false],
    [429, 'http_429', true],
    [503, 'http_503', true],
  ])('a handshake answered with %i is lost as %s', async (status, code, retryable) => {
    fake.status = status;
    const session = open();
    await clock.run(0);
    expect(session.facts).toEqual([{ type: 'session.lost', code, retryable }]);
    expect(clock.pending).toBe(0);
  });

  it('a key refused after the handshake is lost as refused', async () => {
    fake.configures = false;
    const session = open();
    await clock.run(0);
    fake.send({
      type: 'error',
      error: { type: 'invalid_request_error', code: 'invalid_api_key', message: 'no' },
    });
    fake.socket.close(3000, 'invalid_request_error');
    await clock.run(0);
    expect(session.facts).toEqual([{ type: 'session.lost', code: 'OFFHOOK_AUTH_REFUSED', retryable: false }]);
  });

  it('settings that the vendor refuses are lost for good', async () => {
    fake.configures = false;
    const session = open();
    await clock.run(0);
    const event_id = fake.received[0]?.['event_id'];
    fake.send({ type: 'error', error: { type: 'invalid_request_error', code: 'invalid_value', event_id } });
    await clock.run(0);
    expect(session.facts).toEqual([{ type: 'session.lost', code: 'invalid_value', retryable: false }]);
  });

  it('nobody at the address', async () => {
    await fake.stop();
    const session = open();
    await clock.run(0);
    expect(session.facts).toEqual([{ type: 'session.lost', code: 'network_econnrefused', retryable: true }]);
    fake = await startFake();
  });

  it('a key that no header can carry', async () => {
    const session = open({}, { apiKey: 'sk-\u0001' });
    await clock.run(0);
    expect(session.facts).toEqual([
      { type: 'session.lost', code: 'OFFHOOK_SESSION_FAILED', retryable: false },
    ]);
    expect(clock.pending).toBe(0);
  });

  it('settings that are never taken are given 10 s', async () => {
    fake.configures = false;
    const session = open();
    await clock.run(9_999);
    expect(session.facts).toEqual([]);
    await clock.run(1);
    expect(session.facts).toEqual([
      { type: 'session.lost', code: 'OFFHOOK_SESSION_FAILED', retryable: true },
    ]);
    expect(clock.pending).toBe(0);
  });
});

it('calls with the same key share one client: one of its own would take 7 KB of each', async () => {
  const { OpenAI, OpenAIRealtimeWS } = await loadSdk();
  let made = 0;
  class Counted extends OpenAI {
    constructor(...given: ConstructorParameters<typeof OpenAI>) {
      super(...given);
      made += 1;
    }
  }
  const sdk = { OpenAI: Counted, OpenAIRealtimeWS };
  const nothing = (): void => {};
  const host = { opened: nothing, event: nothing, audio: nothing, malformed: nothing, lost: nothing };
  const dial = (apiKey: string): void =>
    openLine(
      sdk,
      { apiKey, baseUrl: new URL(fake.baseUrl), model: 'gpt-realtime-2' },
      { ...host, clock, ignores: () => true },
    ).close();
  for (const apiKey of ['sk-one', 'sk-one', 'sk-one']) dial(apiKey);
  expect(made).toBe(1);
  dial('sk-two');
  expect(made).toBe(2);
});

describe('audio', () => {
  it('goes out unchanged, one text frame a chunk', async () => {
    const { connection } = await ready();
    fake.raw.length = 0;
    connection.feed(chunkOfBase64(Buffer.from('AAECAw==')));
    connection.feed(chunkOfBytes(Uint8Array.of(0, 1, 2, 3)));
    await clock.run(0);
    const frame = '{"type":"input_audio_buffer.append","audio":"AAECAw=="}';
    expect(fake.raw.map(String)).toEqual([frame, frame]);
    connection.close();
  });

  it('comes in unchanged, on the fast path as through the parser', async () => {
    const session = await ready();
    const first = Uint8Array.from({ length: 161 }, (_, index) => index);
    const second = Uint8Array.from({ length: 7 }, (_, index) => 200 + index);
    fake.send(CREATED, audioDelta(first), { ...audioDelta(second), nested: {} });
    await clock.run(0);
    expect(session.types()).toEqual(['gen.started', 'gen.audio']);
    expect(session.heard()).toEqual(Buffer.concat([first, second]));
    expect(session.chunks.every(({ gen, base64 }) => gen === 1 && base64)).toBe(true);
    session.connection.close();
  });
});

describe('what it survives', () => {
  it('frames that are no messages, and messages it does not know', async () => {
    const lines: string[] = [];
    const note = (fields: object, message: string) => void lines.push(JSON.stringify(fields) + message);
    const logger = { debug: note, info: note, warn: note, error: note };
    const session = await ready({ logger });
    fake.send('{"type":"response.output_audio.delta","delta":"AAAA', 'null', '[]', '{"type":7}', '');
    fake.send(Buffer.from([0x00, 0xff, 0x13, 0x37]), { type: 'response.telepathy.delta' });
    fake.send(audioDelta(new Uint8Array(160)), CREATED);
    await clock.run(0);
    expect(session.facts).toEqual([{ type: 'gen.started', gen: 1 }]);
    expect(session.chunks).toEqual([]);
    session.connection.close();
    expect(lines.filter((line) => line.includes('no message'))).toHaveLength(6);
    expect(lines.at(-1)).toMatch(/"unknown":1,"malformed":6,"late":1,/);
    expect(lines.join()).not.toContain('AAAA');
  });

  it('a quiet peer that answers pings, for an hour', async () => {
    const session = await ready();
    await clock.run(3_600_000);
    expect(session.facts).toEqual([]);
    session.connection.close();
    expect(clock.pending).toBe(0);
  });
});

/** How a connection ends that was dead for a while before anybody knew. */
const DEAF = { type: 'session.lost', code: 'no_pong', retryable: true, deaf: true };

describe('ending', () => {
  it('a peer that answers no ping lives as long as it says something', async () => {
    fake.pongs = false;
    const session = await ready();
    for (let count = 0; count < 20; count += 1) {
      fake.send({ type: 'rate_limits.updated', rate_limits: [] });
      await clock.run(3_000);
    }
    expect(session.facts).toEqual([]);
    await clock.run(30_000);
    expect(session.facts).toEqual([DEAF]);
  });

  it('a release does not wait for a peer that has stopped reading', async () => {
    const session = await ready();
    fake.socket.pause();
    session.connection.close();
    await clock.run(0);
    expect(openSockets()).toBe(1);
  });

  it('a release ends the wait for a transcript', async () => {
    const session = await ready({}, { turns: { by: 'runtime' } });
    session.connection.order({ type: 'commit' });
    session.connection.close();
    expect(clock.pending).toBe(0);
    expect(session.facts).toEqual([]);
  });

  it.each([
    ['a close by the vendor', () => fake.socket.close(1011, 'oops'), 'closed_1011'],
    ['a socket that is simply gone', () => fake.socket.terminate(), 'closed_1006'],
    ['a close without a code', () => fake.socket.close(), 'closed_1005'],
    [
      'an expired session',
      () => fake.send({ type: 'error', error: { code: 'session_expired' } }),
      'session_expired',
    ],
  ])('%s is lost once', async (_name, end, code) => {
    const session = await ready();
    end();
    await clock.run(0);
    fake.socket.close();
    session.connection.close();
    session.connection.order({ type: 'generate', request: 1 });
    session.connection.feed(chunkOfBytes(new Uint8Array(160)));
    await clock.run(60_000);
    expect(session.facts).toEqual([{ type: 'session.lost', code, retryable: true }]);
    expect(clock.pending).toBe(0);
  });

  it('a message larger than 512 KiB', async () => {
    const session = await ready();
    fake.send('x'.repeat(512 * 1024 + 1));
    await clock.run(0);
    expect(session.facts).toMatchObject([{ type: 'session.lost', retryable: true }]);
  });

  it('a peer that has gone silent is lost 4 s after the ping it does not answer, and 8 s at most', async () => {
    const session = await ready();
    fake.socket.pause();
    await clock.run(7_999);
    expect(session.facts).toEqual([]);
    await clock.run(1);
    expect(session.facts).toEqual([DEAF]);
    expect(clock.pending).toBe(0);
  });

  it('a release tells the vendor and reports nothing', async () => {
    const session = await ready();
    session.connection.close();
    session.connection.close();
    await clock.run(60_000);
    expect(fake.closes).toEqual([1000]);
    expect(session.facts).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('a release by signal, also in the middle of the handshake or before it', async () => {
    const session = await ready();
    session.release.abort();
    const early = open();
    early.release.abort();
    const connecting = open();
    await Promise.resolve();
    connecting.connection.close();
    const aborted = new AbortController();
    aborted.abort();
    const never = open({ signal: aborted.signal });
    await clock.run(60_000);
    expect([session, early, connecting, never].flatMap(({ facts }) => facts)).toEqual([]);
    expect(fake.closes).toEqual([1000]);
    expect(clock.pending).toBe(0);
  });

  it('nothing of a message that comes with the end gets through', async () => {
    const session = open({
      fact: (fact) => {
        session.facts.push(fact);
        if (fact.type === 'gen.audio') session.connection.close();
      },
    });
    await clock.run(0);
    fake.send(CREATED, audioDelta(new Uint8Array(160)), { type: 'input_audio_buffer.speech_started' });
    await clock.run(0);
    expect(session.types()).toEqual(['session.ready', 'gen.started', 'gen.audio']);
    expect(session.chunks).toEqual([]);
  });
});
