/** @module A step of the call's chart, typed: the one place where the traces say what a snapshot holds. */
import type { CallContext, CallEvent } from '../machines/call/vocabulary.ts';
import type { ChartStep } from '../runtime/switchboard.ts';

export interface CallStep {
  /** In ms of the call's clock. */
  readonly at: number;
  readonly source: string;
  readonly event: CallEvent;
  /** What the chart remembers after it. */
  readonly context: CallContext;
  /** The chart has ended with this step. */
  readonly over: boolean;
  /** The call is up, or was not yet; false once it is closing. */
  readonly going: boolean;
}

/** @param step one of the chart `call`. */
export function readCallStep({ at, source, event, after }: ChartStep): CallStep {
  const over = after.status !== 'active';
  return {
    at,
    source,
    // The switchboard runs one call chart only, and it takes no other events.
    event: event as CallEvent,
    context: after.context as CallContext,
    over,
    going: !over && !after.matches('closing'),
  };
}
