/**
 * A virtual clock is only worth something where nothing else keeps time. An actor that is created without one takes
 * the real timers, and its test passes as long as nothing has to happen in between.
 */
import { expect, it } from 'vitest';
import { createActor, createMachine } from 'xstate';
import { takeRealTimers } from './no-real-timers.ts';

it('stops a chart that was given no clock, even if the chart takes that for a fault of its own', () => {
  const actor = createActor(createMachine({ after: { 50: { actions: [] } } }));
  actor.subscribe({ error: () => {} });
  actor.start();
  expect(takeRealTimers()).toHaveLength(1);
});
