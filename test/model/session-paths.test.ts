/**
 * The session chart, walked: connections that come and go, and one slot for a response. Two requests under way at
 * once, or one that nobody knows of any more, is how other runtimes lose a reply and never speak again.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { Coverage, DEEP, LEAST_PAIRS } from './coverage.ts';
import { expectGolden } from './golden.ts';
import { sessionLogic } from './session-rig.ts';
import { SESSION_LOSSES, SESSION_PRODUCT, SESSION_SLOT } from './session-walks.ts';
import { runWalk } from './walk.ts';

const WALKS = [SESSION_SLOT, SESSION_LOSSES];

describe('the session chart', () => {
  const coverage = new Coverage('session', sessionLogic);

  it('holds in every state and along every edge, and takes every transition and nearly all pairs', () => {
    for (const walk of DEEP ? [...WALKS, SESSION_PRODUCT] : WALKS) {
      expect(runWalk(walk, coverage).strays, walk.name).toBe(0);
    }
    expect(coverage.untaken).toEqual([]);
    expect(coverage.share, coverage.untakenPairs.join('\n')).toBeGreaterThanOrEqual(LEAST_PAIRS);
    if (!DEEP) expectGolden('session', coverage);
  });

  afterAll(() => process.stdout.write(coverage.table));
});
