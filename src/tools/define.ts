/**
 * @module `defineTool`: a function that the model may call during a call, with its schema and its policies.
 * Everything is checked here, so that a mistake shows when the program starts and not in the middle of a call.
 */
import type { z } from 'zod';
import { OffhookError } from '../errors.ts';
import type { ToolSchema } from '../providers/contract.ts';
import { isJsonObject, type JsonSchema } from './json-schema.ts';
import { readParameters, readSchema, type ReadSchema } from './schema.ts';
import { showValue } from './show.ts';

/** What `execute` gets besides the arguments. */
export interface ToolContext<Call = unknown> {
  /** The handle of the call that the tool was called in. */
  readonly call: Call;
  /** Aborts on timeout, and on interruption or hang-up where the tool's options say so. */
  readonly signal: AbortSignal;
  /** Has `text` said to the caller while the tool runs. Does not wait; does nothing once the tool is over. */
  readonly say: (text: string) => void;
  /** Reports how far the tool is, in the tool's own terms. The caller does not hear it. */
  readonly progress: (update: unknown) => void;
  /** The same for the same tool call, however often it is delivered: pass it on to what must happen once. */
  readonly idempotencyKey: string;
}

/** What `execute` gets: the output of the zod schema, or a record where `parameters` is a JSON Schema. */
export type ToolArguments<Parameters> =
  Parameters extends z.core.$ZodType<infer Output> ? Output : Readonly<Record<string, unknown>>;

/** What happens to a running tool when the caller interrupts the agent. */
export type InterruptPolicy = 'keep' | 'cancel';

/** What happens to a running tool when the call ends. */
export type HangupPolicy = 'cancel' | 'finish';

export interface ToolDefinition<Parameters extends z.core.$ZodType | JsonSchema, Call = unknown> {
  /** What the model calls it: 1 to 64 of `a-z A-Z 0-9 _ -`. */
  readonly name: string;
  /** Tells the model when to call it and what it does. Not empty. */
  readonly description: string;
  /** A zod object schema, or a JSON Schema of type object. Arguments are checked, never coerced. */
  readonly parameters: Parameters;
  /** Schema of the result, zod or JSON. What does not fit is not given to the model. Default: anything. */
  readonly returns?: z.core.$ZodType | JsonSchema;
  /** Returns anything that JSON can express, or a promise of it; text is given to the model as it is. */
  readonly execute: (args: ToolArguments<Parameters>, context: ToolContext<Call>) => unknown;
  /** Longest run in ms, above 0 and at most 2,147,483,647. Default 30,000. */
  readonly timeout?: number;
  /** Default `keep`. */
  readonly onInterrupt?: InterruptPolicy;
  /** Default `cancel`. `finish`: the call waits for it, at most 30 s, with the line already down. */
  readonly onHangup?: HangupPolicy;
}

/** A checked tool. Made by `defineTool`; the same one may serve any number of calls. */
export interface Tool<Call = unknown> {
  readonly kind: 'user';
  readonly name: string;
  /** What the model sees. */
  readonly schema: ToolSchema;
  readonly parameters: ReadSchema;
  readonly returns: ReadSchema | undefined;
  /** `args` are those that `parameters.check` gave. May throw. */
  readonly execute: (args: unknown, context: ToolContext<Call>) => unknown;
  /** Milliseconds. */
  readonly timeout: number;
  readonly onInterrupt: InterruptPolicy;
  readonly onHangup: HangupPolicy;
}

/** `defineTool` with the type of the call handle fixed. */
export type DefineTool<Call> = <const Parameters extends z.core.$ZodType | JsonSchema>(
  definition: ToolDefinition<Parameters, Call>,
) => Tool<Call>;

/** What a tool does where its definition does not say. */
export const TOOL_DEFAULTS = {
  // Long enough for a slow order system, short enough that a caller is still on the line.
  timeout: 30_000,
  // A lookup or an order under way is worth more finished than repeated.
  onInterrupt: 'keep',
  onHangup: 'cancel',
} as const satisfies Pick<Tool, 'timeout' | 'onInterrupt' | 'onHangup'>;

/** A longer delay makes a Node timer fire at once. */
const LONGEST_TIMEOUT = 2_147_483_647;

const NAME = /^[a-zA-Z0-9_-]{1,64}$/;

const OPTIONS = new Set(
  Object.keys({
    name: 0,
    description: 0,
    parameters: 0,
    returns: 0,
    execute: 0,
    timeout: 0,
    onInterrupt: 0,
    onHangup: 0,
  } satisfies Record<keyof ToolDefinition<JsonSchema>, 0>),
);

/**
 * Makes a tool:
 * - the arguments of `execute` are typed by `parameters` and have been checked against it
 * - the result may be anything that JSON can express; over 32 KB it is cut, with a note to the model
 * - a throw, a timeout or a misfit is told to the model as a sentence, and the call goes on
 *
 * ```ts
 * const checkOrder = defineTool({
 *   name: 'check_order',
 *   description: 'Look up an order by its number.',
 *   parameters: z.object({ orderId: z.string() }),
 *   execute: async ({ orderId }, { signal }) => await orders.find(orderId, { signal }),
 * });
 * ```
 * @throws OffhookError OFFHOOK_OPTION_INVALID, naming the option, its rule and what was received.
 */
export function defineTool<const Parameters extends z.core.$ZodType | JsonSchema, Call = unknown>(
  definition: ToolDefinition<Parameters, Call>,
): Tool<Call> {
  checkOptions(definition);
  const { name, description, execute, returns } = definition;
  const parameters = readParameters(definition.parameters);
  return Object.freeze({
    kind: 'user',
    name,
    schema: Object.freeze({ name, description, parameters: parameters.json }),
    parameters,
    returns: returns === undefined ? undefined : readSchema('returns', returns),
    execute: (args: unknown, context: ToolContext<Call>) =>
      // `parameters.check` made it so, which the erased type cannot say.
      execute(args as ToolArguments<Parameters>, context),
    timeout: definition.timeout ?? TOOL_DEFAULTS.timeout,
    onInterrupt: definition.onInterrupt ?? TOOL_DEFAULTS.onInterrupt,
    onHangup: definition.onHangup ?? TOOL_DEFAULTS.onHangup,
  } as const);
}

function checkOptions(definition: unknown): void {
  if (!isJsonObject(definition)) {
    throw new OffhookError(
      'OFFHOOK_OPTION_INVALID',
      `defineTool: takes an object, received ${showValue(definition)}.`,
    );
  }
  const unknown = Object.keys(definition).find((option) => !OPTIONS.has(option));
  if (unknown !== undefined) refuse(unknown, `is none of ${[...OPTIONS].join(', ')}`, definition[unknown]);
  const { name, description, execute, timeout, onInterrupt, onHangup } = definition;
  if (typeof name !== 'string' || !NAME.test(name)) {
    refuse('name', 'must be 1 to 64 of a-z A-Z 0-9 _ -', name);
  }
  if (typeof description !== 'string' || description.trim() === '') {
    refuse('description', 'must be text that tells the model when to call it', description);
  }
  if (typeof execute !== 'function') refuse('execute', 'must be a function', execute);
  if (timeout !== undefined && !isTimeout(timeout)) {
    refuse('timeout', `must be milliseconds above 0 and at most ${LONGEST_TIMEOUT}`, timeout);
  }
  if (onInterrupt !== undefined && onInterrupt !== 'keep' && onInterrupt !== 'cancel') {
    refuse('onInterrupt', "must be 'keep' or 'cancel'", onInterrupt);
  }
  if (onHangup !== undefined && onHangup !== 'cancel' && onHangup !== 'finish') {
    refuse('onHangup', "must be 'cancel' or 'finish'", onHangup);
  }
}

function isTimeout(value: unknown): boolean {
  return typeof value === 'number' && value > 0 && value <= LONGEST_TIMEOUT;
}

function refuse(option: string, rule: string, received: unknown): never {
  throw new OffhookError(
    'OFFHOOK_OPTION_INVALID',
    `defineTool: option "${option}" ${rule}, received ${showValue(received)}.`,
  );
}
