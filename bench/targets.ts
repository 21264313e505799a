/**
 * @module What the runtime is held to, beside what was reached. Nothing here fails: whoever runs the bench judges.
 */
import { memorySlope, ratios, type Results, type Row, rowsOf, startRowsOf } from './results.ts';
import { median } from './statistics.ts';

/** One figure beside its target. */
export interface Line {
  readonly figure: string;
  readonly target: string;
  readonly reached: string;
  /** Undefined where there is no target. */
  readonly met: boolean | undefined;
}

interface Figure {
  readonly figure: string;
  readonly target: string;
  /** Undefined or NaN where it was not measured: then it has no line. */
  readonly value: number | undefined;
  readonly unit?: string;
  readonly met?: (value: number) => boolean;
}

export function targetsOf(results: Results): Line[] {
  const rows = rowsOf(results.runs);
  const at: At = (calls, subject) => rows.find((row) => row.calls === calls && row.subject === subject);
  const figures = [
    ...cpuFigures(results, at),
    ...speechFigures(at),
    ...lossFigures(rows, at),
    memoryFigure(results),
    ...startFigures(results),
    logFigure(results),
  ];
  return figures.flatMap(({ figure, target, value, unit = '', met }) => {
    if (value === undefined || Number.isNaN(value)) return [];
    const digits = Math.abs(value) >= 100 || Number.isInteger(value) ? 0 : 2;
    return [{ figure, target, reached: `${value.toFixed(digits)}${unit}`, met: met?.(value) }];
  });
}

type At = (calls: number, subject: string) => Row | undefined;

function cpuFigures(results: Results, at: At): Figure[] {
  const runs = (subject: string) =>
    results.runs.filter((run) => run.calls === 100 && run.subject === subject);
  const toBridge = (calls: number, subject: string, what: string, limit: number): Figure => ({
    figure: `CPU to the bridge, ${calls} calls${what}`,
    target: `≤ ${limit}`,
    value: at(calls, subject)?.ratio,
    met: (value) => value <= limit,
  });
  return [
    toBridge(100, 'offhook', '', 1.15),
    toBridge(200, 'offhook', '', 1.15),
    toBridge(100, 'offhook+rec', ', recording', 1.6),
    toBridge(200, 'offhook+rec', ', recording', 1.6),
    {
      figure: 'CPU to `@openai/agents`, 100 calls',
      target: '< 0.5',
      value: median(ratios(runs('offhook'), runs('agents'))),
      met: (value) => value < 0.5,
    },
    {
      figure: 'Share of one core, 400 calls',
      target: '< 1',
      value: at(400, 'offhook')?.core,
      met: (value) => value < 1,
    },
  ];
}

function speechFigures(at: At): Figure[] {
  const onWire = (calls: number, target: string, limit: number): Figure => ({
    figure: `Barge-in on the wire, P99, ${calls} calls`,
    target,
    value: at(calls, 'offhook')?.bargeIn.p99,
    unit: ' ms',
    met: (value) => value <= limit,
  });
  const bridge = at(100, 'bridge')?.bargeIn.p99;
  return [
    {
      figure: 'Handler to `clear`, P99, 100 calls',
      target: '≤ 1 ms',
      value: at(100, 'offhook')?.reaction.p99,
      unit: ' ms',
      met: (value) => value <= 1,
    },
    ...(bridge === undefined ? [] : [onWire(100, `≤ ${(bridge + 5).toFixed(2)} ms, bridge + 5`, bridge + 5)]),
    onWire(400, '< 50 ms', 50),
  ];
}

function lossFigures(rows: readonly Row[], at: At): Figure[] {
  const none = (figure: string, value: number | undefined): Figure => ({
    figure,
    target: '0',
    value,
    met: (count) => count === 0,
  });
  const ours = rows.filter(({ subject }) => subject.startsWith('offhook'));
  const sum = (pick: (row: Row) => number): number | undefined =>
    ours.length === 0 ? undefined : ours.reduce((total, row) => total + pick(row), 0);
  return [
    none(
      'Chunks heard after the clear, all runs',
      sum(({ stale }) => stale),
    ),
    none(
      'Barge-ins without a clear, all runs',
      sum(({ unanswered }) => unanswered),
    ),
    none('Chunks lost, 200 calls', at(200, 'offhook')?.lost),
    none('Chunks lost, 200 calls, recording', at(200, 'offhook+rec')?.lost),
  ];
}

function memoryFigure(results: Results): Figure {
  return {
    figure: 'Resident memory per call above the bridge',
    target: '≤ 120 KB',
    value: memorySlope(results, 'offhook') - memorySlope(results, 'bridge'),
    unit: ' KB',
    met: (value) => value <= 120,
  };
}

function startFigures(results: Results): Figure[] {
  const rows = startRowsOf(results.starts);
  const first = (subject: string): number =>
    rows.find((row) => row.subject === subject)?.firstAudio ?? Number.NaN;
  return [
    {
      figure: 'First audio to a bridge with `openai/realtime/ws`',
      target: '≤ 2',
      value: first('offhook') / first('bridge+sdk'),
      met: (value) => value <= 2,
    },
    { figure: 'First audio to the bare bridge', target: 'none', value: first('offhook') / first('bridge') },
  ];
}

function logFigure(results: Results): Figure {
  const timed = rowsOf(results.logRuns).find(({ subject }) => subject === 'offhook+timed');
  return {
    figure: 'Event log, 200 calls',
    target: '≤ 2 % of a core',
    value: timed && timed.log * 100,
    unit: ' %',
    met: (value) => value <= 2,
  };
}
