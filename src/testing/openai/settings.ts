/**
 * @module What the stand-in accepts from a client, in the GA shape only: pre-GA keys and values are refused with
 * the name of the parameter, as the service does.
 */
import type {
  RealtimeAudioInputTurnDetection,
  RealtimeSessionCreateRequest,
} from 'openai/resources/realtime/realtime';
import { z } from 'zod';
import { type AudioFormat } from './audio.ts';
import { type DetectorSettings, powerOf } from './vad.ts';
import type { WireError } from './wire.ts';

const text = z.string();
const id = z.string().max(512);
const wireName = z.string().regex(/^[a-zA-Z0-9_-]+$/);
const format = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('audio/pcm'), rate: z.literal(24_000).optional() }),
  z.strictObject({ type: z.literal('audio/pcmu') }),
  z.strictObject({ type: z.literal('audio/pcma') }),
]);
const detection = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('server_vad'),
    create_response: z.boolean().optional(),
    interrupt_response: z.boolean().optional(),
    idle_timeout_ms: z.number().int().min(5000).max(30_000).nullish(),
    prefix_padding_ms: z.number().int().min(0).optional(),
    silence_duration_ms: z.number().int().min(0).optional(),
    threshold: z.number().min(0).max(1).optional(),
  }),
  z.strictObject({
    type: z.literal('semantic_vad'),
    create_response: z.boolean().optional(),
    interrupt_response: z.boolean().optional(),
    eagerness: z.enum(['low', 'medium', 'high', 'auto']).optional(),
  }),
]);
const modalities = z.array(z.enum(['text', 'audio'])).length(1);
const voice = z.union([z.string(), z.strictObject({ id: z.string() })]);
const tools = z.array(
  z.looseObject({
    type: z.enum(['function', 'mcp']),
    name: wireName.optional(),
    description: text.optional(),
  }),
);
const limit = z.union([z.number().int().min(1), z.literal('inf')]);
const anything = z.unknown().optional();

const session = z.strictObject({
  type: z.literal('realtime'),
  audio: z
    .strictObject({
      input: z
        .strictObject({
          format: format.optional(),
          noise_reduction: z.looseObject({ type: z.enum(['near_field', 'far_field']) }).nullish(),
          transcription: z.looseObject({ model: text.optional(), language: text.optional() }).nullish(),
          turn_detection: detection.nullish(),
        })
        .optional(),
      output: z
        .strictObject({
          format: format.optional(),
          speed: z.number().min(0.25).max(1.5).optional(),
          voice: voice.optional(),
        })
        .optional(),
    })
    .optional(),
  include: anything,
  instructions: text.optional(),
  max_output_tokens: limit.optional(),
  model: text.optional(),
  output_modalities: modalities.optional(),
  parallel_tool_calls: z.boolean().optional(),
  prompt: anything,
  reasoning: anything,
  tool_choice: anything,
  tools: tools.optional(),
  tracing: anything,
  truncation: anything,
});

const status = z.enum(['completed', 'incomplete', 'in_progress']).optional();
const common = { id: wireName.max(32).optional(), object: z.literal('realtime.item').optional(), status };
const part = (...types: [string, ...string[]]) =>
  z.array(z.looseObject({ type: z.enum(types), text: text.optional() })).min(1);
const message = z.discriminatedUnion('role', [
  z.strictObject({
    ...common,
    type: z.literal('message'),
    role: z.literal('system'),
    content: part('input_text'),
  }),
  z.strictObject({
    ...common,
    type: z.literal('message'),
    role: z.literal('user'),
    content: part('input_text', 'input_audio', 'input_image'),
  }),
  z.strictObject({
    ...common,
    type: z.literal('message'),
    role: z.literal('assistant'),
    content: part('output_text', 'output_audio'),
  }),
]);
const item = z.discriminatedUnion('type', [
  message,
  z.strictObject({
    ...common,
    type: z.literal('function_call'),
    call_id: wireName.max(32).optional(),
    name: wireName,
    arguments: text,
  }),
  z.strictObject({
    ...common,
    type: z.literal('function_call_output'),
    call_id: wireName.max(32),
    output: text,
  }),
]);

const response = z.strictObject({
  audio: z
    .strictObject({
      output: z.strictObject({ format: format.optional(), voice: voice.optional() }).optional(),
    })
    .optional(),
  conversation: z.enum(['auto', 'none']).optional(),
  input: z.array(z.looseObject({})).optional(),
  instructions: text.optional(),
  max_output_tokens: limit.optional(),
  metadata: z.record(z.string().max(64), z.string().max(512)).nullish(),
  output_modalities: modalities.optional(),
  parallel_tool_calls: z.boolean().optional(),
  prompt: anything,
  reasoning: anything,
  tool_choice: anything,
  tools: tools.optional(),
});

const event = { type: z.string(), event_id: id.optional() };
const SHAPES: Readonly<Record<string, z.ZodType>> = {
  'session.update': z.strictObject({ ...event, session }),
  'input_audio_buffer.append': z.strictObject({ ...event, audio: text }),
  'input_audio_buffer.commit': z.strictObject(event),
  'input_audio_buffer.clear': z.strictObject(event),
  'output_audio_buffer.clear': z.strictObject(event),
  'conversation.item.create': z.strictObject({ ...event, item, previous_item_id: id.nullish() }),
  'conversation.item.truncate': z.strictObject({
    ...event,
    item_id: id,
    content_index: z.number().int().min(0),
    audio_end_ms: z.number().int().min(0),
  }),
  'conversation.item.delete': z.strictObject({ ...event, item_id: id }),
  'conversation.item.retrieve': z.strictObject({ ...event, item_id: id }),
  'response.create': z.strictObject({ ...event, response: response.optional() }),
  'response.cancel': z.strictObject({ ...event, response_id: id.optional() }),
};

/** Checks a client event of a known type. @returns the error the service would send, or undefined. */
export function checkEvent(type: string, value: unknown): WireError | undefined {
  const result = SHAPES[type]?.safeParse(value);
  const issue = result?.error?.issues[0];
  return issue ? describe(issue, value) : undefined;
}

function describe(issue: z.core.$ZodIssue, value: unknown): WireError {
  if (issue.code === 'unrecognized_keys') {
    const param = pathOf([...issue.path, issue.keys[0] ?? '']);
    return { code: 'unknown_parameter', param, message: `Unknown parameter: '${param}'.` };
  }
  const param = pathOf(issue.path);
  if (at(value, issue.path) === undefined) {
    const missing =
      issue.code === 'invalid_union' && issue.discriminator ? `${param}.${issue.discriminator}` : param;
    return {
      code: 'missing_required_parameter',
      param: missing,
      message: `Missing required parameter: '${missing}'.`,
    };
  }
  if (issue.code === 'invalid_type') {
    return {
      code: 'invalid_type',
      param,
      message: `Invalid type for '${param}': expected ${issue.expected}.`,
    };
  }
  return { code: 'invalid_value', param, message: `Invalid value for '${param}': ${issue.message}.` };
}

function pathOf(path: readonly PropertyKey[]): string {
  let out = '';
  for (const key of path) out += typeof key === 'number' ? `[${key}]` : `${out && '.'}${String(key)}`;
  return out;
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  let here = value;
  for (const key of path) here = typeof here === 'object' && here ? Reflect.get(here, key) : undefined;
  return here;
}

/** A session as the service reports it: the request's shape, complete, with its id. */
export type SessionSettings = RealtimeSessionCreateRequest & {
  readonly id: string;
  readonly object: 'realtime.session';
};

/** What a new session starts with: 24 kHz PCM and server VAD, which a phone agent has to change. */
export function defaultSettings(sessionId: string, model: string): SessionSettings {
  return {
    type: 'realtime',
    object: 'realtime.session',
    id: sessionId,
    model,
    output_modalities: ['audio'],
    instructions: '',
    tools: [],
    tool_choice: 'auto',
    max_output_tokens: 'inf',
    audio: {
      input: {
        format: { type: 'audio/pcm', rate: 24_000 },
        turn_detection: serverVad({ type: 'server_vad' }),
      },
      output: { format: { type: 'audio/pcm', rate: 24_000 }, voice: 'marin', speed: 1 },
    },
  };
}

/** Applies a checked update: only what is present changes; lists, formats and turn detection are replaced whole. */
export function mergeSettings(now: SessionSettings, update: RealtimeSessionCreateRequest): SessionSettings {
  const input = { ...now.audio?.input, ...update.audio?.input };
  if (input.turn_detection?.type === 'server_vad') input.turn_detection = serverVad(input.turn_detection);
  const output = { ...now.audio?.output, ...update.audio?.output };
  return { ...now, ...update, audio: { input, output } };
}

function serverVad(
  given: RealtimeAudioInputTurnDetection.ServerVad,
): RealtimeAudioInputTurnDetection.ServerVad {
  return {
    threshold: 0.5,
    prefix_padding_ms: 300,
    silence_duration_ms: 500,
    idle_timeout_ms: null,
    create_response: true,
    interrupt_response: true,
    ...given,
  };
}

/** The negotiated formats. */
export const inputFormat = (settings: SessionSettings): AudioFormat =>
  settings.audio?.input?.format?.type ?? 'audio/pcm';
export const outputFormat = (settings: SessionSettings): AudioFormat =>
  settings.audio?.output?.format?.type ?? 'audio/pcm';

// The longest waits are the documented ones; the usual ones are what a finished sentence needs before it is
// believed, and a short sound (a hesitation) needs half as much again.
const EAGERNESS = {
  low: { usual: 900, longest: 8000 },
  medium: { usual: 600, longest: 4000 },
  auto: { usual: 600, longest: 4000 },
  high: { usual: 300, longest: 2000 },
} as const;
const HESITATION_MS = 400;

/**
 * The detector that a session's turn detection asks for. Semantic detection waits the longest time where the words
 * heard (the script's next) break off in mid-sentence. Without detection the defaults measure what is committed.
 */
export function detectorOf(settings: SessionSettings, nextWords: () => string): DetectorSettings {
  const detection = settings.audio?.input?.turn_detection;
  if (detection?.type === 'semantic_vad') {
    const { usual, longest } = EAGERNESS[detection.eagerness ?? 'auto'];
    return {
      power: powerOf(0.5),
      prefixMs: 300,
      silenceMs: (voicedMs) => {
        if (/[,…-]\s*$|\.\.\.\s*$/.test(nextWords())) return longest;
        return voicedMs < HESITATION_MS ? usual * 1.5 : usual;
      },
    };
  }
  const silence = detection?.silence_duration_ms ?? 500;
  return {
    power: powerOf(detection?.threshold ?? 0.5),
    prefixMs: detection?.prefix_padding_ms ?? 300,
    silenceMs: () => silence,
  };
}
