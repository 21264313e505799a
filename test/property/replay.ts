/** @module Tells fresh charts what the charts of a call were told, and says where they come out somewhere else. */
import { type AnyMachineSnapshot, type AnyStateMachine, initialTransition, transition } from 'xstate';
import type { ChartName, ChartStep } from '../../src/runtime/switchboard.ts';

const stateOf = ({ status, value, context }: AnyMachineSnapshot): string =>
  JSON.stringify([status, value, context]);

/** Returns the first step after which the fresh chart differs. Steps that were stale change nothing and are skipped. */
export function findDivergence(
  logic: AnyStateMachine,
  chart: ChartName,
  input: unknown,
  steps: readonly ChartStep[],
): string | undefined {
  let [snapshot] = initialTransition(logic, input as never);
  for (const { chart: of, event, after, stale } of steps) {
    if (of !== chart || stale !== undefined) continue;
    [snapshot] = transition(logic, snapshot, event);
    if (stateOf(snapshot) === stateOf(after)) continue;
    return `${JSON.stringify(event)} leads the ${chart} chart to ${stateOf(snapshot)}, not to ${stateOf(after)}`;
  }
  return undefined;
}
