/**
 * @module A conversation from top to bottom, tools and keypad included, and what a second connection makes of a
 * history that was handed over to it.
 */
import { describe, expect, test } from 'vitest';
import { scriptOf } from '../../src/testing/openai/index.ts';
import { type Bench, type Client, feed, startBench, utter, voice } from './openai-standin-harness.ts';

const said = (client: Client): string[] =>
  client.of('response.output_audio_transcript.done').map(({ transcript }) => transcript);

const ask = async (bench: Bench, client: Client, response = {}): Promise<void> => {
  client.send({ type: 'response.create', response });
  await bench.clock.run(4000);
};

const giveResult = (client: Client, call_id: string, output = '{"status":"on its way"}'): void =>
  client.send({
    type: 'conversation.item.create',
    item: { type: 'function_call_output', call_id, output },
  });

const type = (client: Client, role: 'user' | 'assistant', text: string): void =>
  client.send({
    type: 'conversation.item.create',
    item:
      role === 'user'
        ? { type: 'message', role, content: [{ type: 'input_text', text }] }
        : { type: 'message', role, content: [{ type: 'output_text', text }] },
  });

const demo = scriptOf(
  { greeting: 'Hello, how can I help?' },
  {
    hear: 'Where is order 4821?',
    calls: [{ name: 'check_order', arguments: { orderId: '4821' } }],
    afterTools: 'It left the warehouse this morning. '.repeat(5),
  },
  { hear: 'Just tell me the day.', say: 'Thursday.' },
  { hear: 'Thank you, goodbye.', say: 'Goodbye.', calls: ['hang_up'] },
  { otherwise: 'I see.' },
);

test('the demo conversation: greeting, tool, long answer, barge-in, goodbye with a call', async () => {
  const bench = await startBench(demo);
  const client = await bench.open();
  await ask(bench, client);
  await utter(bench, client);
  await bench.clock.run(1000);
  const [call] = client.of('response.function_call_arguments.done');
  expect(call).toMatchObject({ name: 'check_order', arguments: '{"orderId":"4821"}' });
  giveResult(client, call!.call_id);
  client.send({ type: 'response.create' });
  await bench.clock.run(700);
  await feed(bench, client, voice(300));
  await utter(bench, client);
  await bench.clock.run(3000);
  await utter(bench, client);
  await bench.clock.run(3000);
  await utter(bench, client);
  await bench.clock.run(3000);
  expect(client.errors).toEqual([]);
  const lines = said(client);
  expect([lines[0], ...lines.slice(2)]).toEqual([
    'Hello, how can I help?',
    'Thursday.',
    'Goodbye.',
    'I see.',
  ]);
  expect(demo.turns?.[0]?.afterTools).toContain(lines[1]!.trim());
  const statuses = client.of('response.done').map(({ response }) => response.status);
  expect(statuses).toEqual(['completed', 'completed', 'cancelled', 'completed', 'completed', 'completed']);
  expect(client.of('response.done')[4]?.response.output).toMatchObject([
    { type: 'message' },
    { type: 'function_call', name: 'hang_up', arguments: '{}' },
  ]);
  expect(bench.session.toolOutputs).toEqual([{ call: call!.call_id, output: '{"status":"on its way"}' }]);
});

describe('calls', () => {
  const two = scriptOf({
    hear: 'Both, please.',
    say: 'One moment.',
    calls: [{ name: 'first', arguments: { long: 'argument text' } }, 'second'],
    afterTools: { say: 'Then a third.', calls: ['third'], afterTools: 'Done.' },
  });

  test('several in one response, after its audio, each complete before the next', async () => {
    const bench = await startBench(two);
    const client = await bench.open();
    await utter(bench, client);
    await bench.clock.run(3000);
    const calls = client.types().filter((name) => /function_call|output_item|output_audio\.done/.test(name));
    expect(calls.filter((name) => !name.endsWith('.delta'))).toEqual([
      'response.output_item.added',
      'response.output_audio.done',
      'response.output_item.done',
      'response.output_item.added',
      'response.function_call_arguments.done',
      'response.output_item.done',
      'response.output_item.added',
      'response.function_call_arguments.done',
      'response.output_item.done',
    ]);
    const deltas = client.of('response.function_call_arguments.delta');
    expect(deltas.length).toBeGreaterThan(2);
    const [first, second] = client.of('response.function_call_arguments.done');
    const own = deltas.filter(({ call_id }) => call_id === first!.call_id).map(({ delta }) => delta);
    expect(own.join('')).toBe(first!.arguments);
    expect([first!.output_index, second!.output_index]).toEqual([1, 2]);
    expect(client.of('response.done')[0]?.response.output).toHaveLength(3);
  });

  test('lead on to what comes after them, and after that', async () => {
    const bench = await startBench(two);
    const client = await bench.open();
    await utter(bench, client);
    await bench.clock.run(3000);
    for (const { call_id } of client.of('response.function_call_arguments.done')) giveResult(client, call_id);
    await ask(bench, client);
    giveResult(client, client.of('response.function_call_arguments.done')[2]!.call_id);
    await ask(bench, client);
    expect(said(client)).toEqual(['One moment.', 'Then a third.', 'Done.']);
  });

  test('a result for a call that nobody made is refused', async () => {
    const bench = await startBench(two);
    const client = await bench.open();
    giveResult(client, 'call_nobody');
    await bench.clock.run(5);
    expect(client.errors).toMatchObject([
      { code: 'invalid_tool_call_id', message: "Tool call ID 'call_nobody' not found in conversation." },
    ]);
    expect(bench.session.toolOutputs).toEqual([]);
  });

  test('cancelled within its arguments, a call was not made', async () => {
    const bench = await startBench(
      scriptOf({ greeting: { calls: [{ name: 'slow', arguments: '{"a":"bcdefgh"}' }] } }),
    );
    const client = await bench.open();
    client.send({ type: 'response.create' });
    await bench.clock.run(295);
    client.send({ type: 'response.cancel' });
    await bench.clock.run(5);
    expect(client.of('response.function_call_arguments.delta')).toHaveLength(1);
    expect(client.of('response.function_call_arguments.done')).toEqual([]);
    expect(client.of('response.done')[0]?.response.output).toMatchObject([{ status: 'incomplete' }]);
  });

  test('results can be answered by rule', async () => {
    const bench = await startBench(
      scriptOf(
        { hear: 'Go.', calls: ['lookup'] },
        { onToolResult: ({ name, output }) => `${name} says ${output}` },
      ),
    );
    const client = await bench.open();
    await utter(bench, client);
    await bench.clock.run(1000);
    giveResult(client, client.of('response.function_call_arguments.done')[0]!.call_id, 'yes');
    await ask(bench, client);
    expect(said(client)).toEqual(['lookup says yes']);
  });
});

describe('requests outside the turns', () => {
  test('keypad entries are answered by rule, or take the next turn', async () => {
    const bench = await startBench(
      scriptOf(
        { hear: 'One', say: 'First turn.' },
        { onDigits: (text) => (text.includes('4821') ? 'Found it.' : undefined) },
      ),
    );
    const client = await bench.open();
    type(client, 'user', 'Keypad: 4821');
    await ask(bench, client);
    type(client, 'user', 'Keypad: 9');
    await ask(bench, client);
    expect(said(client)).toEqual(['Found it.', 'First turn.']);
  });

  test('words to be said as they are leave the open turn open', async () => {
    const bench = await startBench(demo);
    const client = await bench.open({}, { type: 'server_vad', create_response: false });
    await ask(bench, client);
    await utter(bench, client);
    await ask(bench, client, { instructions: 'Say exactly:\n"One moment, please."' });
    await ask(bench, client);
    expect(said(client)).toEqual(['Hello, how can I help?', 'One moment, please.']);
    expect(client.of('response.function_call_arguments.done')).toHaveLength(1);
  });

  test('the first request gets the greeting, whatever words it came with', async () => {
    const bench = await startBench(demo);
    const client = await bench.open();
    await ask(bench, client, { instructions: 'Say exactly: "Good morning."' });
    await ask(bench, client, { instructions: 'Say exactly: "I repeat."' });
    expect(said(client)).toEqual(['Hello, how can I help?', 'I repeat.']);
  });

  test('one out of band answers without touching the conversation', async () => {
    const bench = await startBench(demo);
    const client = await bench.open();
    await ask(bench, client, { conversation: 'none', instructions: 'Summarise.' });
    expect(said(client)).toEqual(['Summarise.']);
    expect(bench.session.items).toEqual([]);
    expect(client.types()).not.toContain('conversation.item.added');
    await ask(bench, client);
    expect(said(client).at(-1)).toBe('Hello, how can I help?');
  });

  test('a recording of anything is answered once the script has run out', async () => {
    const bench = await startBench(scriptOf());
    const client = await bench.open();
    await utter(bench, client);
    await bench.clock.run(2000);
    await utter(bench, client);
    await bench.clock.run(2000);
    expect(said(client)).toEqual(['I see.', 'I see.']);
  });

  test('the script is chosen by what the session is', async () => {
    const seen: unknown[] = [];
    const bench = await startBench(({ instructions, model, tools, connection, headers }) => {
      seen.push([instructions, model, tools, connection, headers.authorization]);
      return demo;
    });
    const tool = { type: 'function', name: 'check_order', parameters: { type: 'object' } } as const;
    const client = await bench.open({ instructions: 'Be kind.', tools: [tool] });
    await ask(bench, client);
    await ask(bench, client);
    expect(seen).toEqual([['Be kind.', 'gpt-realtime-2', ['check_order'], 1, 'Bearer sk-test']]);
  });
});

describe('a history handed over', () => {
  test('goes on where the first connection stopped, without another greeting', async () => {
    const bench = await startBench(demo);
    const client = await bench.open();
    const item = {
      type: 'function_call',
      call_id: 'call_old',
      name: 'check_order',
      arguments: '{}',
    } as const;
    type(client, 'assistant', 'Hello, how can I help?');
    type(client, 'user', 'Where is order 4821?');
    client.send({ type: 'conversation.item.create', item });
    giveResult(client, 'call_old');
    type(client, 'assistant', 'It left the ware');
    type(client, 'user', 'Just tell me the day.');
    await ask(bench, client);
    expect(client.errors).toEqual([]);
    expect(said(client)).toEqual(['Thursday.']);
    await utter(bench, client);
    await bench.clock.run(3000);
    expect(said(client)).toEqual(['Thursday.', 'Goodbye.']);
  });

  test('with a result as its end gets the answer to that result', async () => {
    const bench = await startBench(demo);
    const client = await bench.open();
    type(client, 'user', 'Where is order 4821?');
    type(client, 'assistant', 'One moment.');
    const item = {
      type: 'function_call',
      call_id: 'call_old',
      name: 'check_order',
      arguments: '{}',
    } as const;
    client.send({ type: 'conversation.item.create', item });
    giveResult(client, 'call_old');
    await ask(bench, client);
    expect(said(client)).toEqual([demo.turns?.[0]?.afterTools]);
  });
});

describe('items', () => {
  test('are put where they belong, read and deleted', async () => {
    const bench = await startBench(demo);
    const client = await bench.open();
    const put = (id: string, previous?: string): void =>
      client.send({
        type: 'conversation.item.create',
        event_id: `put_${id}`,
        ...(previous !== undefined && { previous_item_id: previous }),
        item: { id, type: 'message', role: 'user', content: [{ type: 'input_text', text: id }] },
      });
    put('a');
    put('b');
    put('c', 'a');
    put('d', 'root');
    put('e', 'nowhere');
    put('a');
    await bench.clock.run(5);
    expect(bench.session.items.map(({ id }) => id)).toEqual(['d', 'a', 'c', 'b']);
    const previous = client.of('conversation.item.added').map((event) => event.previous_item_id);
    expect(previous).toEqual([null, 'a', 'a', null]);
    expect(client.errors).toMatchObject([
      { code: 'item_create_invalid_previous_item_id', eventId: 'put_e' },
      { code: 'item_create_duplicate_item_id', eventId: 'put_a' },
    ]);
    client.send({ type: 'conversation.item.delete', item_id: 'c' });
    client.send({ type: 'conversation.item.delete', item_id: 'c' });
    client.send({ type: 'conversation.item.retrieve', item_id: 'c' });
    client.send({ type: 'conversation.item.retrieve', item_id: 'b' });
    await bench.clock.run(5);
    expect(client.types().slice(-4)).toEqual([
      'conversation.item.deleted',
      'error',
      'error',
      'conversation.item.retrieved',
    ]);
    expect(bench.session.items.map(({ id }) => id)).toEqual(['d', 'a', 'b']);
  });

  test.each([
    [{ type: 'message', role: 'assistant', content: [{ type: 'text', text: 'x' }] }, 'item.content[0].type'],
    [
      { type: 'message', role: 'user', content: [{ type: 'output_text', text: 'x' }] },
      'item.content[0].type',
    ],
    [{ type: 'function_call_output', call_id: 'with/slash', output: '' }, 'item.call_id'],
    [{ type: 'message', role: 'user', id: 'x'.repeat(33), content: [{ type: 'input_text' }] }, 'item.id'],
    [{ type: 'thought' }, 'item.type'],
  ])('%j is refused', async (item, param) => {
    const bench = await startBench(demo);
    const client = await bench.open();
    client.rt.socket.send(JSON.stringify({ type: 'conversation.item.create', item }));
    await bench.clock.run(5);
    expect(client.errors).toMatchObject([{ code: 'invalid_value', param }]);
  });
});
