/**
 * @module What the walks of one chart have taken together, and the table that says so.
 */
import type { AnyStateMachine } from 'xstate';
import { firstOf, type Pair, secondOf } from './pairs.ts';
import { type Catalogue, catalogueOf } from './transitions.ts';
import type { Runner, WalkReport } from './walk.ts';

/** `npm run test:deep`: every walk takes all there is to take. */
export const DEEP = process.env['DEEP'] === '1';

/** The share of reachable pairs that has to be taken. */
export const LEAST_PAIRS = 0.95;

/** Runs symbols as a walk would, step by step before somebody's eyes. @returns the transitions taken */
export type Play = (
  symbols: readonly string[],
  watch: (symbol: string, runner: Runner<unknown>) => void,
) => ReadonlySet<number>;

/** A shortest way to a transition. */
export interface Way {
  readonly walk: string;
  readonly symbols: readonly string[];
  readonly play: Play;
}

export class Coverage {
  readonly catalogue: Catalogue;
  readonly #chart: string;
  readonly #rows: (readonly string[])[] = [];
  readonly taken = new Set<number>();
  /** Pairs taken by real actors. */
  readonly pairs = new Set<Pair>();
  /** Pairs that the graph of some walk makes possible. */
  readonly reachable = new Set<Pair>();
  /** Transition → a shortest way to it in the first walk that has one. */
  readonly ways = new Map<number, Way>();
  /** States, edges and steps of all walks. */
  readonly #sums = [0, 0, 0];

  constructor(chart: string, logic: AnyStateMachine) {
    this.#chart = chart;
    this.catalogue = catalogueOf(logic);
  }

  /** Notes what a walk has found and taken. */
  add({ name, folding, graph, pairs, steps, taken }: WalkReport, play: Play): void {
    for (const number of taken) this.taken.add(number);
    for (const pair of pairs.reachable) this.reachable.add(pair);
    let edges = 0;
    for (const place of graph.places.values()) {
      edges += place.edges.length;
      for (const { symbol, microsteps } of place.edges) {
        const way = { walk: name, symbols: [...place.path, symbol], play };
        for (const number of microsteps.flat()) if (!this.ways.has(number)) this.ways.set(number, way);
      }
    }
    const covered = [...pairs.reachable].filter((pair) => this.pairs.has(pair)).length;
    const sizes = [graph.places.size, edges, steps];
    for (const [n, size] of sizes.entries()) this.#sums[n]! += size;
    const cells = [...sizes, taken.size, `${covered}/${pairs.reachable.size}`].map(String);
    this.#rows.push([name, ...cells, folding]);
  }

  /** Transitions that nothing has taken. */
  get untaken(): readonly string[] {
    return this.catalogue.names.filter((_, number) => !this.taken.has(number));
  }

  /** Pairs that a graph makes possible and nothing has taken, by name. */
  get untakenPairs(): readonly string[] {
    const { names } = this.catalogue;
    return [...this.reachable]
      .filter((pair) => !this.pairs.has(pair))
      .map((pair) => `${names[firstOf(pair)]}  THEN  ${names[secondOf(pair)]}`);
  }

  /** Of the pairs that a graph makes possible, the share that was taken. Others that were taken do not count. */
  get share(): number {
    return 1 - this.untakenPairs.length / this.reachable.size;
  }

  /** The table, to be printed. */
  get table(): string {
    const { names } = this.catalogue;
    const missing = this.untakenPairs.length;
    const head = [`${this.#chart} chart`, 'states', 'edges', 'steps', 'transitions', 'pairs', 'told apart'];
    const sum = [
      'in all',
      ...this.#sums.map(String),
      `${this.taken.size}/${names.length}`,
      `${this.reachable.size - missing}/${this.reachable.size}`,
      `${(this.share * 100).toFixed(1)} % of pairs; ${this.pairs.size} taken with those in no graph`,
    ];
    const rows = [head, ...this.#rows, sum];
    const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
    const lines = rows.map((row) =>
      row
        .map((cell, column) => {
          if (column === head.length - 1) return cell;
          return column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!);
        })
        .join('  '),
    );
    return `${lines.join('\n')}\n`;
  }
}
