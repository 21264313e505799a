/**
 * @module How a call looks over REST (clawops.md 5.3): camelCase, ISO dates, and the network's codes for its end.
 */
import type { Clock } from '../runtime/clock.ts';
import type { LiveCall } from './call.ts';

/** Q.850 cause and SIP status for the reasons the exchange gives. */
const CODES: Readonly<Record<string, readonly [q850: number, sip: number | null]>> = {
  normal_clearing: [16, null],
  user_busy: [17, 486],
  no_answer: [19, 480],
  call_rejected: [21, 603],
  network_out_of_order: [38, 502],
  temporary_failure: [41, 503],
};

function sourceOf(call: LiveCall): string | null {
  const { result } = call.state;
  if (!result) return null;
  if (result.cause === 'no_answer' || result.cause === 'user_busy') return 'carrier';
  if (result.by === 'agent') return 'app';
  if (result.by === 'platform') return 'system';
  return call.public.direction === 'inbound' ? 'caller' : 'callee';
}

/** The Call object of a REST answer. */
export function toResource(call: LiveCall, clock: Clock): Record<string, unknown> {
  const { public: facts, state } = call;
  const { result } = state;
  const iso = (at: number): string => new Date(clock.epoch + at).toISOString();
  const codes = result ? CODES[result.cause] : undefined;
  return {
    callId: facts.id,
    status: facts.status,
    to: facts.to,
    from: facts.from,
    direction: facts.direction,
    duration: facts.duration ?? null,
    accountId: facts.account,
    answeredBy: state.answeredBy ?? null,
    recordingUrl: null,
    hangupCause: result?.cause ?? null,
    hangupCauseQ850: codes?.[0] ?? null,
    sipResponseCode: codes?.[1] ?? null,
    hangupSource: sourceOf(call),
    dateCreated: iso(call.createdAt),
    dateUpdated: state.endedAt === undefined ? null : iso(state.endedAt),
  };
}
