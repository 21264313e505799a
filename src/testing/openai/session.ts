/**
 * @module One client of the stand-in: takes its events in the order they come, refuses what the service would
 * refuse, and answers from the script.
 */
import type { RealtimeResponse, RealtimeResponseCreateParams } from 'openai/resources/realtime/realtime';
import type { RawData } from 'ws';
import { FORMAT_BYTES_PER_MS } from './audio.ts';
import {
  close,
  type Core,
  createCore,
  cursorOf,
  later,
  refuse,
  sendError,
  type SessionOptions,
  sharedParts,
} from './core.ts';
import { handleOf, type StandInSession } from './handle.ts';
import { handleEvent, type HandlerHost } from './handlers.ts';
import { planReply } from './plan.ts';
import { base64Bytes, readEvent } from './read.ts';
import { type ResponseHost, startResponse } from './response.ts';
import { inputFormat, outputFormat } from './settings.ts';
import { createTurns, type Turns } from './turns.ts';
import { findAppendedAudio, spanEnd, spanStart } from './wire.ts';

/** Serves one accepted socket. */
export function createSession(options: SessionOptions): StandInSession {
  const core = createCore(options);
  const turns: Turns = createTurns({
    ...sharedParts(core),
    clock: options.clock,
    transcriptionMs: options.latency.transcriptionMs,
    respond: () => {
      if (!core.active) respond(core, turns, {}, undefined);
    },
    interrupt: () => {
      if (core.active && !core.active.outOfBand) core.active.cancel('turn_detected');
    },
  });
  const host: HandlerHost = {
    ...sharedParts(core),
    recorder: core.recorder,
    turns,
    apply: (settings) => {
      core.settings = settings;
    },
    active: () => core.active,
    respond: (params, eventId) => respond(core, turns, params, eventId),
  };
  options.socket.on('message', (data, isBinary) => receive(core, host, data, isBinary));
  options.socket.on('error', () => options.logger.debug({ session: core.id }, 'stand-in socket error'));
  options.socket.on('close', (code, reason) => end(core, turns, code, reason.toString()));
  core.outbox.send({ type: 'session.created', session: core.settings });
  if (options.maxSessionMs !== undefined) later(core, options.maxSessionMs, () => expire(core));
  return handleOf(core, turns);
}

// One for all sessions: an append is measured and done with before the next is read.
let scratch = Buffer.alloc(65_536);

function receive(core: Core, host: HandlerHost, data: RawData, isBinary: boolean): void {
  // With the default binaryType of `ws` it always is one.
  if (core.closed || !Buffer.isBuffer(data)) return;
  if (isBinary) return refuse(core, { code: 'invalid_json', message: 'Binary messages are not supported.' });
  const span = findAppendedAudio(data);
  if (span >= 0) return append(core, host.turns, data.toString('latin1', spanStart(span), spanEnd(span)));
  const read = readEvent(data);
  if ('error' in read) return refuse(core, read.error);
  const { event } = read;
  if (event.type === 'input_audio_buffer.append')
    return append(core, host.turns, event.audio, event.event_id);
  core.options.counters.clientEvents += 1;
  core.recorder.event(core.options.clock.now(), event);
  const error = handleEvent(host, event);
  return error ? refuse(core, { ...error, event_id: event.event_id ?? null }) : undefined;
}

function append(core: Core, turns: Turns, text: string, eventId?: string): void {
  const expected = base64Bytes(text);
  if (scratch.length < expected + 4) scratch = Buffer.alloc(expected * 2);
  const length = scratch.write(text, 'base64');
  if (length !== expected) {
    const message = "Invalid 'audio'. Expected base64-encoded audio bytes.";
    return refuse(core, { code: 'invalid_value', param: 'audio', message, event_id: eventId ?? null });
  }
  const format = inputFormat(core.settings);
  core.options.counters.appends += 1;
  core.recorder.audio(scratch, length, length / FORMAT_BYTES_PER_MS[format]);
  return turns.append(scratch, length, format);
}

function respond(
  core: Core,
  turns: Turns,
  params: RealtimeResponseCreateParams,
  eventId: string | undefined,
): void {
  const { options, settings } = core;
  const outOfBand = params.conversation === 'none' || params.input !== undefined;
  const answer = cursorOf(core).answer(params.instructions, outOfBand);
  const { fault, reply } = answer;
  if (fault?.kind === 'deaf' || fault?.kind === 'refused') {
    answer.settle('failed');
    if (fault.kind === 'deaf') return;
    const event_id = fault.tied === false ? null : (eventId ?? null);
    return sendError(core, {
      code: fault.code ?? 'rate_limit_exceeded',
      message: 'The request was refused.',
      event_id,
    });
  }
  const modalities = params.output_modalities ?? settings.output_modalities ?? ['audio'];
  const format = params.audio?.output?.format?.type ?? outputFormat(settings);
  const firstAudioMs =
    (reply.firstAudioMs ?? options.latency.firstAudioMs) + options.random() * options.latency.jitterMs;
  const pace = { ...options, firstAudioMs, callMs: options.latency.callMs };
  options.counters.responses += 1;
  const id = `resp_${options.connection}_${core.responses.length + 1}`;
  turns.stopWaiting();
  core.active = startResponse(responseHost(core, turns), {
    id,
    answer,
    plan: planReply(reply, fault, modalities[0] === 'text' ? undefined : format, pace),
    eventId,
    outOfBand,
    base: describeResponse(core, id, params, modalities),
  });
}

function describeResponse(
  core: Core,
  id: string,
  params: RealtimeResponseCreateParams,
  output_modalities: ('text' | 'audio')[],
): RealtimeResponse {
  const { audio, max_output_tokens } = core.settings;
  const format = params.audio?.output?.format ?? audio?.output?.format;
  const voice = audio?.output?.voice;
  const output = { ...(format && { format }), ...(typeof voice === 'string' && { voice }) };
  return {
    id,
    object: 'realtime.response',
    ...(params.conversation !== 'none' && { conversation_id: `conv_${core.options.connection}` }),
    output_modalities,
    max_output_tokens: params.max_output_tokens ?? max_output_tokens ?? 'inf',
    audio: { output },
    metadata: params.metadata ?? null,
  };
}

function responseHost(core: Core, turns: Turns): ResponseHost {
  return {
    ...sharedParts(core),
    clock: core.options.clock,
    called: (call, name, reply) => cursorOf(core).called(call, name, reply),
    error: (error) => sendError(core, error),
    closeSocket: (code, reason) => close(core, code, reason),
    destroySocket: () => core.options.socket.terminate(),
    finished: (ended) => {
      core.responses.push(ended);
      core.active = undefined;
      if (ended.status === 'cancelled') core.options.counters.cancelled += 1;
      else turns.awaitCaller(ended.audioMs);
    },
  };
}

function expire(core: Core): void {
  const message = 'Your session hit the maximum duration.';
  sendError(core, { code: 'session_expired', message });
  close(core, 1001, 'session expired');
}

function end(core: Core, turns: Turns, code: number, reason: string): void {
  const { clock, counters } = core.options;
  core.closed = { code, reason, at: clock.now() };
  counters.open -= 1;
  core.active?.stop();
  core.active = undefined;
  turns.stopWaiting();
  for (const timer of core.timers) clock.clearTimeout(timer);
  core.timers.clear();
  core.outbox.close();
}
