/**
 * @module The logger a user may bring: pino's shape, object first. The default is pino itself at level `warn`.
 * What is logged holds ids, codes and counts; never words, digits, numbers or keys.
 */
import { pino } from 'pino';

export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** The default logger, to stderr, so that a program's own output stays clean. */
export function createLogger(level = 'warn'): Logger {
  return pino({ name: 'offhook', level, base: null }, pino.destination({ dest: 2, sync: true }));
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
