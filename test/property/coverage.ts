/**
 * @module Which transitions of a chart random calls take. Each definition gets one more action that ticks it off:
 * inspecting every step would tell the same and double its price. One that only hands an event on still only does that,
 * or it would go the long way where calls take a short cut.
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
      const tick = (): void => void taken.add(key);
      const ticking = tickSending(machine, definition.actions, tick, key);
      definition.actions = ticking === undefined ? [...definition.actions, tick] : [ticking];
      all.add(key);
    }
  }
  return { all, taken };
}

interface Sending {
  readonly type?: unknown;
  readonly resolve: (...given: unknown[]) => unknown;
}

/** Gives a transition whose one action sends an event a sending of its own, which ticks. @returns its name */
function tickSending(
  machine: AnyStateMachine,
  actions: readonly unknown[],
  tick: () => void,
  key: string,
): string | undefined {
  const [name] = actions;
  if (actions.length !== 1 || typeof name !== 'string') return undefined;
  const known: Record<string, unknown> = machine.implementations.actions;
  const sending = known[name] as Sending | undefined;
  if (sending?.type !== 'xstate.sendTo') return undefined;
  const ticking = Object.assign(() => {}, sending, {
    resolve(...given: unknown[]) {
      tick();
      return sending.resolve(...given);
    },
  });
  const own = `${name}, ticking ${key}`;
  known[own] = ticking;
  return own;
}
