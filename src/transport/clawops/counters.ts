/**
 * @module What a ClawOps transport survived, in numbers. A value that grows is the first sign of a platform that
 * speaks a newer protocol, or of a fault on our side.
 */

export interface ClawopsCounters {
  /** Messages that were not JSON, binary, or lacked what their event needs. */
  malformed: number;
  /** Messages of an event this version does not know. */
  unknown: number;
  /** Repeated or late messages about a call: known already, over, or never heard of. */
  stale: number;
  /** Handlers, ours or the host's, that threw. */
  faults: number;
  /** Audio or control messages that could not be sent: the connection was not open, or its buffer full. */
  dropped: number;
}

/** All zero. */
export function createCounters(): ClawopsCounters {
  return { malformed: 0, unknown: 0, stale: 0, faults: 0, dropped: 0 };
}
