/**
 * @module The control messages of the ClawOps platform (clawops.md §2.3, §2.4, §2.7): text in, facts out, and back.
 * Pure. What cannot be understood is named as such; nothing here throws.
 */
import type { LegStatus, TransferRequest } from '../contract.ts';
import { fieldsOf, parseFields } from '../scan.ts';

/** Steps of a transfer as the platform reports them. */
export type TransferStep = 'started' | 'connected' | 'completed' | 'failed';

/** A control message, understood. Durations in ms. */
export type ControlFact =
  | { type: 'incoming'; call: string; from: string; restricted: boolean; mediaUrl: string }
  | { type: 'ringing'; call: string }
  | { type: 'ready'; call: string; mediaUrl: string }
  | { type: 'ended'; call: string; status: LegStatus; durationMs: number | undefined }
  | { type: 'transfer'; call: string; request: string | undefined; step: TransferStep; reason: string }
  | { type: 'retired' }
  | { type: 'active' }
  /** A message this version does not know: later platforms send more. */
  | { type: 'unknown' }
  /** Not JSON, not an object, or without what the event needs. */
  | { type: 'malformed' };

type Fields = Readonly<Record<string, unknown>>;

const MALFORMED: ControlFact = { type: 'malformed' };

const textOf = (value: unknown, otherwise = ''): string => (typeof value === 'string' ? value : otherwise);

/** Reads one control message. */
export function readControl(text: string): ControlFact {
  const fields = parseFields(text);
  if (!fields || typeof fields.event !== 'string') return MALFORMED;
  const call = textOf(fields.callId);
  switch (fields.event) {
    case 'call.incoming':
      if (call === '') return MALFORMED;
      return {
        type: 'incoming',
        call,
        from: textOf(fields.from),
        restricted: fields.callerIdRestricted === true,
        mediaUrl: textOf(fields.mediaUrl),
      };
    case 'call.ringing':
      return call === '' ? MALFORMED : { type: 'ringing', call };
    case 'call.outbound_ready':
      return call === '' ? MALFORMED : { type: 'ready', call, mediaUrl: textOf(fields.mediaUrl) };
    case 'call.ended':
      if (call === '') return MALFORMED;
      return {
        type: 'ended',
        call,
        status: statusOf(fields.status),
        durationMs: durationOf(fields.duration),
      };
    case 'call.failed':
      return call === '' ? MALFORMED : { type: 'ended', call, status: 'failed', durationMs: undefined };
    case 'agent.retired':
      return { type: 'retired' };
    case 'agent.active':
      return { type: 'active' };
    default:
      return readTransfer(fields.event, call, fields);
  }
}

const STEPS: Readonly<Record<string, TransferStep>> = {
  'call.transfer.started': 'started',
  'call.transfer.connected': 'connected',
  'call.transfer.completed': 'completed',
  'call.transfer.failed': 'failed',
};

function readTransfer(event: string, call: string, fields: Fields): ControlFact {
  const step = Object.hasOwn(STEPS, event) ? STEPS[event] : undefined;
  if (!step) return { type: 'unknown' };
  const request = typeof fields.requestId === 'string' ? fields.requestId : undefined;
  if (call === '' && request === undefined) return MALFORMED;
  return { type: 'transfer', call, request, step, reason: reasonOf(fieldsOf(fields.transfer)?.reason) };
}

/** A word such as `no-answer`. It goes into logs and spans, where no sentence or number of the platform's belongs. */
function reasonOf(value: unknown): string {
  return typeof value === 'string' && /^[A-Za-z][A-Za-z_-]{0,63}$/.test(value) ? value : 'unknown';
}

const STATUSES: readonly LegStatus[] = ['completed', 'no-answer', 'busy', 'rejected', 'canceled', 'failed'];

/** The status of `call.ended` (clawops.md §2.6). Absent means completed; a value yet unknown is a failure. */
export function statusOf(value: unknown): LegStatus {
  if (value === undefined || value === null) return 'completed';
  if (value === 'cancelled') return 'canceled';
  return STATUSES.find((status) => status === value) ?? 'failed';
}

/** Whole seconds on the wire; 0 is a length like any other. */
function durationOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
    ? Math.round(value * 1000)
    : undefined;
}

/** `agent.hello`, due on every connection. */
export function writeHello(sdk: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ event: 'agent.hello', sdk });
}

/** `call.accept`. */
export function writeAccept(call: string): string {
  return JSON.stringify({ event: 'call.accept', callId: call });
}

/** `call.session_failed`: ends a call that will have no conversation. */
export function writeFailed(call: string, reason: string, message: string): string {
  return JSON.stringify({ event: 'call.session_failed', callId: call, reason, message });
}

/** `call.telemetry` or `call.metrics`. */
export function writeNotice(kind: 'telemetry' | 'metrics', call: string, body: Fields): string {
  return JSON.stringify({ event: `call.${kind}`, callId: call, [kind]: body });
}

const HOLD_MEDIA = { ringback: 'ringback', music: 'moh', silence: 'silence' } as const;

/** `call.transfer`. @param requestId the id on the wire, which every event of this transfer repeats. */
export function writeTransfer(call: string, request: TransferRequest, requestId: string): string {
  const transfer = {
    to: request.to,
    destinationType: request.destination,
    mode: request.mode,
    afterTransfer: request.after,
    holdMedia: HOLD_MEDIA[request.hold],
    whisper: request.whisper ?? null,
    context: request.context ?? null,
    callerId: request.callerId ?? null,
    timeout: Math.max(1, Math.round(request.ringTimeout / 1000)),
    ...(request.callerIdMode === undefined ? {} : { callerIdMode: request.callerIdMode }),
    requestId,
  };
  return JSON.stringify({ event: 'call.transfer', callId: call, transfer });
}
