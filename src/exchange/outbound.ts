/**
 * @module Calls the agent's side asks for: ringing, then an answer or a reason why not.
 * Starts only once the 201 is on the wire (clawops.md 2.5), since the client knows the call from that answer.
 */
import type { LiveCall } from './call.ts';
import type { CalleeBehaviour, FinalStatus, OutboundInfo } from './types.ts';

/**
 * Time from the 201 to the first event. Two sockets have no order between them, and a network takes longer than
 * this to make a telephone ring.
 */
const SETUP_MS = 20;
/** How long the callee lets it ring by default. */
const RING_MS = 1_000;

const CAUSES: Readonly<Record<Exclude<CalleeBehaviour['outcome'], 'answer'>, string>> = {
  busy: 'user_busy',
  'no-answer': 'no_answer',
  rejected: 'call_rejected',
  failed: 'temporary_failure',
};

/** Rings the dialled party and lets it behave as told. */
export function startDialling(call: LiveCall, info: OutboundInfo, callee: CalleeBehaviour): void {
  const after = callee.after ?? RING_MS;
  const refuse = (status: Exclude<CalleeBehaviour['outcome'], 'answer'> & FinalStatus): void =>
    call.end(status, CAUSES[status], status === 'rejected' ? 'caller' : 'platform');

  const decide = (): void => {
    if (after > info.ringTimeoutMs) refuse('no-answer');
    else if (callee.outcome === 'answer') answer();
    else refuse(callee.outcome);
  };
  const answer = (): void => {
    if (info.machineDetection) call.state.answeredBy = callee.answeredBy ?? 'human';
    if (info.machineDetection === 'Hangup' && call.state.answeredBy === 'machine') {
      call.end('completed', 'normal_clearing', 'platform');
      return;
    }
    if (callee.script) call.public.act(callee.script);
    call.note('answered');
    call.setStatus('in-progress');
    call.send({ event: 'call.outbound_ready', mediaUrl: call.issueMediaUrl() });
  };
  const ring = (): void => {
    if (callee.ringing !== false) {
      call.setStatus('ringing');
      call.note('ringing');
      call.send({ event: 'call.ringing' });
    }
    call.schedule(decide, Math.min(after, info.ringTimeoutMs));
  };
  if (!call.state.result) call.schedule(ring, SETUP_MS);
}
