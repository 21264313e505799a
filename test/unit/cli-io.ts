/** @module A terminal that is no terminal: keeps what a command prints. */
import type { CommandIo } from '../../src/cli/io.ts';

export interface FakeIo extends CommandIo {
  readonly outLines: string[];
  readonly errLines: string[];
  /** Codes the command left with. */
  readonly left: number[];
}

export function createFakeIo(): FakeIo {
  const outLines: string[] = [];
  const errLines: string[] = [];
  const left: number[] = [];
  return {
    outLines,
    errLines,
    left,
    color: false,
    width: 100,
    out: (line) => void outLines.push(line),
    err: (line) => void errLines.push(line),
    untilStopped: () => Promise.resolve(),
    leave: (code) => void left.push(code),
  };
}
