/**
 * @module The words of the session chart: what the connection it owns reports, what the call orders, what it remembers.
 */
import type { SessionFact, SessionOrder } from '../../providers/contract.ts';
import type { SessionChartFact, SupervisorOrder } from '../call/vocabulary.ts';

/** A connection's fact, stamped with the connection it came from. */
export type ConnectionFact = SessionFact & { connection: number };

export type SessionEvent =
  | ConnectionFact
  | { type: 'gen.stalled'; gen: number; connection: number }
  | SupervisorOrder
  // Raised by the chart itself when its connection is gone.
  | { type: 'slot.reset' };

/** A request for a generation: the one order of which only one may be in flight. */
export type ResponseOrder = Extract<SessionOrder, { type: 'greet' | 'generate' | 'say' }>;

export interface SessionInput {
  readonly call: string;
}

export interface SessionContext extends SessionInput {
  /** The connection that is up or being made, counted from 1. */
  readonly connection: number;
  /** The same while it is up or being made; 0 between connections and after the last. */
  readonly up: number;
  /** Connections lost in a row since one has lasted. */
  readonly losses: number;
  readonly lastCode: string;
  readonly permanent: boolean;
  /** The request in the slot, and the generation that answers it or that the model began by itself. */
  readonly request: number;
  readonly gen: number;
  /** Requests that wait for the slot. */
  readonly queue: readonly ResponseOrder[];
  /** The request in the slot was taken back before it started. */
  readonly withdrawn: boolean;
}

export type ParentFact = SessionChartFact;

/** The waits of the session chart, in ms. */
export const SESSION_DELAYS = {
  /** A socket and a session take well under two seconds; what takes ten does not come. */
  openMax: 10_000,
  /** No provider takes this long to acknowledge a request; the chart above has apologised by then. */
  requestMax: 20_000,
  /** A cancelled response that is never confirmed must not block the next one. */
  cancelMax: 1_000,
  /** A connection that dies sooner than this after it was ready counts as one more failure. */
  stable: 10_000,
  /** Ceiling of one response; the generation watch ends stalled ones after 3 s. */
  activeMax: 600_000,
} as const;

/** Connections in a row that may fail before the session is given up. */
export const MAX_LOSSES = 5;

/** Delay before connection n + 1: 250 ms doubling to 4 s. The caller waits, so it starts short. */
export function reconnectDelay(losses: number): number {
  return Math.min(250 * 2 ** Math.max(0, losses - 1), 4_000);
}
