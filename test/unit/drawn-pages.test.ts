/**
 * Pictures drawn by hand were right once. These are drawn from the machines and from a call's log, so what is tested
 * is that they read them rightly, and that two drawings are the same file.
 */
import { expect, test } from 'vitest';
import { setup } from 'xstate';
import { drawCharts } from '../../scripts/draw-charts.ts';
import { drawDemo } from '../../scripts/draw-call.ts';
import { readChart, stateAt } from '../../scripts/lib/chart-model.ts';
import { wrapText } from '../../scripts/lib/svg.ts';

const machine = setup({
  guards: { open: () => true },
  delays: { patience: 1500, given: () => 1 },
  actions: { ring: () => undefined },
}).createMachine({
  initial: 'a',
  states: {
    a: {
      initial: 'inner',
      tags: ['hear.live'],
      on: {
        GO: [
          { guard: 'open', target: 'b', actions: 'ring', meta: { why: 'it is open' } },
          { target: '.other' },
        ],
      },
      after: { patience: 'b', given: { actions: 'ring' } },
      states: {
        inner: { always: { guard: 'open', target: '#deep' } },
        other: { on: { GO: { target: 'other', reenter: true } } },
      },
    },
    b: { initial: 'c', states: { c: { id: 'deep', type: 'final' } } },
  },
});

test('a chart is read with its events, guards, targets, actions and reasons', () => {
  const chart = readChart(machine);
  expect(stateAt(chart, 'a')).toMatchObject({ kind: 'compound', initial: true, tags: ['hear.live'] });
  expect(stateAt(chart, 'a').moves).toEqual([
    { on: 'GO', guard: 'open', to: 'b', actions: ['ring'], why: 'it is open' },
    { on: 'GO', guard: undefined, to: '.other', actions: [], why: undefined },
    { on: 'after patience (1.5 s)', guard: undefined, to: 'b', actions: [], why: undefined },
    { on: 'after given', guard: undefined, to: undefined, actions: ['ring'], why: undefined },
  ]);
  expect(stateAt(chart, 'a.inner').moves).toMatchObject([{ on: 'always', guard: 'open', to: 'b.c' }]);
  expect(stateAt(chart, 'a.other').moves).toMatchObject([{ on: 'GO', to: 'other, again' }]);
  expect(stateAt(chart, 'b.c').kind).toBe('final');
});

test('every transition that has a reason is on the page of charts with it', () => {
  const page = drawCharts().get('docs/charts.md') ?? '';
  expect(page).toMatch(
    /\| `conversing\.speaking` \| `always` \[`callerHoldsFloor`\] \| `listening` \|[^|]*`cutForCaller`[^|]*\| barge-in/,
  );
});

test('text is broken at spaces, and no line is wider than asked', () => {
  const lines = wrapText('a reply to half a sentence is no reply', 60, 10);
  expect(lines.join(' ')).toBe('a reply to half a sentence is no reply');
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(10);
});

test('the picture of the demo shows what was heard, what was cut, and is the same each time', async () => {
  const picture = await drawDemo();
  expect(picture).toMatch(/barge-in: silent after \d+ ms, 8\.\d s of the answer never played/);
  expect(picture).toMatch(/text-decoration="line-through">sorting</);
  expect(picture).toContain('>check_order</text>');
  expect(await drawDemo()).toBe(picture);
});
