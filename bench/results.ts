/**
 * @module Everything that was measured, and the figures drawn from it: medians over rounds, and ratios between
 * subjects of the same round, so that a slow drift of the machine cancels out.
 */
import type { Run } from './measure.ts';
import type { StageCost } from './stages/time.ts';
import type { ColdStart } from './start.ts';
import { isNoisy, median, quantile, slope, spread } from './statistics.ts';

export interface Machine {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly node: string;
  readonly pinned: boolean;
  /** Load average of the last minute before anything was started. */
  readonly loadBefore: number;
}

export interface Results {
  readonly machine: Machine;
  readonly runs: readonly Run[];
  /** The same, for the chapter on the event log. */
  readonly logRuns: readonly Run[];
  readonly starts: readonly ColdStart[];
  readonly stages: readonly StageCost[];
}

/** A load that needs more of its core than this limits what it measures. */
const LOAD_LIMIT = 0.85;
/** With less than this of its core left, a subject is measured at its limit and not at its work. */
const SUBJECT_LIMIT = 0.95;

/** One subject at one number of calls. Memory in KB per call, times in ms. */
export interface Row {
  readonly calls: number;
  readonly subject: string;
  readonly cpu: number;
  /** Of the rounds, as a share of the median. */
  readonly spread: number;
  /** CPU, to the bridge's of the same round. */
  readonly ratio: number;
  /** Share of one core. */
  readonly core: number;
  readonly stale: number;
  readonly lost: number;
  readonly unanswered: number;
  readonly bargeIn: Quantiles;
  readonly reaction: Quantiles;
  readonly up: Quantiles;
  readonly down: Quantiles;
  readonly loopP99: number;
  readonly rss: number;
  readonly heap: number;
  readonly external: number;
  readonly log: number;
  readonly marks: readonly string[];
}

export interface Quantiles {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Rows in the order in which they were measured. */
export function rowsOf(runs: readonly Run[]): Row[] {
  const groups = Map.groupBy(runs, ({ calls, subject }) => `${calls} ${subject}`);
  return [...groups.values()].map((group) => {
    const { calls } = group[0]!;
    const bridge = runs.filter((run) => run.calls === calls && run.subject === 'bridge');
    return rowOf(group, bridge);
  });
}

/** CPU of each round of `runs`, to that of the same round of `base`. */
export function ratios(runs: readonly Run[], base: readonly Run[]): number[] {
  return runs.flatMap((run) => {
    const other = base.find(({ round }) => round === run.round);
    return other ? [run.cpu / other.cpu] : [];
  });
}

function rowOf(runs: readonly Run[], bridge: readonly Run[]): Row {
  const { calls, subject } = runs[0]!;
  const middle = (pick: (run: Run) => number): number => median(runs.map(pick));
  const sum = (pick: (run: Run) => number): number => runs.reduce((total, run) => total + pick(run), 0);
  const core = middle(({ cpu }) => (cpu * calls) / 1_000);
  const grown = (pick: (memory: Run['memory']) => number): number =>
    middle(({ memory, idle }) => (pick(memory) - pick(idle)) / calls);
  const open = middle(({ load }) => load.open);
  const marks = [
    ...(open < calls ? [`${Math.floor(open)} open`] : []),
    ...(isNoisy(runs.map(({ cpu }) => cpu)) ? ['noisy'] : []),
    ...(core > SUBJECT_LIMIT ? ['core full'] : []),
    ...(middle(({ load }) => load.busy) > LOAD_LIMIT ? ['load full'] : []),
  ];
  return {
    calls,
    subject,
    cpu: middle(({ cpu }) => cpu),
    spread: spread(runs.map(({ cpu }) => cpu)),
    ratio: median(ratios(runs, bridge)),
    core,
    stale: sum(({ load }) => load.stale),
    lost: sum(({ load }) => load.lost + load.dropped),
    unanswered: sum(({ load }) => load.unanswered),
    bargeIn: quantilesOf(runs.flatMap(({ load }) => load.bargeIns)),
    reaction: quantilesOf(runs.flatMap(({ reactions }) => reactions)),
    up: middleOf(runs.map(({ load }) => load.up)),
    down: middleOf(runs.map(({ load }) => load.down)),
    loopP99: middle(({ loopP99 }) => loopP99),
    rss: grown(({ rss }) => rss),
    heap: grown(({ heap }) => heap),
    external: grown(({ external }) => external),
    log: middle(({ log }) => log),
    marks,
  };
}

/** Of all rounds together: single barge-ins are too few for a P99 of each. */
function quantilesOf(sample: readonly number[]): Quantiles {
  const [p50, p99, max] = [0.5, 0.99, 1].map((q) => quantile(sample, q));
  return { count: sample.length, p50: p50!, p99: p99!, max: max! };
}

function middleOf(rounds: readonly Quantiles[]): Quantiles {
  const [count, p50, p99, max] = (['count', 'p50', 'p99', 'max'] as const).map((key) =>
    median(rounds.map((round) => round[key])),
  );
  return { count: count!, p50: p50!, p99: p99!, max: max! };
}

/** KB that one more call takes, by all runs with enough calls to tell it from what a process takes anyway. */
export function memorySlope(results: Results, subject: string, least = 50): number {
  return slope(
    results.runs
      .filter((run) => run.subject === subject && run.calls >= least)
      .map((run) => [run.calls, run.memory.rss] as const),
  );
}

export interface StartRow {
  readonly subject: string;
  readonly listening: number;
  readonly firstAudio: number;
  readonly spread: number;
  readonly isNoisy: boolean;
}

export function startRowsOf(starts: readonly ColdStart[]): StartRow[] {
  return [...Map.groupBy(starts, ({ subject }) => subject).entries()].map(([subject, group]) => ({
    subject,
    listening: median(group.map(({ listening }) => listening)),
    firstAudio: median(group.map(({ firstAudio }) => firstAudio)),
    spread: spread(group.map(({ firstAudio }) => firstAudio)),
    isNoisy: isNoisy(group.map(({ firstAudio }) => firstAudio)),
  }));
}
