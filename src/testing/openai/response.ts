/**
 * @module One response being generated: plays a plan through the clock as the service's events, and can be cut
 * short at any moment. What was generated until then is what the conversation keeps.
 */
import type { RealtimeResponse, RealtimeResponseStatus } from 'openai/resources/realtime/realtime';
import type { Clock, TimerHandle } from '../../runtime/clock.ts';
import type { Answer } from './cursor.ts';
import { BINARY_FRAME, MALFORMED_FRAME, type ResponseFault } from './faults.ts';
import { SLACK_MS } from './outbox.ts';
import { createOutput, type Output, type OutputHost } from './output.ts';
import type { Step } from './plan.ts';
import type { Reply } from './script.ts';
import type { WireError } from './wire.ts';

export type CancelReason = 'turn_detected' | 'client_cancelled';

/** What a response needs from its session. */
export interface ResponseHost extends Omit<OutputHost, 'called'> {
  readonly clock: Clock;
  called(call: string, name: string, reply: Reply): void;
  error(error: WireError): void;
  /** Runs later, unless the session is over by then. */
  later(ms: number, run: () => void): void;
  closeSocket(code: number, reason: string): void;
  destroySocket(): void;
  /** The slot is free again. */
  finished(end: ResponseEnd): void;
}

export interface ResponseEnd {
  readonly id: string;
  readonly status: 'completed' | 'cancelled' | 'failed' | 'incomplete';
  readonly audioMs: number;
}

export interface ResponseRequest {
  readonly id: string;
  readonly answer: Answer;
  readonly plan: readonly Step[];
  /** The client's `event_id`, for errors that are to be tied to it. */
  readonly eventId: string | undefined;
  readonly outOfBand: boolean;
  /** The parts of the response resource that do not change: metadata, modalities, format. */
  readonly base: RealtimeResponse;
}

export interface RunningResponse {
  readonly id: string;
  readonly outOfBand: boolean;
  cancel(reason: CancelReason): void;
  /** Forgets its timer, without a word. */
  stop(): void;
}

/** How far apart audio comes that a cancelled response still sends, ms. */
const STRAGGLE_MS = 10;
const SORRY = 'The server had an error while processing your request.';
const RATE_LIMITS = [
  { name: 'requests' as const, limit: 5000, remaining: 4999, reset_seconds: 0.012 },
  { name: 'tokens' as const, limit: 400_000, remaining: 395_000, reset_seconds: 0.7 },
];

/** Starts a response: announces it at once and plays its plan. */
export function startResponse(host: ResponseHost, request: ResponseRequest): RunningResponse {
  const { clock, outbox } = host;
  const { id, plan, answer, outOfBand } = request;
  const began = clock.now();
  const called = (call: string, name: string): void => host.called(call, name, answer.reply);
  const textOnly = request.base.output_modalities?.[0] === 'text';
  const output = createOutput({ ...host, called }, id, outOfBand, textOnly);
  let timer: TimerHandle | undefined;
  let position = 0;
  let over = false;

  const finish = (status: ResponseEnd['status'], why: RealtimeResponseStatus = {}): void => {
    if (over) return;
    over = true;
    clock.clearTimeout(timer);
    output.close('incomplete');
    const usage = usageOf(host.conversation.items.length, output);
    const details = { type: status, ...why };
    const response = { ...request.base, status, status_details: details, output: [...output.items], usage };
    outbox.send({ type: 'response.done', response });
    const empty = status === 'completed' && output.items.length === 0;
    answer.settle(
      status === 'cancelled' ? 'cancelled' : empty || status === 'failed' ? 'failed' : 'answered',
    );
    host.finished({ id, status, audioMs: output.audioMs });
  };

  const advance = (): void => {
    const elapsed = clock.now() - began;
    for (;;) {
      const step = plan[position];
      if (over || !step || step.at > elapsed + SLACK_MS) break;
      position += 1;
      if (step.do === 'done') finish('completed');
      else if (step.do === 'fault') spoil(host, step.fault, request.eventId, finish);
      else play(output, step);
    }
    arm();
  };
  const arm = (): void => {
    const next = plan[position];
    if (next && !over) timer = clock.setTimeout(advance, began + next.at - clock.now());
  };

  outbox.send({ type: 'response.created', response: { ...request.base, status: 'in_progress', output: [] } });
  outbox.send({ type: 'rate_limits.updated', rate_limits: RATE_LIMITS });
  arm();
  return {
    id,
    outOfBand,
    cancel(reason) {
      if (over) return;
      const sound = answer.fault?.kind === 'late' ? output.straggler() : undefined;
      finish('cancelled', { reason });
      if (!sound || answer.fault?.kind !== 'late') return;
      const rest = plan.slice(position).filter((step) => step.do === 'audio');
      for (const [index, { piece }] of rest.slice(0, answer.fault.deltas).entries()) {
        host.later(STRAGGLE_MS * (index + 1), () => sound(piece));
      }
    },
    stop() {
      over = true;
      clock.clearTimeout(timer);
    },
  };
}

function play(output: Output, step: Step): void {
  switch (step.do) {
    case 'openMessage':
      return output.openMessage();
    case 'words':
      return output.say(step.delta);
    case 'audio':
      return output.sound(step.piece);
    case 'openCall':
      return output.openCall(step.name, step.arguments);
    case 'arguments':
      return output.argue(step.delta);
    case 'closeMessage':
    case 'closeCall':
      return output.close('completed');
    default:
      return undefined;
  }
}

type Finish = (status: ResponseEnd['status'], why?: RealtimeResponseStatus) => void;

function spoil(host: ResponseHost, fault: ResponseFault, eventId: string | undefined, finish: Finish): void {
  switch (fault.kind) {
    case 'close':
      return host.closeSocket(fault.code, fault.reason ?? '');
    case 'destroy':
      return host.destroySocket();
    case 'error': {
      const event_id = fault.tied ? (eventId ?? null) : null;
      return host.error({ type: 'server_error', code: fault.code ?? null, message: SORRY, event_id });
    }
    case 'failed': {
      const error = { type: 'server_error', code: fault.code ?? 'server_error', message: SORRY };
      return finish('failed', { error });
    }
    case 'incomplete':
      return finish('incomplete', { reason: fault.reason ?? 'max_output_tokens' });
    case 'malformed':
      return host.outbox.raw(MALFORMED_FRAME);
    case 'binary':
      return host.outbox.raw(BINARY_FRAME, true);
    case 'unknown':
      return host.outbox.raw(unknownEvent(host.outbox.nextId()));
    default:
      return undefined;
  }
}

/** An event of a type that no client knows. */
export function unknownEvent(id: string): Buffer {
  return Buffer.from(
    JSON.stringify({ type: 'response.output_dream.delta', event_id: id, delta: '?' }),
    'utf8',
  );
}

/** Plausible numbers: 20 audio tokens a second out, four characters a text token, 25 tokens an item of context. */
function usageOf(contextItems: number, output: Output): NonNullable<RealtimeResponse['usage']> {
  const audio = Math.ceil(output.audioMs / 50);
  const text = Math.ceil(output.chars / 4);
  const input = 60 + contextItems * 25;
  return {
    total_tokens: input + audio + text,
    input_tokens: input,
    output_tokens: audio + text,
    input_token_details: { text_tokens: input, audio_tokens: 0, cached_tokens: 0 },
    output_token_details: { text_tokens: text, audio_tokens: audio },
  };
}
