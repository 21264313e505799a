/**
 * @module The golden trace of a chart: for each transition a shortest way to it, with the states entered and what was
 * ordered at each step, as a tree. A change that breaks no law, such as an order left out, shows as a diff to be read.
 * To accept one: `UPDATE_GOLDEN=1 npx vitest run --project core test/model`.
 */
import type { AnyMachineSnapshot } from 'xstate';
import { expect } from 'vitest';
import { readGolden } from '../e2e/golden.ts';
import type { Coverage } from './coverage.ts';

/** Ids of the innermost states that are active. */
const innermost = ({ _nodes: nodes }: Pick<AnyMachineSnapshot, '_nodes'>): readonly string[] =>
  nodes.filter(({ type }) => type === 'atomic' || type === 'final').map(({ id }) => id);

/** What came of a symbol, and what may follow on it. */
interface Branch {
  readonly entered: readonly string[];
  readonly said: readonly string[];
  readonly next: Map<string, Branch>;
}

const createBranch = (entered: readonly string[], said: readonly string[]): Branch => ({
  entered,
  said,
  next: new Map(),
});

/** Plays the ways, longest first: what is passed on one needs none of its own. Ways that begin alike are one tree. */
function playWays({ ways }: Coverage): Map<string, Branch> {
  const trees = new Map<string, Branch>();
  const passed = new Set<number>();
  const longest = [...ways].sort(([, a], [, b]) => b.symbols.length - a.symbols.length);
  for (const [transition, { walk, symbols, play }] of longest) {
    if (passed.has(transition)) continue;
    let active: readonly string[] = [];
    let at: Branch | undefined;
    const taken = play(symbols, (symbol, { snapshot, said }) => {
      const before = active;
      active = innermost(snapshot);
      const siblings: Map<string, Branch> = at?.next ?? trees;
      const name = at ? symbol : walk;
      at =
        siblings.get(name) ??
        createBranch(
          active.filter((id) => !before.includes(id)),
          at ? said : [],
        );
      siblings.set(name, at);
    });
    for (const number of taken) passed.add(number);
  }
  return trees;
}

function render(branches: ReadonlyMap<string, Branch>, indent: string): string {
  let text = '';
  for (const [name, { entered, said, next }] of branches) {
    text += `${indent}${[name, ...entered].join(' -> ')}\n`;
    for (const line of said) text += `${indent}  > ${line}\n`;
    text += render(next, `${indent}  `);
  }
  return text;
}

/** Compares a chart's trace with the one that is stored. */
export function expectGolden(chart: string, coverage: Coverage): void {
  const trace = render(playWays(coverage), '');
  expect(trace).toBe(readGolden(new URL(`golden/${chart}.trace`, import.meta.url), trace));
}
