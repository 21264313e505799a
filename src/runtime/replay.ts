/**
 * @module Replays a call's log: gives today's charts every event that came from outside them, has them work out the
 * rest again, and holds the log they write against the log there is, line by line.
 */
import type { EventObject } from 'xstate';
import { createCallLog, type LogSink } from './call-log.ts';
import { hashCharts } from './chart-hash.ts';
import { type ParsedLine, type ParsedLog, parseCallLog } from './log-parse.ts';
import { createLogWatcher } from './log-watcher.ts';
import { createReplayCharts, type ReplayCharts } from './replay-charts.ts';
import type { ChartName } from './switchboard.ts';

export interface ReplayResult {
  /** Every line of the log came out again, byte for byte. */
  readonly equal: boolean;
  /** Lines of each kind that came out again. */
  readonly events: number;
  readonly orders: number;
  readonly snapshots: number;
  /** Whether each chart is still the one that ran the call. A changed chart may well replay the same. */
  readonly charts: readonly ChartComparison[];
  /** The first line that differs. */
  readonly difference?: ReplayDifference;
  /** The log ends before the end of what its last event did, as a killed process leaves it. */
  readonly truncated: boolean;
}

export interface ChartComparison {
  readonly name: string;
  /** Hash in the log's header, and hash now; empty where there is none. */
  readonly logged: string;
  readonly current: string;
  readonly same: boolean;
}

export interface ReplayDifference {
  /** Line of the file, counted from 1. */
  readonly line: number;
  /** The line as logged; empty where the log has ended. */
  readonly expected: string;
  /** The line as it comes out today; empty where nothing does. */
  readonly actual: string;
  readonly chart?: string;
}

/**
 * Replays the text of a `*.call.log`.
 * @throws OffhookError OFFHOOK_LOG_INVALID for anything that is not a call log.
 */
export function replayCallLog(text: string): ReplayResult {
  const log = parseCallLog(text);
  const charts = compareCharts(log.header.charts);
  const written: string[] = [];
  const sink: LogSink = {
    write: (lines) => void written.push(...lines.slice(0, -1).split('\n')),
    close: () => undefined,
  };
  const copy = createCallLog(log.header, sink);
  const replayed = createReplayCharts(log.input, createLogWatcher(copy));
  try {
    replayed.start(log.lines[0]?.at ?? 0);
    copy.flush();
    const difference = findDifference(log, replayed, written, () => copy.flush());
    const matched = difference ? difference.line - 1 : log.lines.length + 1;
    // Today's charts are the call's own, and still they say more than the log: its end was cut off.
    const cut = difference?.expected === '' && charts.every(({ same }) => same);
    const equal = !difference || cut;
    return {
      equal,
      ...countLines(log.lines.slice(0, matched - 1)),
      charts,
      ...(difference && !equal ? { difference } : {}),
      truncated: log.truncated || cut,
    };
  } finally {
    replayed.stop();
  }
}

function compareCharts(logged: Readonly<Record<string, string>>): ChartComparison[] {
  const current: Readonly<Record<string, string>> = hashCharts();
  return [...new Set([...Object.keys(logged), ...Object.keys(current)])].map((name) => ({
    name,
    logged: logged[name] ?? '',
    current: current[name] ?? '',
    same: logged[name] === current[name],
  }));
}

/** Walks the log; whatever the charts have not written by themselves by then has to be given to them. */
function findDifference(
  log: ParsedLog,
  charts: ReplayCharts,
  written: readonly string[],
  flush: () => void,
): ReplayDifference | undefined {
  if (written[0] !== log.head) return { line: 1, expected: log.head, actual: written[0] ?? '' };
  for (const line of log.lines) {
    const place = line.line - 1;
    if (written.length <= place && line.fact) {
      const missing = findUnread(charts, line.at);
      if (missing) return differ(line, missing);
      give(charts, line, line.fact);
      flush();
    }
    const actual = written[place] ?? '';
    if (actual !== line.text) return differ(line, actual);
  }
  const line = log.lines.length + 2;
  // A log cut in the middle of a line has lost what came next; there is nothing to hold it against.
  const actual = log.truncated ? undefined : (written[line - 1] ?? findUnread(charts, Infinity));
  return actual === undefined ? undefined : { line, expected: '', actual };
}

const differ = (line: ParsedLine, actual: string): ReplayDifference => ({
  line: line.line,
  expected: line.text,
  actual,
  chart: line.chart,
});

/** The charts talk to each other by the names of their actors. */
const SENDERS: Readonly<Record<ChartName, string>> = { call: 'session', session: 'call' };

function give(charts: ReplayCharts, line: ParsedLine, fact: { source: string; event: EventObject }): void {
  if (fact.source !== SENDERS[line.chart]) {
    charts.feed(line.at, line.chart, fact.source, fact.event);
    return;
  }
  const letter = charts.letters(line.chart).shift();
  if (letter) charts.feed(letter.at, line.chart, fact.source, letter.event);
}

/** What a chart was sent before `at` it has handled before `at`: if the log goes on without, that is a difference. */
function findUnread(charts: ReplayCharts, at: number): string | undefined {
  if (charts.over) return undefined;
  for (const chart of ['call', 'session'] as const) {
    const [letter] = charts.letters(chart);
    if (letter && letter.at < at) {
      return JSON.stringify([letter.at, chart, SENDERS[chart], letter.event]);
    }
  }
  return undefined;
}

function countLines(lines: readonly ParsedLine[]): Pick<ReplayResult, 'events' | 'orders' | 'snapshots'> {
  const counts = { events: 0, orders: 0, snapshots: 0 };
  for (const { fact, text } of lines) {
    if (fact) counts.events += 1;
    else if (text.endsWith('"]')) counts.snapshots += 1;
    else counts.orders += 1;
  }
  return counts;
}
