/**
 * @module Which transitions of a chart random calls take. Each definition gets one more action that ticks it off:
 * inspecting every step would tell the same and double its price.
 */
import type { AnyStateMachine } from 'xstate';
import { keyOf, nodesOf, type Transition } from '../model/transitions.ts';

export interface Coverage {
  /** Keys of all transitions the chart defines, and of those taken so far. */
  readonly all: ReadonlySet<string>;
  readonly taken: ReadonlySet<string>;
}

/** Watches a chart from now on, in every actor made from it. Call it once per chart. */
export function watchTransitions(machine: AnyStateMachine): Coverage {
  const all = new Set<string>();
  const taken = new Set<string>();
  for (const node of nodesOf(machine)) {
    for (const transition of [...node.transitions.values(), node.always ?? []].flat()) {
      const key = keyOf(transition);
      const definition = transition as Transition & { actions: readonly unknown[] };
      definition.actions = [...definition.actions, () => void taken.add(key)];
      all.add(key);
    }
  }
  return { all, taken };
}
