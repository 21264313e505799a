/**
 * @module Walks a chart on real actors: every abstract state by a shortest path, every edge that leaves it, and the
 * pairs of transitions these make possible. What an abstraction folds together is said by the test that chooses it.
 */
import type { AnyMachineSnapshot, AnyStateMachine, EventObject, InspectionEvent } from 'xstate';
import type { Coverage } from './coverage.ts';
import { type Edge, explore, type Graph, isAnswered } from './explore.ts';
import { findPairs, type PairGraph } from './pairs.ts';
import { type Run, Runs } from './runs.ts';
import { findWays } from './ways.ts';

/** A snapshot with a known context. */
export type SnapshotOf<Context> = Omit<AnyMachineSnapshot, 'context'> & { readonly context: Context };

/** Hears of all that happens in an actor's system. */
export type Inspector = (inspected: InspectionEvent) => void;

/** A real actor under test. `send` throws when a law is broken. */
export interface Runner<Context> {
  readonly snapshot: SnapshotOf<Context>;
  /** What the latest step ordered and told, in words. */
  readonly said: readonly string[];
  send<Event extends EventObject>(event: Event): void;
  /** How to stand here once more without the way here, once this one is disposed of. */
  keep?(): (inspect?: Inspector) => Runner<Context>;
  /** Tries every stale event there is; called in each state. */
  tryStale(): void;
  /** Ends it by the shortest way and lets the deadlines pass; called in each state, last. */
  tryEnd(): void;
  dispose(): void;
}

export interface Walk<Context> {
  readonly name: string;
  /** What the folding tells apart, in words. */
  readonly folding: string;
  readonly logic: AnyStateMachine;
  readonly input: unknown;
  /** Symbol → event: what the outside could send in this state. */
  readonly candidates: (snapshot: SnapshotOf<Context>) => ReadonlyMap<string, EventObject>;
  readonly start: (inspect?: Inspector) => Runner<Context>;
  /** Events by symbol that are taken; the others wait for another walk. */
  readonly takes: (symbol: string) => boolean;
  readonly fold: (snapshot: SnapshotOf<Context>) => readonly unknown[];
  /** What the world says at once to what a step ordered, where that decides anything: exploring, no port answers. */
  readonly answers?: (after: SnapshotOf<Context>, event: EventObject) => readonly EventObject[];
  /** Symbols that every path begins with, to start where the walk's matter is. */
  readonly prefix?: readonly string[];
}

export interface WalkReport {
  readonly name: string;
  readonly folding: string;
  readonly graph: Graph;
  readonly pairs: PairGraph;
  readonly steps: number;
  /** Paths and edges that did not run as they were found. */
  readonly strays: number;
  /** Transitions taken in this walk. */
  readonly taken: ReadonlySet<number>;
}

/** Edges that one run goes on for: more save little, and are hard to read when a law breaks. */
const LONGEST_TOUR = 60;

/** Ways tried to a pair that no tour has taken. Most are taken on the first; what ten do not take, forty seldom do. */
const MOST_WAYS = 10;

/**
 * Runs every path and every edge on real actors. All laws are checked after each step; in each state all stale and
 * all unanswered events are tried, and the end is reached. A path is its last step from where the run of the state
 * before it was kept; from each state a run goes on along edges that no run has taken yet: few steps are only a way.
 * An edge counts where it led to the state it was found to.
 */
export function runWalk<Context>(walk: Walk<Context>, coverage: Coverage): WalkReport {
  const graph = explore(walk, coverage.catalogue);
  const runs = new Runs(walk, coverage);
  let strays = 0;
  const { nameOf } = runs;
  for (const [name, { path, from }] of graph.places) {
    let arrived = false;
    runs.goOn(from, path, path.slice(-1), ({ runner, keep }) => {
      arrived = nameOf(runner.snapshot) === name;
      if (arrived) keep(name);
      runner.tryStale();
      tryUnanswered(runner, walk);
      runner.tryEnd();
    });
    if (!arrived) strays += 1;
  }
  strays += runEdges(graph, runs);
  const pairs = findPairs(graph, coverage.catalogue);
  runPairs(pairs, runs, coverage);
  const { steps, taken } = runs;
  const report = { name: walk.name, folding: walk.folding, graph, pairs, steps, strays, taken };
  coverage.add(report, (symbols, watch) => runs.go(symbols, () => {}, watch));
  return report;
}

/** What the chart has no transition for in a state, such as a fact that comes twice, must change and order nothing. */
function tryUnanswered<Context>(runner: Runner<Context>, { candidates }: Walk<Context>): void {
  const before = runner.snapshot as AnyMachineSnapshot;
  if (before.status !== 'active') return;
  for (const event of candidates(runner.snapshot).values()) {
    if (isAnswered(before, event)) continue;
    runner.send(event);
    if (runner.snapshot === before && runner.said.length === 0) continue;
    throw new Error(`nothing answers ${JSON.stringify(event)}, and it had an effect`);
  }
}

/** Takes every edge. @returns how many did not lead where they were found to lead */
function runEdges<Context>(graph: Graph, runs: Runs<Context>): number {
  const left = new Map<string, Set<Edge>>();
  for (const [name, { edges }] of graph.places) left.set(name, new Set(edges));
  const leftAt = (name: string): Set<Edge> => left.get(name) ?? new Set();

  /** Goes on along edges that are left. One that is not possible here, or leads elsewhere from here, stays left. */
  const tour = ({ runner, take }: Run<Context>, from: string): void => {
    const missed = new Set<Edge>();
    let at = from;
    for (let length = 0; length < LONGEST_TOUR; length += 1) {
      const open = [...leftAt(at)].filter((edge) => !missed.has(edge));
      const edge = open.find(({ to }) => to === at || leftAt(to).size > 0) ?? open[0];
      if (!edge) return;
      missed.add(edge);
      if (!takeOrShrink(edge, at, take)) continue;
      const to = runs.nameOf(runner.snapshot);
      if (to === edge.to) leftAt(at).delete(edge);
      at = to;
    }
  };

  /** A law that breaks on a tour is shown on the shortest path to the edge, if it breaks there too. */
  const takeOrShrink = (edge: Edge, at: string, take: Run<Context>['take']): boolean => {
    try {
      return take(edge.symbol);
    } catch (error) {
      runs.go([...(graph.places.get(at)?.path ?? []), edge.symbol]);
      throw error;
    }
  };

  let strays = 0;
  for (const [name, { path }] of graph.places) {
    const edges = leftAt(name);
    // The first edge of a run starts from the very state it was found from; if that one stays left, it strays.
    for (let before = Infinity; edges.size > 0 && edges.size < before;) {
      before = edges.size;
      runs.goOn(name, path, [], (run) => tour(run, name));
    }
    strays += edges.size;
  }
  return strays;
}

/** Takes the pairs that no tour has taken, as far as there is a way that a real actor can go. */
function runPairs<Context>(graph: PairGraph, runs: Runs<Context>, { catalogue, pairs }: Coverage): void {
  const waysTo = findWays(graph, catalogue);
  for (const pair of graph.reachable) {
    if (pairs.has(pair)) continue;
    let tried = 0;
    for (const { from, path, symbols } of waysTo(pair)) {
      runs.goOn(from, [...path, ...symbols], symbols);
      tried += 1;
      if (pairs.has(pair) || tried === MOST_WAYS) break;
    }
  }
}
