/**
 * @module What `openaiRealtime` takes, checked as a whole when it is called and not when a phone rings.
 * Every refusal names the option, its rule and, unless it is secret, the value received.
 */
import { z } from 'zod';
import { readEnv } from '../../../env.ts';
import type { TurnSettings } from '../../contract.ts';
import { OffhookError } from '../../../errors.ts';
import { isLoopback } from '../../../runtime/address.ts';

/** Built-in voices of the Realtime API (openai 7.55 declarations). */
export const VOICES = [
  'alloy',
  'ash',
  'ballad',
  'cedar',
  'coral',
  'echo',
  'marin',
  'sage',
  'shimmer',
  'verse',
] as const;

export type OpenAIRealtimeVoice = (typeof VOICES)[number];

/** Who ends a turn. Delays in ms. */
export interface OpenAIRealtimeTurns {
  /**
   * `model`: the vendor's detector commits, answers and interrupts (lowest latency).
   * `runtime`: it only reports voice; Offhook asks for replies and interrupts. Default `model`.
   */
  by?: 'model' | 'runtime' | undefined;
  /** Silence after the caller's last word before a reply is asked for; runtime turns only. Default 500. */
  answerAfter?: number | undefined;
  /**
   * Voice needed before the agent yields. Default 0: the vendor's detector has already debounced; 200 with
   * `turnDetection: null`, where Offhook's own listens.
   */
  interruptAfter?: number | undefined;
}

/** Opens the conversation: in the model's words (no `text`) or in yours. */
export interface OpenAIRealtimeGreeting {
  text?: string | undefined;
  /** Whether the caller may talk over it. Default true. */
  interruptible?: boolean | undefined;
}

export interface OpenAIRealtimeOptions {
  /** The system prompt. Not empty. */
  instructions: string;
  /** A built-in voice; a custom one goes under `vendor.audio.output.voice`. Default `marin`. */
  voice?: OpenAIRealtimeVoice | undefined;
  /** Default `gpt-realtime-2`. */
  model?: string | undefined;
  /** ISO code of the language spoken, such as `ko`. Helps transcription and verbatim lines. Default: any. */
  language?: string | undefined;
  turns?: OpenAIRealtimeTurns | undefined;
  /**
   * The vendor's `turn_detection` object, passed on as a whole. `null` (no detector) needs `turns.by: 'runtime'`.
   * Default: semantic_vad, eagerness low, answering and interrupting by itself.
   */
  turnDetection?: Readonly<Record<string, unknown>> | null | undefined;
  /** Default true: the model greets in its own words. */
  greeting?: boolean | string | OpenAIRealtimeGreeting | undefined;
  /** What transcribes the caller. Default `gpt-transcribe`. */
  transcription?: { model?: string | undefined; prompt?: string | undefined } | undefined;
  /** Default `near_field`. */
  noiseReduction?: 'near_field' | 'far_field' | false | undefined;
  /** Speaking rate, 0.25 to 1.5. Default: the vendor's, 1. */
  speed?: number | undefined;
  /** Default: the environment variable OPENAI_API_KEY. */
  apiKey?: string | undefined;
  /** Default: OPENAI_BASE_URL, else https://api.openai.com/v1. Plain http or ws only on this machine. */
  baseUrl?: string | undefined;
  /** Allows a plain baseUrl off this machine. Default false. */
  insecure?: boolean | undefined;
  /** The law of the phone line's audio. Default `ulaw`. */
  codec?: 'ulaw' | 'alaw' | undefined;
  /** Merged into the vendor's session object last, untouched: `{ reasoning: { effort: 'low' } }`. */
  vendor?: Readonly<Record<string, unknown>> | undefined;
}

/** The defaults of `openaiRealtime`. */
export const DEFAULTS = {
  voice: 'marin',
  model: 'gpt-realtime-2',
  codec: 'ulaw',
  baseUrl: 'https://api.openai.com/v1',
  noiseReduction: 'near_field',
  transcription: 'gpt-transcribe',
  // The product's debounce: people pause this long inside a sentence, and wait no longer than that after one.
  answerAfter: 500,
  interruptAfter: 0,
  // Our detector hears energy, not speech: a cough or a door is over in less.
  interruptAfterOwnDetector: 200,
  // Low eagerness lets a caller think in mid-sentence, which on a phone is cut off far more often than it drags.
  turnDetection: {
    type: 'semantic_vad',
    eagerness: 'low',
    create_response: true,
    interrupt_response: true,
  },
} as const;

// A caller who hears nothing for this long has hung up; more is a mistake in the unit.
const LONGEST_DELAY = 10_000;

const delay = z.number().min(0).max(LONGEST_DELAY);
const object = z.record(z.string(), z.unknown());

const schema = z.strictObject({
  instructions: z.string().min(1),
  voice: z.enum(VOICES).default(DEFAULTS.voice),
  model: z.string().min(1).default(DEFAULTS.model),
  language: z
    .string()
    .regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, 'must be an ISO language code such as "ko" or "en-GB"')
    .optional(),
  turns: z
    .strictObject({
      by: z.enum(['model', 'runtime']).default('model'),
      answerAfter: delay.default(DEFAULTS.answerAfter),
      interruptAfter: delay.optional(),
    })
    .prefault({}),
  turnDetection: object.nullable().default(DEFAULTS.turnDetection),
  greeting: z
    .union([
      z.boolean(),
      z.string().min(1),
      z.strictObject({ text: z.string().min(1).optional(), interruptible: z.boolean().default(true) }),
    ])
    .default(true),
  transcription: z
    .strictObject({
      model: z.string().min(1).default(DEFAULTS.transcription),
      prompt: z.string().min(1).optional(),
    })
    .prefault({}),
  noiseReduction: z
    .union([z.enum(['near_field', 'far_field']), z.literal(false)])
    .default(DEFAULTS.noiseReduction),
  speed: z.number().min(0.25).max(1.5).optional(),
  apiKey: z.string().trim().min(1).optional(),
  baseUrl: z.string().min(1).optional(),
  insecure: z.boolean().default(false),
  codec: z.enum(['ulaw', 'alaw']).default(DEFAULTS.codec),
  vendor: object.default({}),
});

/** Options with every default filled in. `baseUrl` has passed the TLS rule. */
export type ResolvedOptions = Omit<z.output<typeof schema>, 'apiKey' | 'baseUrl' | 'insecure' | 'turns'> & {
  readonly turns: TurnSettings;
  readonly apiKey: string;
  readonly baseUrl: URL;
};

/**
 * Checks the options and fills in defaults and the environment.
 * @throws OffhookError OFFHOOK_OPTION_INVALID, OFFHOOK_OPTION_MISSING (no key), OFFHOOK_URL_INSECURE.
 */
export function readOptions(options: OpenAIRealtimeOptions): ResolvedOptions {
  const parsed = schema.safeParse(options);
  if (!parsed.success) throw refusalOf(parsed.error.issues[0], options);
  const { apiKey, baseUrl, insecure, ...rest } = parsed.data;
  const key = apiKey ?? readEnv('OPENAI_API_KEY');
  if (key === undefined) {
    throw new OffhookError(
      'OFFHOOK_OPTION_MISSING',
      'openaiRealtime: no API key. Pass `apiKey` or set the environment variable OPENAI_API_KEY.',
    );
  }
  const { turns, turnDetection } = rest;
  const interruptAfter =
    turns.interruptAfter ??
    (turnDetection === null ? DEFAULTS.interruptAfterOwnDetector : DEFAULTS.interruptAfter);
  return {
    ...rest,
    turns: { ...turns, interruptAfter },
    apiKey: key,
    baseUrl: readBaseUrl(baseUrl, insecure),
  };
}

function readBaseUrl(option: string | undefined, insecure: boolean): URL {
  const text = option ?? readEnv('OPENAI_BASE_URL') ?? DEFAULTS.baseUrl;
  const url = URL.parse(text);
  if (!url || !['http:', 'https:', 'ws:', 'wss:'].includes(url.protocol)) {
    throw refuse('baseUrl', 'must be an https://, wss://, http:// or ws:// address', text);
  }
  if (isPlain(url) && !insecure && !isLoopback(url.hostname)) {
    throw new OffhookError(
      'OFFHOOK_URL_INSECURE',
      `openaiRealtime: option "baseUrl" is a plain ${url.protocol}// address on another machine (${url.hostname}).`,
    );
  }
  return url;
}

/** Whether an address goes over the wire without TLS. */
export function isPlain(url: URL): boolean {
  return url.protocol === 'http:' || url.protocol === 'ws:';
}

// Shown to nobody: one is a secret, the others may be long and private.
const HIDDEN = new Set(['apiKey', 'instructions', 'greeting', 'transcription.prompt']);

function refusalOf(issue: z.core.$ZodIssue | undefined, options: unknown): OffhookError {
  const path = issue?.path ?? [];
  const option = path.join('.');
  const value = path.reduce<unknown>(
    (at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key],
    options,
  );
  if (issue?.code === 'unrecognized_keys') {
    const name = [...path, issue.keys[0]].join('.');
    return new OffhookError('OFFHOOK_OPTION_INVALID', `openaiRealtime: there is no option "${name}".`, {
      hint: 'Settings of the vendor alone go under `vendor`, as the vendor spells them.',
    });
  }
  if (option === '')
    return new OffhookError('OFFHOOK_OPTION_INVALID', 'openaiRealtime: takes an object of options.');
  return refuse(option, ruleOf(option, issue), value);
}

function ruleOf(option: string, issue: z.core.$ZodIssue | undefined): string {
  if (option === 'voice') {
    return `must be one of ${VOICES.join(', ')} (a custom voice goes under \`vendor.audio.output.voice\`)`;
  }
  if (option === 'greeting') return 'must be true, false, a text, or { text?, interruptible? }';
  const message = issue?.message ?? '';
  return message.startsWith('must') ? message : `is not right (${message})`;
}

/** The error for an option that breaks a rule, with the value received unless that is nobody's business. */
export function refuse(option: string, rule: string, value: unknown): OffhookError {
  const shown = HIDDEN.has(option) ? '' : `; received ${show(value)}`;
  return new OffhookError('OFFHOOK_OPTION_INVALID', `openaiRealtime: option "${option}" ${rule}${shown}.`);
}

function show(value: unknown): string {
  const text = typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
  const quoted = typeof value === 'string' ? JSON.stringify(value) : text;
  // Enough to recognise the value; a whole object would bury the rule.
  return quoted.length > 80 ? `${quoted.slice(0, 80)}…` : quoted;
}
