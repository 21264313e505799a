/**
 * @module The public face of a call: what tests and tools read of it, without the means to steer it.
 * Reads through to the call's state, so a view never goes stale.
 */
import type { CallEvent } from './events.ts';
import type { CallFaults } from './faults.ts';
import type { Line } from './line.ts';
import type { CallResult, CallStatus, ExchangeCall } from './types.ts';

/** What changes while a call lives. */
export interface CallState {
  status: CallStatus;
  result: CallResult | undefined;
  answeredAt: number | undefined;
  endedAt: number | undefined;
  /** The verdict of machine detection, where one was asked for. */
  answeredBy: string | undefined;
  telemetry: unknown;
  metrics: unknown;
  failure: unknown;
}

/** Creates the view of one call. */
export function createView(parts: {
  readonly ids: Pick<ExchangeCall, 'id' | 'direction' | 'from' | 'to' | 'account'>;
  readonly state: CallState;
  readonly line: Line;
  readonly events: readonly CallEvent[];
  readonly ended: Promise<CallResult>;
  readonly faults: CallFaults;
  readonly hangUp: () => void;
}): ExchangeCall {
  const { state, line } = parts;
  return {
    ...parts.ids,
    events: parts.events,
    arrivals: line.arrivals,
    ended: parts.ended,
    faults: parts.faults,
    hangUp: parts.hangUp,
    act: (script) => line.act(script),
    get status() {
      return state.status;
    },
    get duration() {
      return state.result?.duration;
    },
    get heard() {
      return line.heard;
    },
    get spoken() {
      return line.spoken;
    },
    get mediaMs() {
      return line.mediaMs;
    },
    get paddedBytes() {
      return line.paddedBytes;
    },
    get telemetry() {
      return state.telemetry;
    },
    get metrics() {
      return state.metrics;
    },
    get failure() {
      return state.failure;
    },
  };
}
