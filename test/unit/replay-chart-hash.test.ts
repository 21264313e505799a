/**
 * @module The hash of a chart changes with what the chart decides and with nothing else, so that a log made before a
 * better wording still counts as made by the same chart.
 */
import { describe, expect, test } from 'vitest';
import { callMachine } from '../../src/machines/call/machine.ts';
import { hashChart, hashCharts, type HashedChart } from '../../src/runtime/chart-hash.ts';

function chart(change: (config: Record<string, unknown>) => void = () => {}): HashedChart {
  const config = {
    id: 'c',
    context: () => ({}),
    initial: 'a',
    states: {
      a: {
        on: { go: { target: 'b', guard: 'may', actions: ['note', 'tell'], meta: { why: 'it may' } } },
        after: { wait: 'b' },
      },
      b: { type: 'final' },
    },
  };
  change(config);
  return {
    config,
    implementations: {
      actions: { note: () => 1, tell: () => 1 },
      guards: { may: () => true },
      delays: { wait: 500 },
    },
  };
}

const transition = (config: Record<string, unknown>): Record<string, unknown> =>
  (config as { states: { a: { on: { go: Record<string, unknown> } } } }).states.a.on.go;

describe('the hash of a chart', () => {
  const original = hashChart(chart());

  test('is the same for the same definition', () => {
    expect(original).toMatch(/^[0-9a-f]{16}$/);
    expect(hashChart(chart())).toBe(original);
  });

  const changes: Record<string, HashedChart> = {
    target: chart((config) => (transition(config)['target'] = 'a')),
    guard: chart((config) => (transition(config)['guard'] = 'must')),
    'order of actions': chart((config) => (transition(config)['actions'] = ['tell', 'note'])),
    'initial state': chart((config) => (config['initial'] = 'b')),
    'a constant delay': {
      ...chart(),
      implementations: { ...chart().implementations, delays: { wait: 501 } },
    },
    'a guard nobody uses yet': {
      ...chart(),
      implementations: { ...chart().implementations, guards: { may: () => true, must: () => true } },
    },
  };
  for (const [name, changed] of Object.entries(changes)) {
    test(`changes with its ${name}`, () => expect(hashChart(changed)).not.toBe(original));
  }

  test('does not change with the reasons it gives, nor with the text of its functions', () => {
    const reworded = chart((config) => (transition(config)['meta'] = { why: 'it can' }));
    expect(hashChart(reworded)).toBe(original);
    const rewritten = {
      ...chart(),
      implementations: { ...chart().implementations, guards: { may: () => false } },
    };
    expect(hashChart(rewritten)).toBe(original);
  });
});

describe('the hashes of this version', () => {
  test('are two, differ, and are worked out once', () => {
    const hashes = hashCharts();
    expect(Object.keys(hashes)).toEqual(['call', 'session']);
    expect(hashes.call).not.toBe(hashes.session);
    expect(hashCharts()).toBe(hashes);
  });

  test('do not depend on ports that were plugged in', () => {
    const plugged = callMachine.provide({});
    expect(hashChart(plugged)).toBe(hashCharts().call);
  });
});
