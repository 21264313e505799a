/**
 * @module Finds symbols that should lead a run over a pair of transitions, through a graph that was explored.
 */
import { firstOf, type Pair, type PairGraph, secondOf, type Spot } from './pairs.ts';
import type { Catalogue } from './transitions.ts';

/** Symbols from a place on. */
export interface Way {
  readonly from: string;
  readonly path: readonly string[];
  readonly symbols: readonly string[];
}

/** Finds ways to pairs: several to each, since a folding may promise what a state does not keep. */
export function findWays({ spots }: PairGraph, catalogue: Catalogue): (pair: Pair) => Generator<Way> {
  const guide = createGuide(spots, catalogue);
  const index = indexEdges(spots);
  return (pair) => waysTo(pair, spots, index, guide);
}

interface Leaving {
  readonly from: string;
  readonly path: readonly string[];
  readonly edge: Spot['edges'][number];
}

interface Index {
  /** Edges in the order of their places. */
  readonly edges: readonly Leaving[];
  /** Which of them have a pair within; which leave a transition as the latest of something. */
  readonly within: ReadonlyMap<Pair, readonly number[]>;
  readonly leaving: ReadonlyMap<number, readonly number[]>;
}

function indexEdges(spots: ReadonlyMap<string, Spot>): Index {
  const edges: Leaving[] = [];
  const within = new Map<Pair, number[]>();
  const leaving = new Map<number, number[]>();
  const note = (map: Map<number, number[]>, key: number): void => {
    const known = map.get(key);
    if (known) known.push(edges.length);
    else map.set(key, [edges.length]);
  };
  for (const [from, { path, edges: own }] of spots) {
    for (const edge of own) {
      const { inner, last } = edge.effect;
      for (const pair of inner) note(within, pair);
      for (const taken of new Set([last.step, ...last.region].flatMap((latest) => [...latest]))) {
        note(leaving, taken);
      }
      edges.push({ from, path, edge });
    }
  }
  return { edges, within, leaving };
}

/** Ways to each place's edges that take the first of a pair, and from there on to its second. */
function* waysTo(
  pair: Pair,
  spots: ReadonlyMap<string, Spot>,
  { edges, within, leaving }: Index,
  { regionOf, wayOn }: Guide,
): Generator<Way> {
  const [first, second] = [firstOf(pair), secondOf(pair)];
  const region = regionOf(second);
  const fitting = new Set([...(within.get(pair) ?? []), ...(leaving.get(first) ?? [])]);
  for (const number of [...fitting].sort((a, b) => a - b)) {
    const { from, path, edge } = edges[number]!;
    const { symbol, to, effect } = edge;
    if (effect.inner.has(pair)) yield { from, path, symbols: [symbol] };
    if (effect.last.step.has(first)) {
      for (const next of spots.get(to)!.edges) {
        if (next.effect.head.includes(second)) yield { from, path, symbols: [symbol, next.symbol] };
      }
    }
    const rest = effect.last.region[region]!.has(first) ? wayOn(to, second) : undefined;
    if (rest) yield { from, path, symbols: [symbol, ...rest] };
  }
}

interface Guide {
  readonly regionOf: (transition: number) => number;
  /** Symbols from a place to the next time a transition can be taken with nothing else in its region before it. */
  readonly wayOn: (from: string, transition: number) => readonly string[] | undefined;
}

interface Hop {
  readonly symbol: string;
  /** Nothing where the symbol takes the transition itself. */
  readonly to?: string;
}

function createGuide(spots: ReadonlyMap<string, Spot>, { regionOf, regions }: Catalogue): Guide {
  /** Region → place → the edges that lead there and take nothing in the region. */
  const passing = regions.map(() => new Map<string, { readonly from: string; readonly symbol: string }[]>());
  for (const [from, { edges }] of spots) {
    for (const { symbol, to, effect } of edges) {
      for (const [region, sources] of passing.entries()) {
        if (effect.last.region[region]!.size > 0) continue;
        const known = sources.get(to);
        if (known) known.push({ from, symbol });
        else sources.set(to, [{ from, symbol }]);
      }
    }
  }
  const maps = new Map<number, ReadonlyMap<string, Hop>>();
  /** From every place that leads there, the first hop of a shortest way. */
  const mapTo = (transition: number): ReadonlyMap<string, Hop> => {
    const region = regionOf(transition);
    const hops = new Map<string, Hop>();
    for (const [name, { edges }] of spots) {
      const last = edges.find(({ effect }) => effect.heads[region]!.includes(transition));
      if (last) hops.set(name, { symbol: last.symbol });
    }
    for (const to of hops.keys()) {
      for (const { from, symbol } of passing[region]!.get(to) ?? []) {
        if (!hops.has(from)) hops.set(from, { symbol, to });
      }
    }
    return hops;
  };
  return {
    regionOf,
    wayOn(from, transition) {
      const map = maps.get(transition) ?? mapTo(transition);
      maps.set(transition, map);
      const way: string[] = [];
      for (let hop = map.get(from); hop; hop = hop.to === undefined ? undefined : map.get(hop.to)) {
        way.push(hop.symbol);
      }
      return way.length > 0 ? way : undefined;
    },
  };
}
