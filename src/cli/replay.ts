/**
 * @module `offhook replay`: gives a call's events to today's charts again and says whether everything came out the
 * same, or shows the first difference.
 */
import { readFileSync } from 'node:fs';
import { OffhookError } from '../errors.ts';
import { type ReplayResult, replayCallLog } from '../runtime/replay.ts';
import type { CommandIo } from './io.ts';
import { createPaint } from './text.ts';

export interface ReplayOptions {
  readonly json: boolean;
}

/** Replays a log file. @returns 0 if all is the same, 1 if not */
export async function runReplay(file: string, { json }: ReplayOptions, io: CommandIo): Promise<number> {
  const result = replayCallLog(readLog(file));
  if (json) io.out(JSON.stringify(result));
  else for (const line of renderReplay(result, io.color)) io.out(line);
  return result.equal ? 0 : 1;
}

function readLog(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new OffhookError('OFFHOOK_LOG_INVALID', `The log ${file} cannot be read.`, { cause });
  }
}

/** Lines that say what a replay came to. */
export function renderReplay(result: ReplayResult, color: boolean): string[] {
  const paint = createPaint(color);
  const { events, orders, snapshots, difference } = result;
  const counts = `${events} events, ${orders} orders and ${snapshots} snapshots`;
  const charts = result.charts
    .filter(({ same }) => !same)
    .map(({ name, logged, current }) => {
      const hashes = `logged ${logged || 'none'}, now ${current || 'none'}`;
      return `${paint('yellow', '!')} The chart "${name}" is not the one that ran the call (${hashes}).`;
    });
  const cut = result.truncated ? ['The log ends in the middle of the call; it is the same up to there.'] : [];
  if (!difference)
    return [...charts, ...cut, `${paint('green', '✔')} ${counts}: every one came out the same.`];
  const where = difference.chart === undefined ? '' : ` of the chart "${difference.chart}"`;
  return [
    ...charts,
    `${counts} came out the same, then:`,
    `${paint('red', '✘')} line ${difference.line}${where} is different.`,
    `  ${paint('dim', 'expected')}  ${difference.expected || '(the end of the log)'}`,
    `  ${paint('dim', 'actual')}    ${difference.actual || '(nothing)'}`,
  ];
}
