/**
 * @module What a command may do to the terminal it was started in. Commands get it handed in, so that tests can read
 * what they print and press Ctrl-C without a process.
 */

export interface CommandIo {
  /** One line, or several, of what was asked for. */
  out(line: string): void;
  /** One line, or several, beside it: errors and hints. */
  err(line: string): void;
  /** Whether colours may be used. */
  readonly color: boolean;
  /** Columns of a line. */
  readonly width: number;
  /** Resolves when the user or the system asks the program to stop. */
  untilStopped(): Promise<void>;
  /** Ends the program, whatever a module of the user's still holds open. */
  leave(code: number): void;
}

/** For output that goes to no terminal, where nobody's window can be known. */
const WIDTH = 100;
/** Narrower than this, wrapped text is harder to read than what the terminal makes of it. */
const LEAST_WIDTH = 60;

/** The io of this process. Colours need a terminal that has them, and NO_COLOR not set. */
export function createProcessIo(): CommandIo {
  const { stdout, stderr } = process;
  return {
    out: (line) => void stdout.write(`${line}\n`),
    err: (line) => void stderr.write(`${line}\n`),
    // On a terminal, the number of colours heeds NO_COLOR, FORCE_COLOR and TERM.
    color: stdout.isTTY && stdout.hasColors(),
    width: Math.max(LEAST_WIDTH, stdout.columns ?? WIDTH),
    untilStopped: () =>
      new Promise((resolve) => {
        const stop = (): void => {
          // A second signal ends the process at once, as it would without us.
          process.off('SIGINT', stop).off('SIGTERM', stop);
          resolve();
        };
        process.on('SIGINT', stop).on('SIGTERM', stop);
      }),
    leave: (code) => process.exit(code),
  };
}
