/**
 * The call chart, walked: the shortest path to every state under a printed folding, one step along every edge, and the
 * pairs of transitions, on real actors with every law checked after every step and every stale event tried in every
 * state. What each line of the table means is said in walk.ts and pairs.ts.
 */
import { afterAll, describe, expect, it } from 'vitest';
import type { CallContext } from '../../src/machines/call/vocabulary.ts';
import { CALL_WALKS, type CallWalk } from './call-walks.ts';
import { candidatesOf } from './candidates.ts';
import { Coverage, DEEP, LEAST_PAIRS } from './coverage.ts';
import { expectGolden } from './golden.ts';
import { callLogic, createRig } from './rig.ts';
import { runWalk, type Walk } from './walk.ts';

const walkOf = ({ policy, direction = 'inbound', never, ...walk }: CallWalk): Walk<CallContext> => ({
  ...walk,
  takes: DEEP ? (symbol) => !never?.test(symbol) : walk.takes,
  logic: callLogic,
  input: { id: 'walk', direction, policy },
  candidates: (snapshot) => candidatesOf(snapshot, policy),
  start: (inspect) => createRig(policy, direction, inspect),
});

describe('the call chart', () => {
  const coverage = new Coverage('call', callLogic);

  for (const entry of CALL_WALKS) {
    it(`holds in ${entry.name}`, () => {
      const { graph, strays } = runWalk(walkOf(entry), coverage);
      expect(strays, 'paths and edges that did not run as they were found').toBe(0);
      expect(graph.places.size).toBeGreaterThan(10);
    });
  }

  it('takes every transition it defines, and nearly all pairs', () => {
    expect(coverage.untaken).toEqual([]);
    expect(coverage.share, coverage.untakenPairs.join('\n')).toBeGreaterThanOrEqual(LEAST_PAIRS);
  });

  if (!DEEP) {
    it('leaves the states and orders it always left on the way to each transition', () => {
      expectGolden('call', coverage);
    });
  }

  afterAll(() => process.stdout.write(coverage.table));
});
