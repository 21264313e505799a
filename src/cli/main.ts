/**
 * @module The command line's entry: one string array in, one exit code out. 0: done as asked; 1: it went wrong;
 * 2: it was asked in a way that cannot be understood.
 */
import { CommanderError } from 'commander';
import { readEnv } from '../env.ts';
import { type CommandIo, createProcessIo } from './io.ts';
import { printError } from './print-error.ts';
import { createProgram } from './program.ts';

/** Runs one command. Never throws. @param args what follows the program's name */
export async function main(args: readonly string[], io: CommandIo = createProcessIo()): Promise<number> {
  let code = 0;
  try {
    const program = createProgram(io, (result) => {
      code = result;
    });
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    printError(io, error, readEnv('OFFHOOK_DEBUG') !== undefined);
    // A module that was loaded may hold servers of its own, which would keep a failed command alive.
    io.leave(1);
    return 1;
  }
  return code;
}
