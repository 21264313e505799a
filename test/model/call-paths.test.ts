/**
 * The call chart, walked: the shortest path to every state under a printed folding, one step along every edge, and the
 * pairs of transitions, on real actors with every law checked after every step and every stale event tried in every
 * state. What each line of the table means is said in walk.ts and pairs.ts.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { CALL_WALKS, walkOf } from './call-walks.ts';
import { Coverage, DEEP, LEAST_PAIRS } from './coverage.ts';
import { expectGolden } from './golden.ts';
import { callLogic } from './rig.ts';
import { runWalk } from './walk.ts';

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
