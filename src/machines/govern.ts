/**
 * @module What stands around every chart: stale events are turned away at the door, a throw inside becomes the
 * ordinary event `fault`, and whoever watches (the log, the counters) is told of each step. Changes no decision.
 */
import type { AnyActorScope, AnyMachineSnapshot, AnyStateMachine, EventObject } from 'xstate';

/** Hears of every event a governed chart was given. Must not throw. */
export interface ChartWatcher {
  /** `reason` is set when the event was stale and the chart never saw it. */
  stepped(
    scope: AnyActorScope,
    event: EventObject,
    before: AnyMachineSnapshot,
    after: AnyMachineSnapshot,
  ): void;
  stale(scope: AnyActorScope, event: EventObject, reason: string): void;
  /** The chart threw; it went on with `fault`. The error goes to the logger, never into the chart. */
  threw(scope: AnyActorScope, event: EventObject, error: unknown): void;
}

export interface Governance {
  /** Why an event is stale, if it is. Absent: the chart has no such events. */
  staleness?: (context: never, event: never) => string | undefined;
  /** The name charts and logs know this chart by. */
  name: string;
}

/**
 * Wraps a machine's `transition`. The result is the same machine in every other respect, so path generation,
 * replay and actors take it as it is.
 */
export function govern<M extends AnyStateMachine>(
  machine: M,
  governance: Governance,
  watcher?: ChartWatcher,
): M {
  const staleness = governance.staleness as
    ((context: unknown, event: EventObject) => string | undefined) | undefined;
  const step = (
    snapshot: AnyMachineSnapshot,
    event: EventObject,
    scope: AnyActorScope,
  ): AnyMachineSnapshot => {
    try {
      return machine.transition(snapshot, event, scope) as AnyMachineSnapshot;
    } catch (error) {
      watcher?.threw(scope, event, error);
      if (event.type === 'fault') throw error;
      return machine.transition(
        snapshot,
        { type: 'fault', actor: governance.name, code: 'OFFHOOK_CHART_FAULT' },
        scope,
      ) as AnyMachineSnapshot;
    }
  };
  return Object.assign(Object.create(machine) as M, machine, {
    transition(snapshot: AnyMachineSnapshot, event: EventObject, scope: AnyActorScope): AnyMachineSnapshot {
      const reason = staleness?.(snapshot.context, event);
      if (reason !== undefined) {
        watcher?.stale(scope, event, reason);
        return snapshot;
      }
      const next = step(snapshot, event, scope);
      watcher?.stepped(scope, event, snapshot, next);
      return next;
    },
  });
}
