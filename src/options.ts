/**
 * @module What `createAgent` and `agent.call` accept, checked once at the door: every mistake is named there with
 * the option, the rule and the value received, and nothing half-made is left behind.
 */
import type { TracerProvider } from '@opentelemetry/api';
import { z } from 'zod';
import { OffhookError } from './errors.ts';
import type { CallHandle } from './call.ts';
import type { SessionSpec } from './providers/contract.ts';
import type { Clock } from './runtime/clock.ts';
import type { Logger } from './runtime/logger.ts';
import type { BuiltinName } from './tools/builtin.ts';
import type { Tool } from './tools/define.ts';
import type { CallInfo, Transport } from './transport/contract.ts';

/** What a screen answers. `code` goes to the platform where it has room for one; with `busy` the line is busy. */
export type Screening = boolean | { readonly accept: boolean; readonly code?: string };

export interface RecordingOptions {
  /** Where `{callId}_in.wav`, `_out.wav` and `_mix.wav` go; created if missing. */
  readonly directory: string;
}

export interface LogOptions {
  /** Where `{callId}.call.log` goes, always. Default `./calls`. */
  readonly directory?: string;
  /** Also write `{callId}.call.jsonl` with words, digits and arguments, mode 0600. Default false. */
  readonly record?: boolean;
}

/** Opens personal data, each place separately. All closed by default. */
export interface PrivacyOptions {
  /** Numbers on spans, under a `pii` key segment. */
  readonly spans?: boolean;
}

export interface TracingOptions {
  /** Your own provider. Default: OTLP/gRPC when `OTEL_EXPORTER_OTLP_ENDPOINT` is set, else nothing. */
  readonly provider?: TracerProvider;
}

export interface AgentOptions {
  /** Networks to take calls from and place them on; at least one. */
  readonly transports: readonly Transport[];
  /** The recipe of a call's session; asked once per call, after screening. At most 5 s. */
  readonly session: (call: CallInfo) => SessionSpec | Promise<SessionSpec>;
  /** Tools the model may call. */
  readonly tools?: readonly Tool<CallHandle>[];
  /** Which built-in tools the model has. Default `'all'`. */
  readonly builtinTools?: 'all' | 'none' | readonly BuiltinName[];
  readonly recording?: RecordingOptions;
  readonly log?: LogOptions;
  /** Calls at once; more are turned away. Default 100, minimum 1. */
  readonly maxCalls?: number;
  /** Longest call in ms; then a spoken goodbye. Default 3,600,000 (1 h), minimum 1,000. */
  readonly maxDuration?: number;
  /** Decides whether a call is taken; at most 3 s, and a failure lets the caller in. Default: all are. */
  readonly screen?: (call: CallInfo) => Screening | Promise<Screening>;
  /** Loudness factors, 0 to 100: `in` for the caller, `out` for the agent. Default 1, which costs nothing. */
  readonly gain?: { readonly in?: number; readonly out?: number };
  /** Put on every call's handle; free for the program. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** pino's shape. Default: pino to stderr at level `warn`. */
  readonly logger?: Logger;
  readonly tracing?: TracingOptions;
  readonly pii?: PrivacyOptions;
}

export interface CallOptions {
  /** Which transport, by name; required when several can dial. */
  readonly via?: string;
  /** Ring time in ms. Default 60,000. */
  readonly ringTimeout?: number;
  /** Let the carrier tell machines from people. Default false. */
  readonly machineDetection?: boolean;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** What the process lends an agent. Tests and the local demo bring their own. */
export interface AgentEnvironment {
  readonly clock?: Clock;
  /** A number in [0, 1). */
  readonly random?: () => number;
}

const fn = z.custom<(...args: never[]) => unknown>(
  (value) => typeof value === 'function',
  'must be a function',
);
const object = (what: string, key: string) =>
  z.custom<object>((value) => typeof value === 'object' && value !== null && key in value, `must be ${what}`);

const agentSchema = z.strictObject({
  transports: z
    .array(object('a transport, such as clawops({...})', 'connect'))
    .min(1, 'must hold at least one transport'),
  session: fn,
  tools: z.array(object('made by defineTool', 'execute')).optional(),
  builtinTools: z.union([z.literal('all'), z.literal('none'), z.array(z.string())]).optional(),
  recording: z.strictObject({ directory: z.string().min(1) }).optional(),
  log: z.strictObject({ directory: z.string().min(1).optional(), record: z.boolean().optional() }).optional(),
  maxCalls: z.int().min(1).optional(),
  maxDuration: z.number().min(1_000).max(2_147_483_647).optional(),
  screen: fn.optional(),
  gain: z
    .strictObject({ in: z.number().min(0).max(100).optional(), out: z.number().min(0).max(100).optional() })
    .optional(),
  metadata: z.record(z.string(), z.unknown()).optional(),
  logger: object('a logger with debug, info, warn and error', 'warn').optional(),
  tracing: z.strictObject({ provider: object('a TracerProvider', 'getTracer').optional() }).optional(),
  pii: z.strictObject({ spans: z.boolean().optional() }).optional(),
});

const callSchema = z.strictObject({
  via: z.string().optional(),
  ringTimeout: z.number().min(1_000).max(600_000).optional(),
  machineDetection: z.boolean().optional(),
  metadata: z.record(z.string(), z.unknown()).optional(),
});

/** @throws OffhookError OFFHOOK_OPTION_INVALID naming the option and the rule. */
export function checkAgentOptions(options: AgentOptions): void {
  check('createAgent', agentSchema, options);
}

/** @throws OffhookError OFFHOOK_OPTION_INVALID naming the option and the rule. */
export function checkCallOptions(options: CallOptions): void {
  check('agent.call', callSchema, options);
}

function check(where: string, schema: z.ZodType, options: unknown): void {
  const result = schema.safeParse(options);
  if (result.success) return;
  const [issue] = result.error.issues;
  const path = issue?.path.join('.') ?? '';
  const option = path === '' ? '' : ` option "${path}"`;
  throw new OffhookError('OFFHOOK_OPTION_INVALID', `${where}:${option} ${issue?.message ?? 'is not valid'}`);
}
