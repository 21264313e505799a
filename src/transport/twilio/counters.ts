/**
 * @module What a Twilio transport survived, in numbers. A value that grows is the first sign of a carrier that speaks
 * a newer protocol, of somebody who is not the carrier, or of a fault on our side.
 */

export interface TwilioCounters {
  /** Messages that were not JSON, binary, or lacked what their event needs. */
  malformed: number;
  /** Messages of an event this version does not know. */
  unknown: number;
  /** Repeated or late: a webhook for a call that is up or was up, a second `start`, media before it. */
  stale: number;
  /** Handlers, ours or the host's, that threw. */
  faults: number;
  /** Audio or marks that could not be sent: the connection was not open, or its buffer full. */
  dropped: number;
  /** Webhooks and media connections turned away: no valid signature, no valid token, a number not served. */
  refused: number;
  /** Calls that were answered and whose media connection never came. */
  unopened: number;
}

/** All zero. */
export function createCounters(): TwilioCounters {
  return { malformed: 0, unknown: 0, stale: 0, faults: 0, dropped: 0, refused: 0, unopened: 0 };
}
