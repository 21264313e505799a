/**
 * @module The logger a user may bring: pino's shape, object first. The default is pino itself at level `warn`.
 * What is logged holds ids, codes and counts; never words, digits, numbers or keys.
 */
import { createRequire } from 'node:module';
import type { pino } from 'pino';

export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/**
 * The default logger, from level `warn` on, to stderr, so that a program's own output stays clean. pino is loaded by the
 * first line: its thirty files are a part of every start, and most calls have nothing to say.
 */
export function createLogger(): Logger {
  let made: Logger | undefined;
  const open = (): Logger => (made ??= openPino());
  return {
    debug() {},
    info() {},
    warn: (fields, message) => open().warn(fields, message),
    error: (fields, message) => open().error(fields, message),
  };
}

function openPino(): Logger {
  // At once, or a line would come after what followed it, and not at all from a process that ends.
  const load = createRequire(import.meta.url)('pino') as { readonly pino: typeof pino };
  const destination = load.pino.destination({ dest: 2, sync: true });
  return load.pino({ name: 'offhook', level: 'warn', base: null }, destination);
}

/** The same logger, made harmless: one that throws, or lacks a level, must not reach into a call. */
export function shieldLogger(logger: Logger): Logger {
  const shield =
    (level: keyof Logger) =>
    (fields: object, message: string): void => {
      try {
        logger[level](fields, message);
      } catch {
        // There is nobody left to tell.
      }
    };
  return { debug: shield('debug'), info: shield('info'), warn: shield('warn'), error: shield('error') };
}

/** Drops everything. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
