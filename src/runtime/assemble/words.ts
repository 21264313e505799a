/** @module Opens a call's record: in memory always, as a file only where the program asked for one. */
import { createFileSink } from '../call-log.ts';
import { type CallRecord, createRecord } from '../record.ts';
import type { Scope } from '../scope.ts';

export interface WordsOptions {
  /** Undefined: nothing is written. */
  readonly path: string | undefined;
  now(): number;
  /** The file cannot be written, and is given up. */
  failed(error: unknown): void;
  /** The caller's words of a turn stand. */
  said(text: string, turn: string): void;
}

export function openRecord(scope: Scope, options: WordsOptions): CallRecord {
  const { path } = options;
  const file = path === undefined ? undefined : createFileSink(path, (error) => options.failed(error));
  if (file) scope.own('record', () => file.close());
  return createRecord((entry) => {
    file?.write(`${JSON.stringify({ at: options.now(), ...entry })}\n`);
    const { role, text, turn }: { role?: string; text?: string; turn?: string } = entry;
    if (role === 'user' && turn !== undefined && text !== undefined && text !== '') options.said(text, turn);
  });
}
