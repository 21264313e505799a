/**
 * @module Transfers (clawops.md 2.7): `started`, `connected`, then exactly one of `completed` or `failed`, each with
 * the request id at the top level. `terminate` takes the media away at the start, `return` keeps it.
 */
import type { Clock, TimerHandle } from '../runtime/clock.ts';
import { isObject } from './envelope.ts';
import type { TransferAsked, TransferPlan } from './types.ts';

/** Rings before the target answers, and how long it then talks, unless the plan says otherwise. */
const ANSWER_AFTER_MS = 1_000;
const BRIDGE_MS = 5_000;

/** What a transfer does to its call. */
export interface TransferHost {
  readonly clock: Clock;
  send(
    state: 'started' | 'connected' | 'completed' | 'failed',
    requestId: string | undefined,
    transfer: object,
  ): void;
  /** The caller leaves the agent (`terminate` closes the media), or comes back to it. */
  leave(mode: TransferAsked['afterTransfer']): void;
  comeBack(): void;
  /** The bridge of a `terminate` transfer is over, or never came to be. */
  over(connected: boolean): void;
}

interface Transfer {
  /** The call is over: whatever is pending fails. */
  cancel(): void;
}

/** Reads the wire's request; undefined if it cannot be acted on. */
function readTransfer(message: Record<string, unknown>, callId: string): TransferAsked | undefined {
  const body = message.transfer;
  if (!isObject(body) || typeof body.to !== 'string' || body.to === '') return undefined;
  return {
    callId,
    requestId: typeof body.requestId === 'string' ? body.requestId : undefined,
    to: body.to,
    mode: typeof body.mode === 'string' ? body.mode : 'blind',
    afterTransfer: body.afterTransfer === 'return' ? 'return' : 'terminate',
    timeout: typeof body.timeout === 'number' ? body.timeout : 30,
  };
}

export interface TransferDesk {
  /** The agent asks for a transfer: it is run, or refused at once. */
  request(message: Record<string, unknown>): void;
  /** The call is over: what is pending fails. */
  cancel(): void;
}

/** Runs a call's transfers, one at a time. @param possible whether the call can be transferred now */
export function createTransferDesk(parts: {
  readonly callId: string;
  readonly plan: (asked: TransferAsked) => TransferPlan;
  readonly possible: () => boolean;
  readonly host: TransferHost;
}): TransferDesk {
  let pending: Transfer | undefined;
  return {
    request(message) {
      const asked = readTransfer(message, parts.callId);
      if (asked && !pending && parts.possible()) {
        let over = false;
        const transfer = runTransfer(asked, parts.plan(asked), parts.host, () => {
          over = true;
          pending = undefined;
        });
        if (!over) pending = transfer;
        return;
      }
      const body = isObject(message.transfer) ? message.transfer : {};
      const requestId = typeof body.requestId === 'string' ? body.requestId : undefined;
      const reason = asked ? 'call_not_transferable' : 'invalid_request';
      parts.host.send('failed', requestId, { status: 'failed', reason });
    },
    cancel: () => pending?.cancel(),
  };
}

/** Runs one transfer to its end. @param done called once, when its final event has been sent */
function runTransfer(
  asked: TransferAsked,
  plan: TransferPlan,
  host: TransferHost,
  done: () => void,
): Transfer {
  const { clock } = host;
  let timer: TimerHandle | undefined;
  let finished = false;
  let connectedAt: number | undefined;

  const finish = (state: 'completed' | 'failed', result: object): void => {
    if (finished) return;
    finished = true;
    clock.clearTimeout(timer);
    host.send(state, asked.requestId, { status: state, ...result });
    done();
  };
  const release = (): void => {
    if (asked.afterTransfer === 'return') host.comeBack();
    else host.over(connectedAt !== undefined);
  };
  const bridged = (bridgeMs: number): void => {
    connectedAt = clock.now();
    host.send('connected', asked.requestId, { status: 'connected' });
    timer = clock.setTimeout(() => {
      finish('completed', { duration: Math.round(bridgeMs / 1000) });
      release();
    }, bridgeMs);
  };
  const unanswered = (reason: string): void => {
    finish('failed', { reason });
    release();
  };

  if (plan.outcome === 'refused') {
    finish('failed', { reason: plan.reason ?? 'rejected' });
    return { cancel() {} };
  }
  host.send('started', asked.requestId, { status: 'initiated' });
  host.leave(asked.afterTransfer);
  const limit = asked.timeout * 1000;
  const answerAfter = plan.answerAfter ?? ANSWER_AFTER_MS;
  timer = clock.setTimeout(
    () => {
      if (answerAfter > limit) unanswered('no-answer');
      else if (plan.outcome === 'failed') unanswered(plan.reason ?? 'no-answer');
      else bridged(plan.bridgeMs ?? BRIDGE_MS);
    },
    Math.min(answerAfter, limit),
  );
  return { cancel: () => finish('failed', { reason: 'canceled' }) };
}
