/**
 * @module What the concerns of one call share, and nothing more: each file beside this one takes the parts it needs
 * and none knows another.
 */
import type { CallPolicy } from '../../machines/call/vocabulary.ts';
import type { SessionSpec } from '../../providers/contract.ts';
import type { CallInfo, Leg } from '../../transport/contract.ts';
import type { LatchedClock } from '../clock.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { CallRecord } from '../record.ts';
import type { Scope } from '../scope.ts';

export interface CallParts {
  readonly id: string;
  readonly info: CallInfo;
  readonly leg: Leg;
  /** Latched per stimulus: what actors and the log see. */
  readonly clock: LatchedClock;
  /** The clock under it: what the media plane sees. */
  readonly raw: Clock;
  readonly scope: Scope;
  readonly logger: Logger;
  readonly record: CallRecord;
  readonly counters: CallCounters;
  /** The recipe of this call's session; known once screening is over. */
  spec(): SessionSpec | undefined;
  policy(): CallPolicy;
  takeGeneration(): number;
}

/** Things that should not happen, or only now and then: counted, reported, never fatal. */
export interface CallCounters {
  stale: number;
  listenerErrors: number;
  tapErrors: number;
  lateTools: number;
  faults: number;
  screenFailures: number;
}

export function createCounters(): CallCounters {
  return { stale: 0, listenerErrors: 0, tapErrors: 0, lateTools: 0, faults: 0, screenFailures: 0 };
}
