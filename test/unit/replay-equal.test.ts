/**
 * @module A log replays to itself: the same events, orders and snapshots, byte for byte, whatever the ports did.
 * The first version fed events in mailbox order; a port that answered in the middle of an order then came too early.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { replayCallLog } from '../../src/runtime/replay.ts';
import { type Happening, startWorld, type World } from './replay-harness.ts';

const script: readonly Happening[] = [
  { wait: 3_000, what: 'voice.start' },
  { wait: 900, what: 'voice.stop' },
  { wait: 0, what: 'turn' },
  { wait: 700, what: 'reply' },
  { wait: 2_500, what: 'key' },
  { wait: 200, what: 'key' },
  { wait: 2_000, what: 'lost' },
  { wait: 4_000, what: 'say' },
  { wait: 0, what: 'voice.start' },
  { wait: 4_000, what: 'transfer' },
  { wait: 5_000, what: 'stale' },
];

function play(options: Parameters<typeof startWorld>[0], happenings: readonly Happening[]): World {
  const world = startWorld(options);
  for (const happening of happenings) world.happen(happening);
  world.finish();
  return world;
}

function expectSame(world: World): void {
  const result = replayCallLog(world.text());
  expect(result.difference).toBeUndefined();
  expect(result).toMatchObject({ equal: true, truncated: false });
  const lines = world.text().trimEnd().split('\n');
  expect(result.events + result.orders + result.snapshots).toBe(lines.length - 1);
  expect(result.charts.map(({ name, same }) => [name, same])).toEqual([
    ['call', true],
    ['session', true],
  ]);
}

describe('a call replays equal', () => {
  for (const direction of ['inbound', 'outbound'] as const) {
    for (const punctual of [0, 0.5, 1]) {
      test(`${direction}, with ${punctual * 100} % of the answers given within the order`, () => {
        const world = play({ seed: 11, punctual, direction }, script);
        expect(world.snapshot().status).toBe('done');
        expectSame(world);
      });
    }
  }

  test('counts lines by what they are', () => {
    const world = play({ seed: 4 }, script);
    const kinds = world
      .text()
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => (JSON.parse(line) as string[])[2]);
    const orders = kinds.filter((kind) => kind === 'order').length;
    const snapshots = kinds.filter((kind) => kind === '#').length;
    expect(orders).toBeGreaterThan(5);
    expect(snapshots).toBeGreaterThan(20);
    expect(replayCallLog(world.text())).toMatchObject({
      orders,
      snapshots,
      events: kinds.length - orders - snapshots,
    });
  });

  test('a port that throws is a fault that replays', () => {
    const worlds = Array.from({ length: 60 }, (_, seed) => play({ seed, punctual: 0.3 }, script));
    expect(worlds.flatMap(({ thrown }) => thrown).length).toBeGreaterThan(0);
    for (const world of worlds.filter(({ thrown }) => thrown.length > 0)) {
      expect(world.text()).toContain('OFFHOOK_CHART_FAULT');
      expectSame(world);
    }
  });

  test('the same seed writes the same log, another seed another', () => {
    expect(play({ seed: 5 }, script).text()).toBe(play({ seed: 5 }, script).text());
    expect(play({ seed: 6 }, script).text()).not.toBe(play({ seed: 5 }, script).text());
  });
});

const happening: fc.Arbitrary<Happening> = fc.record({
  wait: fc.oneof(
    fc.integer({ min: 0, max: 1_200 }),
    fc.constantFrom(0, 499, 500, 501, 5_000),
    fc.double({ min: 0, max: 900, noNaN: true }),
  ),
  what: fc.oneof(
    { weight: 60, arbitrary: fc.constantFrom<Happening['what'][]>(...quietKinds()) },
    { weight: 1, arbitrary: fc.constantFrom<Happening['what'][]>('end', 'hangup') },
  ),
});

function quietKinds(): Happening['what'][] {
  return [
    'voice.start',
    'voice.stop',
    'turn',
    'reply',
    'lost',
    'key',
    'collect',
    'say',
    'transfer',
    'target',
    'record',
    'media',
    'machine',
    'stale',
    'nothing',
  ];
}

describe('any call replays equal', () => {
  test('random callers, carriers and models', () => {
    fc.assert(
      fc.property(
        fc.record({
          seed: fc.nat(),
          punctual: fc.double({ min: 0, max: 1, noNaN: true }),
          direction: fc.constantFrom<('inbound' | 'outbound')[]>('inbound', 'outbound'),
          policy: fc.record({
            turns: fc.constantFrom<('model' | 'runtime')[]>('model', 'runtime'),
            greeting: fc.constantFrom<('none' | 'open' | 'closed')[]>('none', 'open', 'closed'),
            interruptAfter: fc.constantFrom(0, 200),
            voicemail: fc.boolean(),
          }),
        }),
        fc.array(happening, { maxLength: 30 }),
        (options, happenings) => expectSame(play(options, happenings)),
      ),
      { numRuns: 200, seed: 20_260_101 },
    );
  });
});
