/**
 * @module Reads the text of a call log: its header and its lines, checked to be what they claim before anything is
 * replayed from them. A file that a killed process left behind is read to its last whole line.
 */
import { OffhookError } from '../errors.ts';
import type { CallInput } from '../machines/call/vocabulary.ts';
import { LOG_FORMAT, type LogHeader, type LogLine } from './call-log.ts';
import type { ChartName } from './switchboard.ts';

/** One line below the header; `line` counts from 1 as an editor does. */
export interface ParsedLine {
  readonly line: number;
  readonly text: string;
  readonly at: number;
  readonly chart: ChartName;
  /** Set for an event, not for an order or a hash: who sent it and what. */
  readonly fact: { readonly source: string; readonly event: Extract<LogLine[3], object> } | undefined;
}

export interface ParsedLog {
  readonly header: LogHeader;
  /** The header's input, looked at closely enough to start a chart with. */
  readonly input: CallInput;
  /** The header as it stands in the file. */
  readonly head: string;
  readonly lines: readonly ParsedLine[];
  /** The file ends within a line, which is left out. */
  readonly truncated: boolean;
}

/**
 * Parses a call log.
 * @throws OffhookError OFFHOOK_LOG_INVALID, naming the line, for text that no call has written.
 */
export function parseCallLog(text: string): ParsedLog {
  const [head, ...rest] = text.split('\n');
  const partial = rest.pop();
  if (head === undefined || partial === undefined) {
    throw invalid(1, 'there is not one whole line in it');
  }
  const header = parseHeader(head);
  return {
    header,
    input: header.input as CallInput, // parseHeader looked at it
    head,
    lines: rest.map((line, index) => parseLine(line, index + 2)),
    truncated: partial !== '',
  };
}

function invalid(line: number, what: string, cause?: unknown): OffhookError {
  return new OffhookError('OFFHOOK_LOG_INVALID', `Not a call log: ${what} (line ${line}).`, { cause });
}

function parseJson(text: string, line: number): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    // The parser's own message quotes the text, which may be any file's: only its kind is kept.
    throw invalid(line, 'it is not JSON', cause instanceof Error ? cause.name : undefined);
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function parseHeader(text: string): LogHeader {
  const header = parseJson(text, 1);
  if (!isObject(header) || header['format'] !== LOG_FORMAT) {
    throw invalid(1, `its header does not say "format": "${LOG_FORMAT}"`);
  }
  const { call, runtime, epoch, charts, input } = header;
  if (typeof call !== 'string' || typeof runtime !== 'string' || typeof epoch !== 'number') {
    throw invalid(1, 'its header names no call, runtime or epoch');
  }
  if (!isObject(charts) || Object.values(charts).some((value) => typeof value !== 'string')) {
    throw invalid(1, 'its header has no chart hashes');
  }
  if (!isObject(input) || typeof input['id'] !== 'string' || !isObject(input['policy'])) {
    throw invalid(1, 'its header has no input of a call');
  }
  if (input['direction'] !== 'inbound' && input['direction'] !== 'outbound') {
    throw invalid(1, 'its input has no direction');
  }
  return header as unknown as LogHeader; // every field was looked at above
}

function parseLine(text: string, line: number): ParsedLine {
  const value = parseJson(text, line);
  if (!Array.isArray(value)) throw invalid(line, 'a line is no array');
  const [at, chart, kind, third, fourth] = value as readonly unknown[];
  if (typeof at !== 'number') throw invalid(line, 'a line has no time');
  if (chart !== 'call' && chart !== 'session') throw invalid(line, 'a line names no chart known here');
  if (typeof kind !== 'string') throw invalid(line, 'a line does not say what it is');
  const known = { line, text, at, chart } as const;
  if (kind === '#' && typeof third === 'string' && value.length === 4) return { ...known, fact: undefined };
  if (kind === 'order' && typeof third === 'string' && isEvent(fourth) && value.length === 5) {
    return { ...known, fact: undefined };
  }
  if (kind !== '#' && kind !== 'order' && isEvent(third) && value.length === 4) {
    return { ...known, fact: { source: kind, event: third } };
  }
  throw invalid(line, 'a line is no event, order or hash');
}

const isEvent = (value: unknown): value is Extract<LogLine[3], object> =>
  isObject(value) && typeof value['type'] === 'string';
