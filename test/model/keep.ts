/**
 * @module Keeps where an actor stands, with its timers, so that others begin there without the way. A chart is all in
 * its snapshot, so what such an actor does next is what the first would have done.
 */
import type { Actor, AnyStateMachine, EventObject } from 'xstate';

/** Where an actor stood when it was kept. */
export interface Kept {
  readonly snapshot: unknown;
  readonly timers: readonly Timer[];
}

interface Timer {
  readonly id: string;
  readonly event: EventObject;
  readonly delay: number;
}

/** Where an actor stands now; no time may have passed on its clock, for a timer is kept by the delay it was set to. */
export function keep(actor: Actor<AnyStateMachine>): Kept {
  const { _scheduledEvents: scheduled } = actor.system.getSnapshot();
  const timers = Object.values(scheduled).map(({ id, event, delay, source, target }) => {
    if (source !== actor || target !== actor) throw new Error(`timer "${id}" is not the actor's own`);
    return { id, event, delay };
  });
  return { snapshot: actor.getPersistedSnapshot(), timers };
}

/** Sets the timers again, which XState keeps in no snapshot. */
export function setTimers(actor: Actor<AnyStateMachine>, { timers }: Kept): void {
  for (const { id, event, delay } of timers) actor.system.scheduler.schedule(actor, actor, event, delay, id);
}
