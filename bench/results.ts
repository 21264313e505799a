/**
 * @module Everything that was measured, and the figures drawn from it: medians over rounds, and ratios between
 * subjects of the same round, so that a slow drift of the machine cancels out.
 */
import type { Quantiles } from './load/samples.ts';
import type { Latencies } from './load/tally.ts';
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

/** With less quiet than this in its window, in ms, a run says nothing about quiet: at fifty calls it is 2,500 frames. */
const LEAST_QUIET = 1_000;
/** A P99 of fewer quiet moments than this is one of them; then all that were seen count. */
const ENOUGH = 100;

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
  /** Share of the window in which nobody took the processor away. */
  readonly quiet: number;
  readonly stale: number;
  readonly lost: number;
  readonly unanswered: number;
  readonly bargeIn: Quantiles;
  /** In quiet moments or not. */
  readonly anyBargeIn: Quantiles;
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

/** Rows in the order in which they were measured. */
export function rowsOf(runs: readonly Run[]): Row[] {
  const groups = Map.groupBy(runs, ({ calls, subject }) => `${calls} ${subject}`);
  return [...groups.values()].map((group) => {
    const { calls } = group[0]!;
    const bridge = runs.filter((run) => run.calls === calls && run.subject === 'bridge');
    return rowOf(group, bridge);
  });
}

const isQuiet = ({ quiet }: Run): boolean => quiet.ms >= LEAST_QUIET && !Number.isNaN(quiet.cpu);
/** The runs with quiet moments, if there are any; otherwise all, disturbed as they were. */
const usable = (runs: readonly Run[]): readonly Run[] => (runs.some(isQuiet) ? runs.filter(isQuiet) : runs);
const cpuOf = (run: Run): number => (isQuiet(run) ? run.quiet.cpu : run.cpu);
const latenciesOf = (run: Run): Latencies => (isQuiet(run) ? run.load.quiet : run.load.latencies);

/** CPU of each round of `runs`, to that of the same round of `base`. */
export function ratios(runs: readonly Run[], base: readonly Run[]): number[] {
  const pairs = runs.flatMap((run) => {
    const other = base.find(({ round }) => round === run.round);
    return other ? [{ run, other }] : [];
  });
  const quiet = pairs.filter(({ run, other }) => isQuiet(run) && isQuiet(other));
  return (quiet.length > 0 ? quiet : pairs).map(({ run, other }) => cpuOf(run) / cpuOf(other));
}

function rowOf(runs: readonly Run[], bridge: readonly Run[]): Row {
  const { calls, subject } = runs[0]!;
  const middle = (pick: (run: Run) => number): number => median(runs.map(pick));
  const sum = (pick: (run: Run) => number): number => runs.reduce((total, run) => total + pick(run), 0);
  const used = usable(runs);
  const cpus = used.map(cpuOf);
  const core = (median(cpus) * calls) / 1_000;
  const grown = (pick: (memory: Run['memory']) => number): number =>
    middle(({ memory, idle }) => (pick(memory) - pick(idle)) / calls);
  const open = middle(({ load }) => load.open);
  const marks = [
    ...(open < calls ? [`${Math.floor(open)} open`] : []),
    ...(isNoisy(cpus) ? ['noisy'] : []),
    ...(used.every(isQuiet) ? [] : ['never quiet']),
    ...(core > SUBJECT_LIMIT ? ['core full'] : []),
    ...(middle(({ load }) => load.busy) > LOAD_LIMIT ? ['load full'] : []),
  ];
  return {
    calls,
    subject,
    cpu: median(cpus),
    spread: spread(cpus),
    ratio: median(ratios(runs, bridge)),
    core,
    quiet: middle(({ quiet }) => quiet.share),
    stale: sum(({ load }) => load.stale),
    lost: sum(({ load }) => load.lost + load.dropped),
    unanswered: sum(({ load }) => load.unanswered),
    bargeIn: enoughOf(
      runs.flatMap(({ load }) => load.quiet.bargeIns),
      runs.flatMap(({ load }) => load.latencies.bargeIns),
    ),
    anyBargeIn: quantilesOf(runs.flatMap(({ load }) => load.latencies.bargeIns)),
    reaction: enoughOf(
      runs.flatMap(({ quietReactions }) => quietReactions),
      runs.flatMap(({ reactions }) => reactions),
    ),
    up: middleOf(used.map((run) => latenciesOf(run).up)),
    down: middleOf(used.map((run) => latenciesOf(run).down)),
    loopP99: middle(({ loopP99 }) => loopP99),
    rss: grown(({ rss }) => rss),
    heap: grown(({ heap }) => heap),
    external: grown(({ external }) => external),
    log: middle(({ log }) => log),
    marks,
  };
}

const enoughOf = (quiet: readonly number[], all: readonly number[]): Quantiles =>
  quantilesOf(quiet.length >= ENOUGH ? quiet : all);

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
