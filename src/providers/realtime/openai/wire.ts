/**
 * @module Server messages as facts and words. Pure but for the id map: what arrives is never trusted to have
 * its fields, what is not known is counted, and nothing of a generation that was cut gets through.
 */
import { chunkOfBase64 } from '../../../audio/chunk.ts';
import type { GenerationEnd, SessionContext } from '../../contract.ts';
import type { Counters } from './counters.ts';
import { array, codeOf, type Fields, flatten, object, text } from './fields.ts';
import { type Generation, type Ids, itemOf } from './ids.ts';
import type { Turns } from './turns.ts';

export interface WireHost {
  readonly ids: Ids;
  readonly turns: Turns;
  readonly counters: Counters;
  /** The vendor's detector cancels its response when the caller speaks. */
  readonly interrupts: boolean;
  readonly context: Pick<SessionContext, 'takeGeneration' | 'fact' | 'wrote' | 'audio' | 'logger'>;
  /** `session.updated`: the vendor has taken our settings, or changed ones. */
  readonly configured: () => void;
  /** The vendor says that this session is over or will never be. */
  readonly lost: (code: string, retryable: boolean) => void;
  /** A reply that was cut had called a tool already: it will not run, and the model must be told so. */
  readonly orphaned: (call: string) => void;
  /** Whether the settings have been taken: an error about them is fatal only before. */
  readonly isConfigured: () => boolean;
}

// Messages that say nothing the facts do not say; everything else unknown is counted.
const IGNORED = new Set([
  'session.created',
  'conversation.created',
  'conversation.item.created',
  'conversation.item.added',
  'conversation.item.done',
  'conversation.item.truncated',
  'conversation.item.deleted',
  'conversation.item.retrieved',
  'conversation.item.input_audio_transcription.segment',
  'input_audio_buffer.cleared',
  'input_audio_buffer.timeout_triggered',
  'rate_limits.updated',
  'response.output_item.added',
  'response.content_part.added',
  'response.content_part.done',
  'response.output_audio.done',
  'response.output_audio_transcript.done',
  'response.output_text.delta',
  'response.output_text.done',
  'response.function_call_arguments.delta',
  'response.function_call_arguments.done',
]);

// A session after one of these fails the same way however often it is opened.
const PERMANENT: Readonly<Record<string, string>> = {
  invalid_api_key: 'OFFHOOK_AUTH_REFUSED',
  authentication_error: 'OFFHOOK_AUTH_REFUSED',
  insufficient_quota: 'insufficient_quota',
  model_not_found: 'model_not_found',
};

const ENDS: Readonly<Record<string, GenerationEnd>> = {
  completed: 'completed',
  cancelled: 'cancelled',
  incomplete: 'incomplete',
};

/** Messages of this type say nothing. */
export function ignores(type: string): boolean {
  return IGNORED.has(type);
}

/** Translates any server message but audio. Source: protocols/providers.md section 1. */
export function receive(host: WireHost, event: Fields): void {
  const type = text(event, 'type');
  const handle = HANDLERS.get(type);
  if (handle) handle(host, event);
  else if (!IGNORED.has(type)) host.counters.unknown += 1;
}

/** Translates one audio delta; `base64` is kept. */
export function hear(host: WireHost, response: string, item: string, base64: Uint8Array): void {
  const { ids, counters, context } = host;
  const generation = ids.response(response);
  if (!generation) {
    counters.late += 1;
    return;
  }
  const chunk = chunkOfBase64(base64, generation.gen);
  if (chunk.ms <= 0) return;
  // Counted even when it is too late: the vendor's item holds it, and a truncation is measured against that.
  itemOf(generation, item).ms += chunk.ms;
  if (generation.cut || generation.done) {
    counters.late += 1;
    return;
  }
  if (generation.audioMs === 0) context.fact({ type: 'gen.audio', gen: generation.gen });
  generation.audioMs += chunk.ms;
  context.audio(chunk);
}

const HANDLERS = new Map<string, (host: WireHost, event: Fields) => void>([
  ['session.updated', ({ configured }) => configured()],
  ['error', (host, event) => fail(host, object(event, 'error'))],
  [
    'input_audio_buffer.speech_started',
    ({ interrupts, ids, context }) => {
      if (interrupts) ids.interrupt();
      context.fact({ type: 'voice.start' });
    },
  ],
  ['input_audio_buffer.speech_stopped', ({ context }) => context.fact({ type: 'voice.stop' })],
  ['input_audio_buffer.committed', ({ turns }, event) => turns.committed(text(event, 'item_id'))],
  [
    'conversation.item.input_audio_transcription.delta',
    ({ turns }, event) => turns.transcribing(text(event, 'item_id'), text(event, 'delta')),
  ],
  [
    'conversation.item.input_audio_transcription.completed',
    ({ turns }, event) => turns.transcribed(text(event, 'item_id'), text(event, 'transcript')),
  ],
  [
    'conversation.item.input_audio_transcription.failed',
    ({ turns, counters }, event) => {
      counters.untranscribed += 1;
      turns.transcribed(text(event, 'item_id'), undefined);
    },
  ],
  ['response.created', (host, event) => begin(host, object(event, 'response'))],
  [
    'response.output_audio.delta',
    (host, event) => {
      const base64 = Buffer.from(text(event, 'delta'), 'latin1');
      hear(host, text(event, 'response_id'), text(event, 'item_id'), base64);
    },
  ],
  [
    'response.output_audio_transcript.delta',
    (host, event) => {
      const generation = live(host, text(event, 'response_id'));
      if (!generation) return;
      const { gen, audioMs } = generation;
      host.context.wrote({ kind: 'assistant', gen, delta: text(event, 'delta'), audioMs });
    },
  ],
  [
    'response.output_item.done',
    (host, event) => {
      const response = text(event, 'response_id');
      if (host.ids.response(response)?.cut) disownTool(host, object(event, 'item'));
      const generation = live(host, response);
      if (generation) callTool(host, generation, object(event, 'item'));
    },
  ],
  ['response.done', (host, event) => finish(host, object(event, 'response'))],
]);

/** The generation of a response if it still has an effect; otherwise what came is dropped here and counted. */
function live({ ids, counters }: WireHost, response: string): Generation | undefined {
  const generation = ids.response(response);
  if (generation && !generation.cut && !generation.done) return generation;
  counters.late += 1;
  return undefined;
}

function begin({ ids, counters, context }: WireHost, response: Fields): void {
  const id = text(response, 'id');
  if (id === '' || ids.response(id)) {
    counters.late += 1;
    return;
  }
  const named = Number(text(object(response, 'metadata'), 'offhook_request') || Number.NaN);
  const request = ids.answered(named) ? named : undefined;
  const { gen } = ids.begin(id, context.takeGeneration(), request);
  context.fact({ type: 'gen.started', gen, ...(request === undefined ? {} : { request }) });
}

function callTool({ ids, context }: WireHost, generation: Generation, item: Fields): void {
  // A cancelled response ends its items as incomplete: the arguments stop in the middle.
  if (text(item, 'type') !== 'function_call' || text(item, 'status') === 'incomplete') return;
  const call = text(item, 'call_id');
  if (call === '' || !ids.firstCall(call)) return;
  const name = text(item, 'name');
  generation.tools += 1;
  context.wrote({ kind: 'tool', call, name, arguments: text(item, 'arguments') });
  context.fact({ type: 'tool.call', gen: generation.gen, call, name });
}

/** A call without an output leaves a hole in the conversation, into which some models fall silent. */
function disownTool({ ids, orphaned }: WireHost, item: Fields): void {
  if (text(item, 'type') !== 'function_call' || text(item, 'status') === 'incomplete') return;
  const call = text(item, 'call_id');
  if (call !== '' && ids.firstCall(call)) orphaned(call);
}

function finish(host: WireHost, response: Fields): void {
  const { ids, counters, context } = host;
  const generation = ids.response(text(response, 'id'));
  if (!generation || generation.done) {
    counters.late += 1;
    return;
  }
  const { gen, request } = generation;
  const status = text(response, 'status');
  if (status === 'completed' && !generation.cut) {
    for (const item of array(response, 'output')) callTool(host, generation, item);
  }
  generation.done = true;
  const usage = flatten(object(response, 'usage'));
  if (Object.keys(usage).length > 0) context.wrote({ kind: 'usage', gen, usage });
  const reason = Object.hasOwn(ENDS, status) ? ENDS[status] : undefined;
  if (reason) {
    context.fact({ type: 'gen.done', gen, audioMs: generation.audioMs, tools: generation.tools, reason });
    return;
  }
  const code = codeOf(object(object(response, 'status_details'), 'error'));
  context.logger.warn({ code, gen }, 'the model failed in the middle of a response');
  context.fact({ type: 'gen.failed', gen, ...(request === undefined ? {} : { request }), code });
}

function fail(host: WireHost, error: Fields): void {
  const { ids, turns, counters, context } = host;
  const code = codeOf(error);
  const event = text(error, 'event_id');
  const purpose = ids.purpose(event);
  if (code === 'session_expired') return host.lost(code, true);
  if (purpose !== 'response' && Object.hasOwn(PERMANENT, code)) return host.lost(PERMANENT[code]!, false);
  // Nothing to cancel, or more truncated than there is: the vendor was faster, and nobody waits for it.
  if (purpose === 'cancel' || purpose === 'truncate') {
    counters.refused += 1;
    return;
  }
  counters.errors += 1;
  context.logger.warn({ code, purpose: purpose ?? 'none' }, 'the model reported an error');
  if (purpose === 'session' && !host.isConfigured()) return host.lost(code, false);
  if (purpose === 'commit') return turns.refused();
  const request = ids.settle(event);
  if (request !== undefined) context.fact({ type: 'gen.failed', request, code });
}
