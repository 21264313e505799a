/**
 * @module What the runtime is held to, beside what was reached. Nothing here fails: whoever runs the bench judges.
 */
import { memorySlope, ratios, type Results, type Row, rowsOf, startRowsOf } from './results.ts';
import { median } from './statistics.ts';

/** One figure; only those that were measured get a line. */
export interface Line {
  readonly figure: string;
  readonly target: string;
  readonly reached: string;
  /** Undefined where there is no target. */
  readonly met: boolean | undefined;
}

type Judge = (value: number) => boolean;

function line(figure: string, target: string, value: number | undefined, unit: string, judge: Judge): Line[] {
  if (value === undefined || Number.isNaN(value)) return [];
  const digits = Math.abs(value) >= 100 || Number.isInteger(value) ? 0 : 2;
  return [{ figure, target, reached: `${value.toFixed(digits)}${unit}`, met: judge(value) }];
}

const atMost =
  (limit: number): Judge =>
  (value) =>
    value <= limit;
const under =
  (limit: number): Judge =>
  (value) =>
    value < limit;

export function targetsOf(results: Results): Line[] {
  const rows = rowsOf(results.runs);
  const at = (calls: number, subject: string): Row | undefined =>
    rows.find((row) => row.calls === calls && row.subject === subject);
  return [
    ...cpuTargets(results, at),
    ...speechTargets(rows, at),
    ...memoryTargets(results),
    ...startTargets(results),
    ...logTargets(results),
  ];
}

type At = (calls: number, subject: string) => Row | undefined;

function cpuTargets(results: Results, at: At): Line[] {
  const runs = (calls: number, subject: string) =>
    results.runs.filter((run) => run.calls === calls && run.subject === subject);
  const toAgents = median(ratios(runs(100, 'offhook'), runs(100, 'agents')));
  return [
    ...[100, 200].flatMap((calls) =>
      line(`CPU to the bridge, ${calls} calls`, '≤ 1.15', at(calls, 'offhook')?.ratio, '', atMost(1.15)),
    ),
    ...[100, 200].flatMap((calls) =>
      line(
        `CPU to the bridge, ${calls} calls, recording`,
        '≤ 1.6',
        at(calls, 'offhook+rec')?.ratio,
        '',
        atMost(1.6),
      ),
    ),
    ...line('CPU to `@openai/agents`, 100 calls', '< 0.5', toAgents, '', under(0.5)),
    ...line('Share of one core, 400 calls', '< 1', at(400, 'offhook')?.core, '', under(1)),
  ];
}

function speechTargets(rows: readonly Row[], at: At): Line[] {
  const bridge = at(100, 'bridge')?.bargeIn.p99 ?? Number.NaN;
  const ours = rows.filter(({ subject }) => subject === 'offhook' || subject === 'offhook+rec');
  const sum = (pick: (row: Row) => number): number | undefined =>
    ours.length === 0 ? undefined : ours.reduce((total, row) => total + pick(row), 0);
  const none = under(1);
  const lost = at(200, 'offhook');
  const wire = Number.isNaN(bridge) ? '≤ bridge + 5 ms' : `≤ ${(bridge + 5).toFixed(2)} ms`;
  return [
    ...line(
      'Handler to `clear`, P99, 100 calls',
      '≤ 1 ms',
      at(100, 'offhook')?.reaction.p99,
      ' ms',
      atMost(1),
    ),
    ...line(
      'Barge-in on the wire, P99, 100 calls',
      wire,
      at(100, 'offhook')?.bargeIn.p99,
      ' ms',
      atMost(bridge + 5),
    ),
    ...line(
      'Barge-in on the wire, P99, 400 calls',
      '< 50 ms',
      at(400, 'offhook')?.bargeIn.p99,
      ' ms',
      under(50),
    ),
    ...line(
      'Chunks heard after the clear, all runs',
      '0',
      sum(({ stale }) => stale),
      '',
      none,
    ),
    ...line(
      'Barge-ins without a clear, all runs',
      '0',
      sum(({ unanswered }) => unanswered),
      '',
      none,
    ),
    ...line('Chunks lost, 200 calls', '0', lost?.lost, '', none),
    ...line('Chunks lost, 200 calls, recording', '0', at(200, 'offhook+rec')?.lost, '', none),
  ];
}

function memoryTargets(results: Results): Line[] {
  const above = memorySlope(results, 'offhook') - memorySlope(results, 'bridge');
  return line('Resident memory per call above the bridge', '≤ 120 KB', above, ' KB', atMost(120));
}

function startTargets(results: Results): Line[] {
  const rows = startRowsOf(results.starts);
  const first = (subject: string): number =>
    rows.find((row) => row.subject === subject)?.firstAudio ?? Number.NaN;
  const ours = first('offhook');
  return [
    ...line(
      'First audio to a bridge with `openai/realtime/ws`',
      '≤ 2',
      ours / first('bridge+sdk'),
      '',
      atMost(2),
    ),
    ...line('First audio to the bare bridge', 'reported', ours / first('bridge'), '', atMost(0)).map(
      (reported) => ({ ...reported, met: undefined }),
    ),
  ];
}

function logTargets(results: Results): Line[] {
  const timed = rowsOf(results.logRuns).find(({ subject }) => subject === 'offhook+timed');
  const share = timed === undefined ? undefined : timed.log * 100;
  return line('Event log, 200 calls', '≤ 2 % of a core', share, ' %', atMost(2));
}
