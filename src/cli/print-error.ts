/**
 * @module How a command says that something went wrong: what Offhook itself refuses is printed with its code and what
 * to do about it; anything else is a defect, or somebody else's error, and keeps its stack.
 */
import { OffhookError } from '../errors.ts';
import type { CommandIo } from './io.ts';
import { createPaint } from './text.ts';

/** Prints an error. @param verbose also prints the stack of what Offhook threw */
export function printError(io: Pick<CommandIo, 'err' | 'color'>, error: unknown, verbose = false): void {
  const paint = createPaint(io.color);
  if (!(error instanceof OffhookError)) {
    io.err(
      `${paint('red', 'error')} ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
    return;
  }
  io.err(`${paint(['red', 'bold'], error.code)} ${error.message}`);
  io.err(`  ${paint('dim', 'expected')}  ${error.expected}`);
  io.err(`  ${paint('dim', 'hint')}      ${error.hint}`);
  if (error.call !== undefined) io.err(`  ${paint('dim', 'call')}      ${error.call}`);
  const { cause } = error;
  if (cause instanceof Error) io.err(`  ${paint('dim', 'cause')}     ${cause.message}`);
  if (verbose && error.stack !== undefined) io.err(error.stack);
}
