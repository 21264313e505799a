/**
 * @module The words of a call by id. What a new connection is told is what was heard, not what was generated, and
 * nothing is told twice or before it is known.
 */
import { describe, expect, test } from 'vitest';
import { createRecord } from '../../src/runtime/record.ts';

function openRecord(): { record: ReturnType<typeof createRecord>; written: object[] } {
  const written: object[] = [];
  return { record: createRecord((entry) => void written.push(entry)), written };
}

const say = (record: ReturnType<typeof createRecord>, gen: number, text: string): void =>
  record.wrote({ kind: 'assistant', gen, delta: text, audioMs: 0 });

describe('what the caller said', () => {
  test('is one entry a turn; the last text stands, and only a final one is written out', () => {
    const { record, written } = openRecord();
    record.wrote({ kind: 'user', turn: 't1', text: 'where is', final: false });
    record.wrote({ kind: 'user', turn: 't1', text: 'where is my order', final: true });
    record.wrote({ kind: 'user', turn: 't2', text: 'hello', final: false });
    expect(record.entries).toEqual([
      { role: 'user', turn: 't1', text: 'where is my order', final: true },
      { role: 'user', turn: 't2', text: 'hello', final: false },
    ]);
    expect(written).toEqual([{ role: 'user', turn: 't1', text: 'where is my order' }]);
    expect(record.history()).toEqual([
      { role: 'user', text: 'where is my order' },
      { role: 'user', text: 'hello' },
    ]);
  });

  test('without words is no part of the history', () => {
    const { record } = openRecord();
    record.wrote({ kind: 'user', turn: 't1', text: '', final: true });
    expect(record.history()).toEqual([]);
  });
});

describe('what the agent said', () => {
  test('is in the history only once it is known what was heard, and only that', () => {
    const { record, written } = openRecord();
    say(record, 1, 'one two three ');
    say(record, 1, 'four five six');
    expect(record.history()).toEqual([]);
    const entry = record.heard(1, 500, 1_000, false);
    expect(entry).toMatchObject({ gen: 1, heard: 'one two three', heardMs: 500, method: 'estimated' });
    expect(record.history()).toEqual([{ role: 'assistant', text: 'one two three' }]);
    expect(written).toEqual([
      {
        role: 'assistant',
        gen: 1,
        generated: 'one two three four five six',
        heard: 'one two three',
        method: 'estimated',
      },
    ]);
  });

  test('is whole when it was played out, also if text and audio disagree about its length', () => {
    const { record } = openRecord();
    say(record, 1, ' one two ');
    expect(record.heard(1, 900, 1_000, true)).toMatchObject({ heard: 'one two', method: 'exact' });
  });

  test('is nothing when nothing was played: cut before its first sound', () => {
    const { record } = openRecord();
    say(record, 1, 'one two');
    expect(record.heard(1, 0, 1_000, false)).toMatchObject({ heard: '', method: 'none' });
    expect(record.history()).toEqual([]);
  });

  test('is settled once: a second report changes and writes nothing', () => {
    const { record, written } = openRecord();
    say(record, 1, 'one two');
    record.heard(1, 0, 1_000, false);
    expect(record.heard(1, 1_000, 1_000, true)).toBeUndefined();
    expect(record.heard(99, 1, 1, true)).toBeUndefined();
    expect(written).toHaveLength(1);
    expect(record.history()).toEqual([]);
  });

  test('stands where it began, though it is settled later', () => {
    const { record } = openRecord();
    say(record, 1, 'first');
    record.wrote({ kind: 'user', turn: 't1', text: 'over it', final: true });
    say(record, 2, 'second');
    record.heard(2, 1, 1, true);
    record.heard(1, 1, 1, true);
    expect(record.history().map((item) => ('text' in item ? item.text : ''))).toEqual([
      'first',
      'over it',
      'second',
    ]);
  });

  test('may be a line of ours, whose words are known from the start', () => {
    const { record } = openRecord();
    record.begin(1, 'apology', 'I am sorry.');
    record.begin(1, 'apology', 'twice');
    expect(record.entries).toHaveLength(1);
    expect(record.heard(1, 1, 1, true)).toMatchObject({ kind: 'apology', heard: 'I am sorry.' });
  });

  test('keeps the kind it was begun as when the words come first', () => {
    const { record } = openRecord();
    say(record, 1, 'hello');
    expect(record.entries[0]).toMatchObject({ kind: 'reply' });
    record.begin(1, 'greeting');
    expect(record.entries[0]).toMatchObject({ kind: 'greeting' });
  });

  test('carries what it cost', () => {
    const { record } = openRecord();
    record.wrote({ kind: 'usage', gen: 1, usage: { output: 7 } });
    expect(record.entries[0]).toMatchObject({ gen: 1, usage: { output: 7 } });
  });
});

describe('tools', () => {
  test('are in the history with their result and not before', () => {
    const { record, written } = openRecord();
    record.wrote({ kind: 'tool', call: 'c1', name: 'find', arguments: '{"id":1}' });
    expect(record.history()).toEqual([]);
    expect(record.toolResult('c1')).toBe('');
    record.finishTool('c1', '"sent"', true);
    record.finishTool('c1', '"again"', false);
    expect(record.toolResult('c1')).toBe('"sent"');
    expect(record.tool('c1')).toMatchObject({ ok: true, result: '"sent"' });
    expect(record.history()).toEqual([
      { role: 'tool', call: 'c1', name: 'find', arguments: '{"id":1}', result: '"sent"' },
    ]);
    expect(written).toHaveLength(2);
  });

  test('nobody called are not there', () => {
    const { record } = openRecord();
    record.finishTool('c9', 'x', true);
    expect(record.tool('c9')).toBeUndefined();
    expect(record.toolResult('c9')).toBe('');
    expect(record.entries).toEqual([]);
  });
});

describe('keys and sayings', () => {
  test('keys are taken once, by whoever takes them first', () => {
    const { record } = openRecord();
    for (const key of '12#') record.pressed(key);
    expect(record.takeKeys()).toBe('12#');
    expect(record.takeKeys()).toBe('');
    record.pressed('4');
    record.bindDigits(1);
    expect(record.takeKeys()).toBe('');
    expect(record.digits(1)).toBe('4');
    expect(record.digits(2)).toBe('');
  });

  test('what is to be said goes to the requests in turn', () => {
    const { record } = openRecord();
    record.queueSaying('first');
    record.queueSaying('second');
    record.bindSaying(7);
    record.bindSaying(9);
    record.bindSaying(11);
    expect([7, 9, 11, 12].map((request) => record.saying(request))).toEqual(['first', 'second', '', '']);
  });
});
