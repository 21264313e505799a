/**
 * @module Finds symbols that should lead a run over a pair of transitions, through a graph that was explored.
 */
import { firstOf, type Pair, type PairGraph, secondOf, type Spot } from './pairs.ts';
import type { Catalogue } from './transitions.ts';

/** Finds ways to pairs: several to each, since a folding may promise what a state does not keep. */
export function findWays(
  { spots }: PairGraph,
  catalogue: Catalogue,
): (pair: Pair) => Generator<readonly string[]> {
  const guide = createGuide(spots, catalogue);
  return (pair) => waysTo(pair, spots, guide);
}

/** Ways to each place's edges that take the first of a pair, and from there on to its second. */
function* waysTo(
  pair: Pair,
  spots: ReadonlyMap<string, Spot>,
  { regionOf, wayOn }: Guide,
): Generator<readonly string[]> {
  const [first, second] = [firstOf(pair), secondOf(pair)];
  const region = regionOf(second);
  for (const { path, edges } of spots.values()) {
    for (const { symbol, to, effect } of edges) {
      const begun = [...path, symbol];
      if (effect.inner.has(pair)) yield begun;
      if (effect.last.step.has(first)) {
        for (const next of spots.get(to)!.edges) {
          if (next.effect.head.includes(second)) yield [...begun, next.symbol];
        }
      }
      const rest = effect.last.region[region]!.has(first) ? wayOn(to, second) : undefined;
      if (rest) yield [...begun, ...rest];
    }
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
