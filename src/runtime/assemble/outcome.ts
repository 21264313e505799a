/** @module Which error a call that failed ended in: the chart knows a reason, a program wants a code. */
import { type ErrorCode, ERRORS, OffhookError } from '../../errors.ts';
import type { AnyMachineSnapshot } from 'xstate';
import type { CallContext, ChartOutcome } from '../../machines/call/vocabulary.ts';

/** The chart's own words for an end that is an error. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  session: 'OFFHOOK_SESSION_FAILED',
  'no-answer-from-model': 'OFFHOOK_SESSION_SILENT',
  media: 'OFFHOOK_MEDIA_FAILED',
  fault: 'OFFHOOK_CHART_FAULT',
};

/** How a call ended, with the error if it ended in one. */
export interface CallEnd extends ChartOutcome {
  readonly error?: OffhookError;
}

/** The end of a call chart that has reached its final state. */
export function readEnd(snapshot: AnyMachineSnapshot, call: string): CallEnd {
  const outcome = snapshot.output as ChartOutcome;
  const error = errorOf(outcome, (snapshot.context as CallContext).sessionFailed, call);
  return error === undefined ? outcome : { ...outcome, error };
}

/**
 * The error of an outcome, if it is one. A reason of the leg may be a code itself.
 * @param session why the session was given up; a code of ours, or the provider's word for it.
 */
function errorOf(
  { status, reason }: ChartOutcome,
  session: string | null,
  call: string,
): OffhookError | undefined {
  if (status !== 'failed') return undefined;
  const code = reason === 'session' && isCode(session) ? session : isCode(reason) ? reason : CODES[reason];
  if (code === undefined) return undefined;
  const why = code === 'OFFHOOK_SESSION_FAILED' && session !== null && !isCode(session) ? session : undefined;
  const message = why === undefined ? undefined : `The model session ended with "${why}".`;
  return new OffhookError(code, message, { call });
}

function isCode(code: string | null): code is ErrorCode {
  return code !== null && Object.hasOwn(ERRORS, code);
}
