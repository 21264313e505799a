/**
 * The live view must let a reader see what the caller heard: an answer that was cut is visibly cut, with colours and
 * without, and each line carries its time.
 */
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import type { Happening } from '../../src/cli/happenings.ts';
import { describeEvent } from '../../src/cli/line-view.ts';
import { renderReplay } from '../../src/cli/replay.ts';
import { formatElapsed, widthOf, wrap } from '../../src/cli/text.ts';
import { createView } from '../../src/cli/view.ts';
import type { CallEvent } from '../../src/exchange/index.ts';

type Rest<T> = T extends unknown ? Omit<T, 'at' | 'call'> : never;

function show(
  happening: Rest<Happening>,
  options: { color?: boolean; width?: number; calls?: boolean } = {},
) {
  const lines: string[] = [];
  const view = createView({
    write: (line) => lines.push(line),
    color: false,
    width: 100,
    time: formatElapsed,
    ...options,
  });
  view.show({ ...happening, at: 62_345, call: 'CA0123456789' });
  return lines;
}

const cut = {
  type: 'said',
  role: 'assistant',
  generated: 'Your order left yesterday. It reached the depot.',
  heard: 'Your order left',
  method: 'estimated',
} as const;

test('an answer heard to its end is shown as it is', () => {
  const whole = { ...cut, heard: cut.generated, method: 'whole' };
  expect(show(whole)).toEqual([`01:02.345  agent    “${cut.generated}”`]);
});

test('without colours, what was not heard stands in brackets after the cut', () => {
  const lines = show(cut);
  expect(lines[0]).toBe('01:02.345  agent    “Your order left ✂ (estimated)');
  expect(lines.slice(1).join(' ')).toContain('[not heard: yesterday. It reached the depot.]');
  expect(lines.join('')).not.toContain('\u001b');
});

test('with colours, what was not heard is struck through, and nothing else is', () => {
  const lines = show(cut, { color: true });
  expect(lines[0]).not.toContain('\u001b[9m');
  expect(lines[1]).toContain('\u001b[9m');
  expect(stripVTControlCharacters(lines.join(' ')).replaceAll(/\s+/g, ' ')).toBe(
    '01:02.345 agent “Your order left ✂ (estimated) yesterday. It reached the depot.',
  );
});

test('an answer of which nothing was heard says so', () => {
  const lines = show({ ...cut, heard: '', method: 'none' });
  expect(lines[0]).toContain('cut before it was heard (none)');
  expect(lines.join(' ')).toContain('Your order left yesterday.');
});

test('states are named without what they all share, with their reason', () => {
  const states = ['live.dialogue.conversing.listening', 'live.floor.sounding.voiced', 'closing.farewell'];
  expect(show({ type: 'state', states, why: 'so it is' })[0]).toBe(
    '01:02.345  state    conversing.listening + floor.sounding.voiced + closing.farewell (so it is)',
  );
});

test('times measured, tools, keys and ends each have their line', () => {
  expect(show({ type: 'turn', latencyMs: 1199.6 })[0]).toContain('answered after 1200 ms');
  expect(show({ type: 'bargeIn', reactionMs: 27 })[0]).toContain('agent stopped after 27 ms');
  expect(show({ type: 'bargeIn', heardMs: 1500 })[0]).toContain('1500 ms of its answer heard');
  expect(
    show({ type: 'tool', name: 'find', ok: false, durationMs: 3, code: 'OFFHOOK_TOOL_FAILED' })[0],
  ).toContain('find failed (OFFHOOK_TOOL_FAILED)');
  expect(show({ type: 'digit', digit: '#' })[0]).toContain('keypad   #');
  const outcome = { status: 'completed', endedBy: 'agent', reason: 'agent', duration: 33_300 } as const;
  expect(show({ type: 'ended', outcome })[0]).toContain('completed by agent (agent) after 33.3 s');
});

test('where several calls run, each line names its own', () => {
  expect(show({ type: 'digit', digit: '1' }, { calls: true })[0]).toContain('CA012345 keypad');
});

test('long lines are broken at words under their own beginning, wide letters counted twice', () => {
  const heard = '주문하신 책은 어제저녁 물류 센터에서 출발했습니다';
  const lines = show({ type: 'said', role: 'user', heard }, { width: 50 });
  expect(lines.length).toBe(2);
  for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(50);
  expect(lines[1]).toMatch(/^ {20}\S/);
  expect(wrap('', 10)).toEqual(['']);
  expect(wrap('unbreakably-long', 4)).toEqual(['unbreakably-long']);
});

test('hours appear only where there are some', () => {
  expect(formatElapsed(3_599_999)).toBe('59:59.999');
  expect(formatElapsed(3_600_000)).toBe('01:00:00.000');
});

test('the line view measures answers and barge-ins as they happen, once each', () => {
  const events: CallEvent[] = [
    { at: 0, type: 'agentVoiceStart' },
    { at: 900, type: 'agentVoiceStop' },
    { at: 1000, type: 'callerVoiceStart', step: 'a', over: false },
    { at: 2000, type: 'callerVoiceStop', step: 'a' },
    { at: 2700, type: 'agentVoiceStart' },
    { at: 3000, type: 'callerVoiceStart', step: 'b', over: true },
    { at: 3040, type: 'clear', droppedMs: 500, marks: 1 },
    { at: 3041, type: 'mark', name: 'm', cleared: true },
    { at: 3500, type: 'clear', droppedMs: 0, marks: 0 },
  ];
  const texts = events.map((event, index) => describeEvent(event, events.slice(0, index + 1))?.text);
  expect(texts).toEqual([
    'speaks',
    'pauses',
    'speaks',
    'has spoken',
    "speaks, 700 ms after the caller's last word",
    'speaks over the agent',
    "500 ms of the agent's audio, 40 ms after the caller's first sound",
    undefined,
    "0 ms of the agent's audio",
  ]);
});

test('a replay says that all is the same, or shows the first line that is not', () => {
  const counts = { events: 3, orders: 2, snapshots: 1, truncated: false };
  const charts = [{ name: 'call', logged: 'aa', current: 'bb', same: false }];
  expect(renderReplay({ equal: true, ...counts, charts: [] }, false)).toEqual([
    '✔ 3 events, 2 orders and 1 snapshots: every one came out the same.',
  ]);
  const difference = { line: 7, expected: '[1,"call"]', actual: '', chart: 'call' };
  const lines = renderReplay({ equal: false, ...counts, charts, difference }, false);
  expect(lines).toEqual([
    '! The chart "call" is not the one that ran the call (logged aa, now bb).',
    '3 events, 2 orders and 1 snapshots came out the same, then:',
    '✘ line 7 of the chart "call" is different.',
    '  expected  [1,"call"]',
    '  actual    (nothing)',
  ]);
});
