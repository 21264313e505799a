/**
 * What goes wrong at the stand-in model's side, from the door to the middle of a word: each becomes one fact with a
 * code, or nothing at all, and a second connection picks the conversation up.
 */
import { describe, expect, it } from 'vitest';
import type { HistoryItem, SessionFact } from '../../src/providers/contract.ts';
import type { ResponseFault, StandInOptions } from '../../src/testing/openai/index.ts';
import { openConnection } from '../unit/openai-fake.ts';
import { createBench, expectHeard, said } from './openai-session-harness.ts';

const bench = createBench();

describe('faults', () => {
  const TEXT = 'This answer is long enough for something to happen in it.';
  const play = async (fault: ResponseFault) => {
    await bench.start([{ greeting: { say: TEXT, fault } }]);
    const call = await bench.connect();
    call.connection.order({ type: 'greet', request: 1 });
    await bench.clock.run(6_000);
    return call;
  };

  it('a refused request fails by its number', async () => {
    const call = await play({ kind: 'refused', code: 'rate_limit_exceeded' });
    expect(call.facts).toEqual([{ type: 'gen.failed', request: 1, code: 'rate_limit_exceeded' }]);
    call.connection.close();
  });

  it('a response that fails in the middle', async () => {
    const call = await play({ kind: 'failed', afterMs: 400, code: 'server_error' });
    expect(call.facts.at(-1)).toEqual({ type: 'gen.failed', gen: 1, request: 1, code: 'server_error' });
    call.connection.close();
  });

  it('a response that stops early', async () => {
    const call = await play({ kind: 'incomplete', afterMs: 400 });
    expect(call.facts.at(-1)).toMatchObject({ type: 'gen.done', gen: 1, reason: 'incomplete' });
    call.connection.close();
  });

  it('a response with nothing in it', async () => {
    const call = await play({ kind: 'nothing' });
    expect(call.facts.at(-1)).toMatchObject({ type: 'gen.done', audioMs: 0, tools: 0, reason: 'completed' });
    call.connection.close();
  });

  it('audio after the end is not played', async () => {
    const call = await play({ kind: 'late', deltas: 3 });
    expectHeard(call.heard(), said([TEXT]));
    call.connection.close();
  });

  it.each(['malformed', 'binary', 'unknown'] as const)(
    'a %s frame in the middle of the audio',
    async (kind) => {
      const call = await play({ kind, afterMs: 400 });
      expectHeard(call.heard(), said([TEXT]));
      expect(call.facts.at(-1)).toMatchObject({ type: 'gen.done', reason: 'completed' });
      call.connection.close();
    },
  );

  it('an error that concerns nobody', async () => {
    const call = await play({ kind: 'error', afterMs: 400, code: 'server_error' });
    expectHeard(call.heard(), said([TEXT]));
    expect(call.has('gen.failed')).toBe(false);
    call.connection.close();
  });

  it.each([
    [{ kind: 'close', afterMs: 400, code: 1011 }, 'closed_1011'],
    [{ kind: 'destroy', afterMs: 400 }, 'closed_1006'],
  ] as const)('a connection that ends with %j', async (fault, code) => {
    const call = await play(fault);
    expect(call.facts.at(-1)).toEqual({ type: 'session.lost', code, retryable: true });
    expect(call.facts.filter(({ type }) => type === 'session.lost')).toHaveLength(1);
  });

  it('a session that has lived as long as the service lets it', async () => {
    await bench.start([], { maxSessionMs: 5_000 });
    const call = await bench.connect();
    await bench.clock.run(6_000);
    expect(call.facts).toMatchObject([{ type: 'session.lost', retryable: true }]);
  });
});

describe('being let in', () => {
  const refused = async (options: Partial<StandInOptions>): Promise<SessionFact[]> => {
    await bench.start([], options);
    const session = openConnection(bench.clock, { baseUrl: bench.baseUrl });
    await bench.clock.run(20_000);
    return session.facts;
  };
  const lost = (code: string, retryable: boolean) => [{ type: 'session.lost', code, retryable }];

  const cases: [name: string, options: Partial<StandInOptions>, code: string, retryable: boolean][] = [
    ['a wrong key', { key: 'another' }, 'OFFHOOK_AUTH_REFUSED', false],
    [
      'a key refused after the handshake',
      { refuse: () => ({ close: 3000, code: 'invalid_api_key' }) },
      'OFFHOOK_AUTH_REFUSED',
      false,
    ],
    ['a model that does not exist', { models: ['gpt-9'] }, 'model_not_found', false],
    ['too many connections', { refuse: () => ({ status: 429 }) }, 'http_429', true],
    ['a service that is down', { refuse: () => ({ status: 503 }) }, 'http_503', true],
    ['a service that says nothing', { refuse: () => ({ mute: true }) }, 'OFFHOOK_SESSION_FAILED', true],
  ];
  it.each(cases)('%s', async (_name, options, code, retryable) => {
    expect(await refused(options)).toEqual(lost(code, retryable));
    expect(bench.clock.pending).toBe(0);
  });
});

describe('a second connection', () => {
  it('is given the conversation so far, in order, before it is ready, and goes on from there', async () => {
    const history: HistoryItem[] = [
      { role: 'assistant', text: 'Hello.' },
      { role: 'user', text: 'Where is order 7?' },
      { role: 'tool', call: 'call_1', name: 'check_order', arguments: '{"id":"7"}', result: 'on its way' },
      { role: 'assistant', text: 'On its way.' },
    ];
    await bench.start([
      { hear: 'Where is order 7?', say: 'On its way.' },
      { hear: 'And today?', say: 'Yes, today.' },
    ]);
    const call = await bench.connect({}, { connection: 2, history });
    await bench.clock.run(100);
    expect(call.model.items.map((item) => item.type)).toEqual([
      'message',
      'message',
      'function_call',
      'function_call_output',
      'message',
    ]);
    expect(call.model.received.map(({ event }) => event.type)).toEqual([
      'session.update',
      ...Array.from({ length: 5 }, () => 'conversation.item.create'),
    ]);
    await call.speak('And today?');
    await call.listen(() => call.has('gen.done'));
    expectHeard(call.heard(), said(['Yes, today.']));
    expect(call.model.refusals).toEqual([]);
    call.connection.close();
  });
});
