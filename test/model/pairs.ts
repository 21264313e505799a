/**
 * @module Pairs of transitions, one taken after the other: which of them a graph makes possible, and which a run takes.
 *
 * A call is one sequence of microsteps; in each, one transition is taken, or several at once in parallel regions. Two
 * transitions are a pair if the second is taken
 * - in the microstep right after that of the first, whatever their regions: one region's next move after another's; or
 * - as the next of its own region, whatever the other regions did between. What was taken further out and has a
 *   target enters the regions within anew, and so counts as the latest of each of them.
 * Transitions of one microstep are no pair: neither comes first.
 *
 * Reachable is what an explored graph allows, in paths of any length through it. A graph knows its states by their
 * folding, so it promises some pairs that no run can keep: they count as reachable, and stay untaken. It vouches for a
 * pair across two edges only where it tells the region of the second transition apart, for elsewhere it does not know
 * what that region is in (the dialogue, where it is folded to its tags); pairs within one edge it always knows. Taken is
 * only what one real actor has done in one run; what was taken beyond what some graph vouches for is left out.
 */
import type { Edge, Graph, Microstep } from './explore.ts';
import type { Catalogue } from './transitions.ts';

/** Two transition numbers in one. */
export type Pair = number;

const BASE = 4_096;
export const pairOf = (first: number, second: number): Pair => first * BASE + second;
export const firstOf = (pair: Pair): number => Math.floor(pair / BASE);
export const secondOf = (pair: Pair): number => pair % BASE;

/** What came last: in the microstep before, and in each region. Sets, since a folded state is entered in many ways. */
export interface Latest {
  readonly step: ReadonlySet<number>;
  readonly region: readonly ReadonlySet<number>[];
}

/** Follows a run, or an edge of a graph, microstep by microstep. */
export class Follower {
  readonly #catalogue: Catalogue;
  readonly #take: (pair: Pair) => void;
  step: ReadonlySet<number>;
  readonly region: ReadonlySet<number>[];

  /** @param from what came last before, where another follower left off */
  constructor(catalogue: Catalogue, take: (pair: Pair) => void, from?: Latest) {
    this.#catalogue = catalogue;
    this.#take = take;
    this.step = from?.step ?? new Set();
    this.region = from ? [...from.region] : catalogue.regions.map(() => new Set());
  }

  /** What came last, as it stays when this one goes on. */
  get latest(): Latest {
    return { step: this.step, region: [...this.region] };
  }

  follow(microstep: Microstep): void {
    for (const second of microstep) {
      for (const first of this.step) this.#take(pairOf(first, second));
      for (const first of this.region[this.#catalogue.regionOf(second)]!) this.#take(pairOf(first, second));
    }
    this.step = new Set(microstep);
    for (const taken of microstep) {
      for (const region of this.#catalogue.movedBy(taken)) this.region[region] = new Set([taken]);
    }
  }
}

/** What an edge does to what came last. */
export interface Effect {
  /** Pairs within the edge. */
  readonly inner: ReadonlySet<Pair>;
  /** The transitions that follow on what came before: those of the first microstep, and the first of each region. */
  readonly head: Microstep;
  readonly heads: readonly (readonly number[])[];
  /** What came last after it; empty where nothing was taken. */
  readonly last: Latest;
}

export function effectOf({ microsteps }: Pick<Edge, 'microsteps'>, catalogue: Catalogue): Effect {
  const inner = new Set<Pair>();
  const follower = new Follower(catalogue, (pair) => inner.add(pair));
  const heads: number[][] = catalogue.regions.map(() => []);
  for (const microstep of microsteps) {
    for (const taken of microstep) {
      const region = catalogue.regionOf(taken);
      if (follower.region[region]!.size === 0) heads[region]!.push(taken);
    }
    follower.follow(microstep);
  }
  return { inner, head: microsteps[0] ?? [], heads, last: follower };
}

/** A graph with what may have come last in each place. */
export interface PairGraph {
  readonly reachable: ReadonlySet<Pair>;
  readonly spots: ReadonlyMap<string, Spot>;
}

export interface Spot {
  readonly path: readonly string[];
  readonly edges: readonly { readonly symbol: string; readonly to: string; readonly effect: Effect }[];
  readonly step: Set<number>;
  readonly region: readonly Set<number>[];
}

/** Finds what each place's latest transitions may be, by passing them along the edges until nothing new comes. */
export function findPairs(graph: Graph, catalogue: Catalogue): PairGraph {
  const spots = new Map<string, Spot>();
  for (const [name, { path, edges }] of graph.places) {
    spots.set(name, {
      path,
      edges: edges.map((edge) => ({ symbol: edge.symbol, to: edge.to, effect: effectOf(edge, catalogue) })),
      step: new Set(),
      region: catalogue.regions.map(() => new Set()),
    });
  }
  const [start] = spots.keys();
  const lead = effectOf({ microsteps: graph.before }, catalogue);
  const queue = new Set<Spot>(spots.values());
  /** Whether anything new arrived. */
  const pour = (from: ReadonlySet<number>, into: Set<number>): boolean => {
    const { size } = into;
    for (const number of from) into.add(number);
    return into.size > size;
  };
  const arrive = (spot: Spot, { step, region }: Latest): void => {
    let news = pour(step, spot.step);
    for (const [n, last] of region.entries()) news = pour(last, spot.region[n]!) || news;
    if (news) queue.add(spot);
  };
  arrive(spots.get(start!)!, lead.last);
  for (const spot of queue) {
    queue.delete(spot);
    for (const { to, effect } of spot.edges) arrive(spots.get(to)!, after(spot, effect));
  }
  const reachable = new Set<Pair>();
  for (const spot of spots.values()) {
    for (const { effect } of spot.edges) {
      for (const pair of effect.inner) reachable.add(pair);
      for (const second of effect.head) {
        if (!graph.toldApart.has(catalogue.regionOf(second))) continue;
        for (const first of spot.step) reachable.add(pairOf(first, second));
      }
      for (const [region, seconds] of effect.heads.entries()) {
        if (!graph.toldApart.has(region)) continue;
        for (const second of seconds) {
          for (const first of spot.region[region]!) reachable.add(pairOf(first, second));
        }
      }
    }
  }
  return { reachable, spots };
}

/** What came last in a place, once an edge has been taken. */
function after({ step, region }: Latest, { head, last }: Effect): Latest {
  return {
    step: head.length > 0 ? last.step : step,
    region: last.region.map((own, n) => (own.size > 0 ? own : region[n]!)),
  };
}
