/**
 * @module The table at the end of the demo. Pure.
 */
import type { DemoReport } from './report.ts';
import { createPaint, pad } from './text.ts';
import { ms } from './view.ts';

export interface SummaryParts {
  readonly report: DemoReport;
  readonly faults: readonly string[];
  readonly durationMs: number;
  readonly trace: string;
}

const LABEL_WIDTH = 14;

/** Lines of the summary. */
export function renderSummary(parts: SummaryParts, color: boolean): string[] {
  const paint = createPaint(color);
  const { report, faults } = parts;
  const row = (label: string, value: string): string => `  ${paint('dim', pad(label, LABEL_WIDTH))}${value}`;
  const files = [...report.recording.files, ...(report.log === null ? [] : [report.log]), parts.trace];
  return [
    '',
    paint('bold', 'Summary'),
    row('outcome', `${report.outcome}, ended by ${report.endedBy} after ${ms(parts.durationMs)}`),
    row('answers', describeTurns(report)),
    row('barge-in', describeBargeIns(report)),
    row(
      'tools',
      report.toolCalls.map(({ name, ok }) => `${name} ${ok ? 'ok' : 'failed'}`).join(', ') || 'none',
    ),
    row('recording', report.recording.driftMs === null ? 'none' : `${report.recording.driftMs} ms of drift`),
    row(
      'replay',
      `${report.replay.events} events, ${report.replay.equal ? 'all the same' : paint('red', 'different')}`,
    ),
    row('left open', String(report.openAtEnd)),
    ...files.map((file, index) => row(index === 0 ? 'files' : '', file)),
    '',
    ...(faults.length === 0
      ? [paint('green', '✔ The call went as planned.')]
      : faults.map((fault) => `${paint('red', '✘')} ${fault}`)),
  ];
}

function describeTurns({ turns }: DemoReport): string {
  if (turns.length === 0) return 'none';
  return `${turns.map(({ latencyMs }) => ms(latencyMs)).join(', ')} after the caller's last word`;
}

function describeBargeIns({ bargeIns }: DemoReport): string {
  if (bargeIns.length === 0) return 'none';
  return bargeIns
    .map(({ reactionMs, staleFrames }) =>
      reactionMs === null
        ? 'not heeded'
        : `silent ${ms(reactionMs)} after the caller's first sound, ${staleFrames} stale frames`,
    )
    .join('; ');
}
