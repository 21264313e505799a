/**
 * @module How a tool call came out, and the sentence in which the model is told when it did not come out well.
 */
import { type ErrorCode, OffhookError } from '../errors.ts';
import type { Tool } from './define.ts';

export interface ToolOutcome {
  /** The tool gave a result. */
  readonly ok: boolean;
  /** What the model is told: JSON or the tool's own text if `ok`, else a sentence. */
  readonly text: string;
  /** Set with `error`: when not `ok`, except for an interruption, which is nobody's mistake. */
  readonly code?: ErrorCode;
  /** Without arguments or results; what the tool threw is its `cause`. */
  readonly error?: OffhookError;
  readonly durationMs: number;
}

/** An outcome before its duration is known. */
export type Ending = Omit<ToolOutcome, 'durationMs'>;

/** What a tool threw is told to the model up to this many characters: a reason, not a dump. */
const LONGEST_REASON = 200;

/** What does not fit is told up to this many characters: enough for a dozen fields. */
const LONGEST_REPORT = 1_000;

/** Stopped from outside, before or while it ran. Nobody's mistake, so it has no code. */
export function interrupted(name: string, began: boolean): Ending {
  const rest = began
    ? 'before it finished. Its result is not known; part of it may have happened.'
    : 'before it began. Nothing was done.';
  return { ok: false, text: `The tool ${name} was interrupted ${rest}` };
}

/** Not done within `tool.timeout`. */
export function timedOut(tool: Pick<Tool, 'name' | 'timeout'>): Ending {
  const error = new OffhookError(
    'OFFHOOK_TOOL_TIMEOUT',
    `Tool "${tool.name}" did not finish within ${tool.timeout} ms.`,
  );
  return ending(error, `The tool ${tool.name} did not finish in time. Its result is not known.`);
}

/** `reasons` go to the model; `label` goes into the error and holds nothing that was received. */
export function misfit(name: string, reasons: readonly string[], label: string): Ending {
  const error = new OffhookError(
    'OFFHOOK_TOOL_ARGUMENTS',
    `Arguments for tool "${name}" do not fit: ${label}.`,
  );
  return ending(
    error,
    `The arguments for ${name} do not fit: ${shorten(reasons.join('; '), LONGEST_REPORT)}`,
  );
}

/** Done, with a result that cannot be given. */
export function unusable(name: string, error: OffhookError): Ending {
  return ending(error, `The tool ${name} ran, but its result cannot be used.`);
}

/** Threw `cause`, whose message the model is told in short. */
export function failed(name: string, cause: unknown): Ending {
  const error = new OffhookError('OFFHOOK_TOOL_FAILED', `Tool "${name}" threw.`, { cause });
  const reason = shorten(reasonOf(cause), LONGEST_REASON);
  return ending(error, reason === '' ? `The tool ${name} failed.` : `The tool ${name} failed: ${reason}`);
}

function ending(error: OffhookError, text: string): Ending {
  return { ok: false, text, code: error.code, error };
}

function reasonOf(cause: unknown): string {
  try {
    if (typeof cause === 'string') return cause;
    const message: unknown = cause instanceof Error ? cause.message : undefined;
    return typeof message === 'string' ? message : '';
  } catch {
    return '';
  }
}

/** One line of at most `limit` characters, none of them halved. */
function shorten(text: string, limit: number): string {
  // Two code units are at most one character, so the slice holds enough of them.
  return Array.from(
    text
      .slice(0, limit * 2)
      .replace(/\s+/g, ' ')
      .trim(),
  )
    .slice(0, limit)
    .join('');
}
