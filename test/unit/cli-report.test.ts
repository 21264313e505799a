/**
 * The demo's figures are measured at the caller's end of the line; the report has exactly the fields it promises, and
 * a call that did not go as planned is never called a success.
 */
import { expect, test } from 'vitest';
import type { Happening } from '../../src/cli/happenings.ts';
import { measureBargeIns, measureTurns } from '../../src/cli/measure.ts';
import { createReport, type DemoReport, findFaults, type ReportParts } from '../../src/cli/report.ts';
import { renderSummary } from '../../src/cli/summary.ts';
import type { Arrival, CallEvent } from '../../src/exchange/index.ts';
import type { MemorySpan } from '../../src/trace/memory.ts';

const events: CallEvent[] = [
  { at: 100, type: 'agentVoiceStart' },
  { at: 2000, type: 'callerVoiceStart', step: 'ask', over: false },
  { at: 4000, type: 'callerVoiceStop', step: 'ask' },
  { at: 4800.04, type: 'agentVoiceStart' },
  { at: 6000, type: 'callerVoiceStart', step: 'barge', over: true },
  { at: 6035, type: 'clear', droppedMs: 3000, marks: 2 },
  { at: 8000, type: 'callerVoiceStop', step: 'barge' },
  { at: 9000, type: 'agentVoiceStart' },
];

const noise = (length: number, seed: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => (index * 7919 + seed * 104_729 + ((index * index) % 251)) % 251);
const cutAnswer = noise(8000, 1);
const nextAnswer = noise(8000, 2);

const arrival = (at: number, clears: number, audio: Uint8Array): Arrival => ({
  at,
  bytes: audio.length,
  clears,
  audio,
});

test('an answer is late by the time from the last voiced frame to the first one played', () => {
  expect(measureTurns({ events })).toEqual([{ latencyMs: 800 }, { latencyMs: 1000 }]);
});

test('frames of the cut answer are told by their content, before and after the clear of one instant', () => {
  const arrivals = [
    arrival(6035, 0, cutAnswer.subarray(0, 1600)),
    arrival(6035, 1, cutAnswer.subarray(1600, 1920)),
    arrival(6100, 1, cutAnswer.subarray(1920, 1921)),
    arrival(8900, 1, nextAnswer.subarray(0, 1600)),
    arrival(8950, 1, new Uint8Array(400).fill(0xff)),
  ];
  expect(measureBargeIns({ events, arrivals }, cutAnswer)).toEqual([{ reactionMs: 35, staleFrames: 2 }]);
  expect(measureBargeIns({ events, arrivals: arrivals.slice(3) }, cutAnswer)).toEqual([
    { reactionMs: 35, staleFrames: 0 },
  ]);
});

test('where the answer is not known, what comes while the caller still speaks is stale', () => {
  const arrivals = [
    arrival(6000, 0, noise(160, 3)),
    arrival(6200, 1, noise(161, 3)),
    arrival(8500, 1, noise(800, 4)),
  ];
  expect(measureBargeIns({ events, arrivals })).toEqual([{ reactionMs: 35, staleFrames: 2 }]);
});

test('an agent that never clears has not reacted', () => {
  const deaf = events.filter(({ type }) => type !== 'clear');
  expect(measureBargeIns({ events: deaf, arrivals: [] })).toEqual([{ reactionMs: null, staleFrames: 0 }]);
});

const happenings: Happening[] = [
  { at: 0, call: 'CA', type: 'ringing', from: '010', to: '070' },
  { at: 1, call: 'CA', type: 'state', states: ['ringing.screening'], why: undefined },
  { at: 2, call: 'CA', type: 'state', states: ['ringing.opening', 'live.floor.quiet'], why: 'wanted' },
  { at: 3, call: 'CA', type: 'said', role: 'user', heard: 'Where is it?' },
  { at: 4, call: 'CA', type: 'tool', name: 'check_order', ok: true, durationMs: 2 },
  {
    at: 5,
    call: 'CA',
    type: 'said',
    role: 'assistant',
    generated: 'On its way',
    heard: 'On',
    method: 'estimated',
  },
];

const span = (name: string, parent: string | null, ended: boolean): MemorySpan => ({
  id: '1',
  name,
  parent,
  parentId: parent,
  ended,
  ends: 1,
  start: 0,
  end: 1,
  status: 'unset',
  message: undefined,
  attributes: {},
  events: [],
  links: [],
});

const parts: ReportParts = {
  provider: 'local',
  happenings,
  outcome: { status: 'completed', endedBy: 'agent', reason: 'agent', duration: 9000 },
  turns: [{ latencyMs: 800 }, { latencyMs: 1000 }, { latencyMs: 900 }],
  bargeIns: [{ reactionMs: 35, staleFrames: 0 }],
  recording: { driftMs: 0, files: ['a_in.wav', 'a_out.wav', 'a_mix.wav'] },
  log: { log: 'a.call.log', replay: { events: 12, equal: true } },
  spans: [span('call', null, true), span('llm.session', 'call', true)],
  openAtEnd: 0,
};

test('the JSON line has the promised fields and no others', () => {
  expect(JSON.parse(JSON.stringify(createReport(parts)))).toEqual({
    provider: 'local',
    states: ['ringing.screening', 'ringing.opening', 'live.floor.quiet'],
    outcome: 'completed',
    endedBy: 'agent',
    transcript: [
      { role: 'user', generated: 'Where is it?', heard: 'Where is it?', method: 'transcript' },
      { role: 'assistant', generated: 'On its way', heard: 'On', method: 'estimated' },
    ],
    turns: [{ latencyMs: 800 }, { latencyMs: 1000 }, { latencyMs: 900 }],
    bargeIns: [{ reactionMs: 35, staleFrames: 0 }],
    toolCalls: [{ name: 'check_order', ok: true }],
    recording: { driftMs: 0, files: ['a_in.wav', 'a_out.wav', 'a_mix.wav'] },
    log: 'a.call.log',
    replay: { events: 12, equal: true },
    spans: [
      { name: 'call', parent: null, ended: true },
      { name: 'llm.session', parent: 'call', ended: true },
    ],
    openAtEnd: 0,
  });
});

test('a call as the script has it has no faults', () => {
  expect(findFaults(createReport(parts), 'scripted', events)).toEqual([]);
});

test.each<[string, Partial<DemoReport>, RegExp]>([
  ['it failed', { outcome: 'failed' }, /ended as failed/],
  ['the caller gave up', { endedBy: 'caller' }, /caller ended the call/],
  [
    'the tool ran twice',
    { toolCalls: [...Array<never>(2)].map(() => ({ name: 'check_order', ok: true })) },
    /2 times/,
  ],
  ['the tool failed', { toolCalls: [{ name: 'check_order', ok: false }] }, /check_order/],
  ['nobody was interrupted', { bargeIns: [] }, /0 barge-ins/],
  ['the agent talked on', { bargeIns: [{ reactionMs: null, staleFrames: 0 }] }, /did not stop/],
  ['the cut answer came on', { bargeIns: [{ reactionMs: 30, staleFrames: 4 }] }, /4 frames/],
  ['a turn went unanswered', { turns: [{ latencyMs: 1 }] }, /1 of 3 turns/],
  ['a recording is missing', { recording: { driftMs: null, files: [] } }, /0 of 3 recordings/],
  ['the replay differs', { replay: { events: 1, equal: false } }, /replay/],
  ['a span is open', { spans: [{ name: 'call', parent: null, ended: false }] }, /span/],
  ['something is left open', { openAtEnd: 2 }, /2 sockets/],
])('not as planned: %s', (_name, change, told) => {
  const faults = findFaults({ ...createReport(parts), ...change }, 'scripted', events);
  expect(faults).toHaveLength(1);
  expect(faults[0]).toMatch(told);
});

test('a caller who waited in vain is a fault even if all else went well', () => {
  const waited: CallEvent[] = [...events, { at: 1, type: 'timeout', step: 'until' }];
  expect(findFaults(createReport(parts), 'scripted', waited)).toEqual([
    'The caller waited for the agent in vain.',
  ]);
});

test('a real model may take another way, but has to answer', () => {
  const other = { ...createReport(parts), toolCalls: [], bargeIns: [], endedBy: 'caller' as const };
  expect(findFaults(other, 'open', events)).toEqual([]);
  expect(findFaults({ ...other, turns: [] }, 'open', events)).toHaveLength(1);
});

test('the summary names every file, and every fault', () => {
  const report = createReport(parts);
  const lines = renderSummary(
    { report, faults: ['It rained.'], durationMs: 9000, trace: 'a.trace.json' },
    false,
  );
  const text = lines.join('\n');
  for (const file of [...report.recording.files, 'a.call.log', 'a.trace.json']) expect(text).toContain(file);
  expect(lines.at(-1)).toBe('✘ It rained.');
  const good = renderSummary({ report, faults: [], durationMs: 9000, trace: 'a.trace.json' }, false);
  expect(good.at(-1)).toBe('✔ The call went as planned.');
});
