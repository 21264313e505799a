/**
 * Conversations between `openaiRealtime` and the stand-in model, through the vendor's SDK and real sockets: what
 * the stand-in refuses would be refused by the service, so no conversation here may be refused anything.
 */
import { describe, expect, it } from 'vitest';
import { convert, hum } from '../../src/testing/openai/audio.ts';
import type { ScriptStep } from '../../src/testing/openai/index.ts';
import { createVirtualClock } from '../../src/testing/virtual-clock.ts';
import { createBench, expectHeard, said } from './openai-session-harness.ts';

const bench = createBench();

describe('a conversation', () => {
  const steps: ScriptStep[] = [
    { greeting: 'Hello, how can I help?' },
    {
      hear: 'Where are my orders?',
      say: 'Let me look.',
      calls: [{ name: 'check_order', arguments: { id: '7' } }, 'check_stock'],
      afterTools: 'They are on their way.',
    },
    { hear: 'Thank you, bye.', say: 'Goodbye.' },
  ];

  const converse = async () => {
    await bench.start(steps);
    const call = await bench.connect({ language: 'en' });
    call.connection.order({ type: 'greet', request: 1 });
    await bench.clock.runUntil(() => call.has('gen.done'));
    const greeting = call.take();
    await call.speak('Where are my orders?');
    await call.listen(() => call.has('gen.done'));
    const answer = call.take();
    for (const fact of answer) {
      if (fact.type === 'tool.call') call.connection.order({ type: 'toolResult', call: fact.call });
    }
    call.connection.order({ type: 'generate', request: 2 });
    await bench.clock.runUntil(() => call.has('gen.done'));
    const result = call.take();
    await call.speak('Thank you, bye.');
    await call.listen(() => call.has('gen.done'));
    const farewell = call.take();
    call.connection.close();
    return { call, greeting, answer, result, farewell };
  };

  it('greets, answers, calls tools side by side, and says what came of them', async () => {
    const { call, greeting, answer, result, farewell } = await converse();
    const greeted = hum('Hello, how can I help?').length / 8;
    expect(greeting).toEqual([
      { type: 'gen.started', gen: 1, request: 1 },
      { type: 'gen.audio', gen: 1 },
      { type: 'gen.done', gen: 1, audioMs: greeted, tools: 0, reason: 'completed' },
    ]);
    expect(answer.map(({ type }) => type)).toEqual([
      'voice.start',
      'voice.stop',
      'turn.committed',
      'gen.started',
      'gen.audio',
      'tool.call',
      'tool.call',
      'gen.done',
    ]);
    expect(answer.at(-1)).toMatchObject({ gen: 2, tools: 2, reason: 'completed' });
    expect(result[0]).toEqual({ type: 'gen.started', gen: 3, request: 2 });
    expect(farewell.at(-1)).toMatchObject({ type: 'gen.done', gen: 4 });
    expectHeard(
      call.heard(),
      said(['Hello, how can I help?', 'Let me look.', 'They are on their way.', 'Goodbye.']),
    );
    expect(call.model.refusals).toEqual([]);
  });

  it('gives the words of both sides, the calls before their facts, and what it cost', async () => {
    const { call, answer } = await converse();
    const turn = answer.find((fact) => fact.type === 'turn.committed')?.turn;
    expect(call.words.filter((words) => words.kind === 'user' && words.final)).toMatchObject([
      { turn, text: 'Where are my orders?' },
      { text: 'Thank you, bye.' },
    ]);
    const spoken = (gen: number) =>
      call.words
        .map((words) => (words.kind === 'assistant' && words.gen === gen ? words.delta : ''))
        .join('');
    expect([1, 2, 3, 4].map(spoken)).toEqual([
      'Hello, how can I help?',
      'Let me look.',
      'They are on their way.',
      'Goodbye.',
    ]);
    expect(call.words.filter((words) => words.kind === 'tool')).toMatchObject([
      { name: 'check_order', arguments: '{"id":"7"}' },
      { name: 'check_stock', arguments: '{}' },
    ]);
    expect(call.words.filter((words) => words.kind === 'usage')).toHaveLength(4);
    expect(call.model.toolOutputs.map(({ output }) => output)).toEqual([
      expect.stringMatching(/^result of /),
      expect.stringMatching(/^result of /),
    ]);
  });

  it('puts what the caller said into the model unchanged', async () => {
    const { call } = await converse();
    expect(Buffer.from(call.model.heardAudio).includes(said(['Where are my orders?']))).toBe(true);
    expect(call.model.heardMs).toBe(call.fedMs());
  });

  it('is the same every time', async () => {
    const first = await converse();
    await bench.stop();
    bench.clock = createVirtualClock();
    const second = await converse();
    expect(second.call.words).toEqual(first.call.words);
    expect(second.answer).toEqual(first.answer);
  });

  it('goes on in A-law', async () => {
    await bench.start([{ greeting: 'Good morning.' }]);
    const call = await bench.connect({ codec: 'alaw' });
    call.connection.order({ type: 'greet', request: 1 });
    await bench.clock.runUntil(() => call.has('gen.done'));
    expectHeard(call.heard(), convert(hum('Good morning.'), 'audio/pcma'));
    call.connection.close();
  });

  it('takes keys, verbatim lines and new tools', async () => {
    await bench.start([{ onDigits: (text) => `You pressed ${text}` }]);
    const call = await bench.connect({ language: 'ko' });
    call.connection.order({ type: 'update' });
    call.connection.order({ type: 'digits', entry: 4 });
    call.connection.order({ type: 'generate', request: 1 });
    await bench.clock.runUntil(() => call.has('gen.done'));
    call.take();
    call.connection.order({ type: 'say', request: 2 });
    await bench.clock.runUntil(() => call.has('gen.done'));
    expect(call.take()[0]).toEqual({ type: 'gen.started', gen: 2, request: 2 });
    expectHeard(call.heard(), said(['You pressed [DTMF 입력: 124]', 'line 2']));
    expect(call.model.refusals).toEqual([]);
    call.connection.close();
  });
});

describe('interruptions', () => {
  const LONG = 'This is a long answer that goes on and on until somebody says that it is enough by now.';

  it('the model interrupts itself: nothing is sent but where to cut, and nothing more is heard', async () => {
    await bench.start([{ greeting: LONG }], { speedup: 1 });
    const call = await bench.connect();
    call.connection.order({ type: 'greet', request: 1 });
    await bench.clock.runUntil(() => call.has('gen.audio'));
    await bench.clock.run(600);
    await call.speak('Stop it please');
    expect(call.has('voice.start')).toBe(true);
    const before = call.chunks.length;
    call.connection.order({ type: 'cancel', gen: 1, by: 'voice' });
    call.connection.order({ type: 'truncate', gen: 1, playedMs: 512.5 });
    await bench.clock.runUntil(() => call.has('gen.done'));
    await bench.clock.run(1_000);
    expect(call.take()).toContainEqual(expect.objectContaining({ type: 'gen.done', reason: 'cancelled' }));
    expect(call.chunks).toHaveLength(before);
    expect(call.model.receivedOf('response.cancel')).toEqual([]);
    expect(call.model.truncations).toMatchObject([{ audioEndMs: 512 }]);
    expect(call.model.refusals).toEqual([]);
    call.connection.close();
  });

  it('the runtime interrupts: the response is cancelled by name and ends as cancelled', async () => {
    await bench.start([{ greeting: LONG }], { speedup: 1 });
    const call = await bench.connect();
    call.connection.order({ type: 'greet', request: 1 });
    await bench.clock.runUntil(() => call.has('gen.audio'));
    const id = call.model.activeResponse;
    call.connection.order({ type: 'cancel', gen: 1, by: 'runtime' });
    await bench.clock.runUntil(() => call.has('gen.done'));
    expect(call.model.receivedOf('response.cancel')).toMatchObject([{ response_id: id }]);
    expect(call.take().at(-1)).toMatchObject({ type: 'gen.done', gen: 1, reason: 'cancelled' });
    call.connection.close();
  });

  it('a truncation is never beyond what was generated', async () => {
    await bench.start([{ greeting: 'Hello.' }, { hear: 'Hm', say: LONG }], { speedup: 1 });
    const call = await bench.connect();
    call.connection.order({ type: 'greet', request: 1 });
    await bench.clock.runUntil(() => call.has('gen.done'));
    call.connection.order({ type: 'truncate', gen: 1, playedMs: 99_999 });
    call.connection.order({ type: 'truncate', gen: 1, playedMs: 100 });
    call.take();
    await call.speak('Hm, well then');
    await call.listen(() => call.has('gen.audio'));
    call.connection.order({ type: 'cancel', gen: 2, by: 'runtime' });
    call.connection.order({ type: 'truncate', gen: 2, playedMs: 99_999 });
    await bench.clock.run(500);
    expect(call.model.truncations).toMatchObject([{ audioEndMs: 100 }, { audioEndMs: expect.any(Number) }]);
    expect(call.model.refusals).toEqual([]);
    call.connection.close();
  });
});

describe('runtime turns', () => {
  it('the detector only reports; the turn is told when it is asked for, and answered when that is asked for', async () => {
    await bench.start([{ hear: 'A pizza please', say: 'Which one?' }]);
    const call = await bench.connect({ turns: { by: 'runtime' } });
    await call.speak('A pizza please');
    await call.listen(() => call.has('voice.stop'));
    await bench.clock.run(3_000);
    expect(call.take().map(({ type }) => type)).toEqual(['voice.start', 'voice.stop']);
    call.connection.order({ type: 'commit' });
    expect(call.take()).toMatchObject([{ type: 'turn.committed', chars: 14 }]);
    call.connection.order({ type: 'generate', request: 1 });
    await bench.clock.runUntil(() => call.has('gen.done'));
    expect(call.take()[0]).toEqual({ type: 'gen.started', gen: 1, request: 1 });
    expect(call.model.receivedOf('input_audio_buffer.commit')).toEqual([]);
    expectHeard(call.heard(), said(['Which one?']));
    call.connection.close();
  });

  it('a transcript that never comes is waited for exactly one second; what was said still counts', async () => {
    await bench.start([{ hear: 'A pizza', say: 'Which one?', transcription: 'missing' }]);
    const call = await bench.connect({ turns: { by: 'runtime' } });
    await call.speak('A pizza please');
    await call.listen(() => call.has('voice.stop'));
    call.take();
    call.connection.order({ type: 'commit' });
    await bench.clock.run(999);
    expect(call.take()).toEqual([]);
    await bench.clock.run(1);
    expect(call.take()).toMatchObject([{ type: 'turn.committed', chars: 1 }]);
    call.connection.close();
  });

  it('without a detector the buffer is committed by us', async () => {
    await bench.start([{ hear: 'A pizza please', say: 'Which one?' }]);
    const call = await bench.connect({ turns: { by: 'runtime' }, turnDetection: null });
    await call.speak('A pizza please');
    call.connection.order({ type: 'commit' });
    await bench.clock.runUntil(() => call.has('turn.committed'));
    expect(call.take()).toMatchObject([{ type: 'turn.committed', chars: 14 }]);
    expect(call.model.receivedOf('input_audio_buffer.commit')).toHaveLength(1);
    call.connection.order({ type: 'commit' });
    await bench.clock.run(100);
    expect(call.take()).toMatchObject([{ type: 'turn.committed', chars: 0 }]);
    expect(call.model.refusals).toEqual(['input_audio_buffer_commit_empty']);
    call.connection.close();
  });
});
