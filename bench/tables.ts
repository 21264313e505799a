/**
 * @module The results as Markdown, aligned so that they read on a terminal too.
 */
import type { Quantiles } from './load/samples.ts';
import { memorySlope, type Results, type Row, rowsOf, startRowsOf } from './results.ts';
import { SUBJECTS } from './subjects.ts';
import { targetsOf } from './targets.ts';

/** Text to the left, numbers to the right. */
type Cell = string | number;

const titleOf = (name: string): string => SUBJECTS.find((subject) => subject.name === name)?.title ?? name;
const fixed = (value: number, digits: number): string =>
  Number.isFinite(value) ? value.toFixed(digits) : '-';
const share = (value: number, digits: number): string => `${fixed(value * 100, digits)} %`;
const pair = ({ p50, p99 }: Quantiles): string => `${fixed(p50, 2)} / ${fixed(p99, 2)}`;

/** All that was measured, a section each. */
export function tablesOf(results: Results): string {
  const rows = rowsOf(results.runs);
  const sections = [
    machineLine(results),
    section('Targets', ['Figure', 'Target', 'Reached', ''], targetRows(results)),
    section(
      'CPU and losses',
      [
        'Calls',
        'Subject',
        'ms per call-second',
        'spread',
        'to bridge',
        'of a core',
        'quiet',
        'lost',
        'stale',
        '',
      ],
      rows.map(cpuRow),
    ),
    section(
      'Latency, P50 / P99 in ms',
      [
        'Calls',
        'Subject',
        'handler to clear',
        'barge-in',
        'max',
        'of',
        'to model',
        'to caller',
        'quiet or not',
        'loop P99',
      ],
      rows.map(latencyRow),
    ),
    section(
      'Memory per call, KB',
      ['Calls', 'Subject', 'resident', 'heap', 'external'],
      rows.map((row) => [
        row.calls,
        titleOf(row.subject),
        fixed(row.rss, 0),
        fixed(row.heap, 1),
        fixed(row.external, 1),
      ]),
    ),
    section('Memory for one more call', ['Subject', 'resident KB'], slopeRows(results)),
    section('Cold start', ['Subject', 'listening ms', 'first audio ms', 'spread', ''], startRows(results)),
    section(
      'The event log',
      ['Calls', 'Subject', 'ms per call-second', 'spread', 'of a core', 'log, of a core', ''],
      rowsOf(results.logRuns).map(logRow),
    ),
    section(
      'Stages',
      ['Stage', 'µs', 'per'],
      results.stages.map(({ stage, ns, per }) => [stage, fixed(ns / 1_000, 2), per]),
    ),
  ];
  return sections.filter((text) => text !== '').join('\n\n');
}

function section(title: string, head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  return rows.length === 0 ? '' : `### ${title}\n\n${table(head, rows)}`;
}

function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const texts = rows.map((row) => row.map(String));
  const columns = head.map((title, column) => ({
    width: Math.max(3, title.length, ...texts.map((row) => row[column]!.length)),
    isRight: texts.every((row) => /^[-≤<\d]/.test(row[column]!)),
  }));
  const lineOf = (cells: readonly string[]): string =>
    `| ${columns
      .map(({ width, isRight }, index) =>
        isRight ? cells[index]!.padStart(width) : cells[index]!.padEnd(width),
      )
      .join(' | ')} |`;
  const rule = columns.map(({ width, isRight }) =>
    isRight ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width),
  );
  return [lineOf(head), lineOf(rule), ...texts.map(lineOf)].join('\n');
}

function machineLine({ machine }: Results): string {
  const where = machine.pinned ? 'subject and load on a core each' : 'processes not pinned to cores';
  return `Measured ${machine.date} on ${machine.cores} cores of ${machine.cpu}, Node ${machine.node}, ${where}; load average before it began: ${machine.loadBefore.toFixed(2)}.`;
}

const targetRows = (results: Results): Cell[][] =>
  targetsOf(results).map(({ figure, target, reached, met }) => [
    figure,
    target,
    reached,
    met === undefined ? '' : met ? 'met' : '**missed**',
  ]);

const cpuRow = (row: Row): Cell[] => [
  row.calls,
  titleOf(row.subject),
  fixed(row.cpu, 2),
  share(row.spread, 0),
  fixed(row.ratio, 2),
  share(row.core, 1),
  share(row.quiet, 0),
  row.lost,
  row.stale,
  row.marks.join(', '),
];

const latencyRow = (row: Row): Cell[] => [
  row.calls,
  titleOf(row.subject),
  pair(row.reaction),
  pair(row.bargeIn),
  fixed(row.bargeIn.max, 1),
  row.bargeIn.count,
  pair(row.up),
  pair(row.down),
  pair(row.anyBargeIn),
  fixed(row.loopP99, 1),
];

function slopeRows(results: Results): Cell[][] {
  const subjects = [...new Set(results.runs.map(({ subject }) => subject))];
  return subjects.flatMap((subject) => {
    const kb = memorySlope(results, subject);
    return Number.isNaN(kb) ? [] : [[titleOf(subject), fixed(kb, 0)]];
  });
}

const startRows = (results: Results): Cell[][] =>
  startRowsOf(results.starts).map((row) => [
    titleOf(row.subject),
    fixed(row.listening, 0),
    fixed(row.firstAudio, 0),
    share(row.spread, 0),
    row.isNoisy ? 'noisy' : '',
  ]);

const logRow = (row: Row): Cell[] => [
  row.calls,
  titleOf(row.subject),
  fixed(row.cpu, 2),
  share(row.spread, 0),
  share(row.core, 1),
  row.log > 0 ? share(row.log, 2) : '-',
  row.marks.join(', '),
];
