/**
 * @module The results as Markdown, aligned so that they read on a terminal too.
 */
import { memorySlope, type Results, type Row, rowsOf, startRowsOf } from './results.ts';
import { SUBJECTS } from './subjects.ts';
import { targetsOf } from './targets.ts';

type Cell = string | number;

/** A table; columns of numbers are aligned to the right. */
function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const texts = rows.map((row) => row.map(String));
  const isRight = head.map((_, column) =>
    rows.every((row) => typeof row[column] === 'number' || /^[-\d]/.test(String(row[column]))),
  );
  const widths = head.map((title, column) =>
    Math.max(3, title.length, ...texts.map((row) => row[column]!.length)),
  );
  const lineOf = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => (isRight[column] ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!))).join(' | ')} |`;
  const rule = widths.map(
    (width, column) => '-'.repeat(width - (isRight[column] ? 1 : 0)) + (isRight[column] ? ':' : ''),
  );
  return [lineOf(head), lineOf(rule), ...texts.map(lineOf)].join('\n');
}

const titleOf = (name: string): string => SUBJECTS.find((subject) => subject.name === name)?.title ?? name;

const fixed = (value: number, digits: number): string =>
  Number.isFinite(value) ? value.toFixed(digits) : '-';
const pair = ({ p50, p99 }: Row['bargeIn']): string => `${fixed(p50, 2)} / ${fixed(p99, 2)}`;

/** All that was measured, in sections without headings of their own. */
export function tablesOf(results: Results): string {
  const { machine } = results;
  const rows = rowsOf(results.runs);
  const sections = [
    `Measured ${machine.date} on ${machine.cores} cores of ${machine.cpu}, Node ${machine.node}, ${
      machine.pinned ? 'subject and load on a core each' : 'processes not pinned to cores'
    }; load average before it began: ${machine.loadBefore.toFixed(2)}.`,
    ...targetTable(results),
    ...(rows.length > 0 ? [cpuTable(rows), latencyTable(rows), memoryTable(rows, results)] : []),
    ...(results.logRuns.length > 0 ? [logTable(results)] : []),
    ...(results.starts.length > 0 ? [startTable(results)] : []),
    ...(results.stages.length > 0 ? [stageTable(results)] : []),
  ];
  return sections.join('\n\n');
}

function targetTable(results: Results): string[] {
  const lines = targetsOf(results).map(({ figure, target, reached, met }) => [
    figure,
    target,
    reached,
    met === undefined ? '' : met ? 'met' : '**missed**',
  ]);
  return lines.length > 0 ? [table(['Figure', 'Target', 'Reached', ''], lines)] : [];
}

function cpuTable(rows: readonly Row[]): string {
  return table(
    [
      'Calls',
      'Subject',
      'CPU ms per call-second',
      'to bridge',
      'of a core',
      'loop P99 ms',
      'lost',
      'stale',
      '',
    ],
    rows.map((row) => [
      row.calls,
      titleOf(row.subject),
      fixed(row.cpu, 2),
      fixed(row.ratio, 2),
      `${fixed(row.core * 100, 1)} %`,
      fixed(row.loopP99, 1),
      row.lost,
      row.stale,
      row.marks.join(', '),
    ]),
  );
}

function latencyTable(rows: readonly Row[]): string {
  return table(
    [
      'Calls',
      'Subject',
      'handler to clear',
      'barge-in',
      'max',
      'barge-ins',
      'unanswered',
      'caller to model',
      'model to caller',
    ],
    rows.map((row) => [
      row.calls,
      titleOf(row.subject),
      pair(row.reaction),
      pair(row.bargeIn),
      fixed(row.bargeIn.max, 1),
      row.bargeIn.count,
      row.unanswered,
      pair(row.up),
      pair(row.down),
    ]),
  );
}

function memoryTable(rows: readonly Row[], results: Results): string {
  const many = rows.filter(({ calls }) => calls >= 50);
  const byCalls = table(
    ['Calls', 'Subject', 'resident KB per call', 'heap', 'external'],
    many.map((row) => [
      row.calls,
      titleOf(row.subject),
      fixed(row.rss, 0),
      fixed(row.heap, 1),
      fixed(row.external, 1),
    ]),
  );
  const subjects = [...new Set(many.map(({ subject }) => subject))];
  const slopes = subjects.map((subject) => [titleOf(subject), fixed(memorySlope(results, subject), 0)]);
  return `${byCalls}\n\n${table(['Subject', 'KB for one more call'], slopes)}`;
}

function logTable(results: Results): string {
  return table(
    ['Calls', 'Subject', 'CPU ms per call-second', 'of a core', 'log, of a core', ''],
    rowsOf(results.logRuns).map((row) => [
      row.calls,
      titleOf(row.subject),
      fixed(row.cpu, 2),
      `${fixed(row.core * 100, 1)} %`,
      row.log > 0 ? `${fixed(row.log * 100, 2)} %` : '-',
      row.marks.join(', '),
    ]),
  );
}

function startTable(results: Results): string {
  return table(
    ['Subject', 'listening ms', 'first audio ms', ''],
    startRowsOf(results.starts).map((row) => [
      titleOf(row.subject),
      fixed(row.listening, 0),
      fixed(row.firstAudio, 0),
      row.isNoisy ? 'noisy' : '',
    ]),
  );
}

function stageTable(results: Results): string {
  return table(
    ['Stage', 'µs', 'per', ''],
    results.stages.map(({ stage, ns, per }) => [stage, fixed(ns / 1_000, 2), per, '']),
  );
}
