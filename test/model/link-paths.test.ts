/**
 * The link chart, walked. A control connection that reconnects too often is throttled, one that reconnects where it
 * was replaced pushes its successor out, and one that believes an earlier socket does either.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { linkMachine } from '../../src/machines/link/index.ts';
import { Coverage, DEEP, LEAST_PAIRS } from './coverage.ts';
import { expectGolden } from './golden.ts';
import { createLinkRig, linkCandidates, type LinkContext } from './link-rig.ts';
import { runWalk } from './walk.ts';

/** The wait has long been at its ceiling. */
const MOST_FAILURES = 8;

describe('the link chart', () => {
  const coverage = new Coverage('link', linkMachine);

  it('holds in every state and along every edge, and takes every transition and nearly all pairs', () => {
    const { strays } = runWalk<LinkContext>(
      {
        name: 'the link',
        folding: `state × failures ≤ ${MOST_FAILURES} × jitter × refusal`,
        logic: linkMachine,
        input: { jitter: 0.5 },
        candidates: linkCandidates,
        start: createLinkRig,
        takes: () => true,
        fold: ({ value, context: { failures, jitter, refusal } }) => [
          value,
          Math.min(failures, MOST_FAILURES),
          value === 'backingOff' ? jitter : null,
          refusal,
        ],
      },
      coverage,
    );
    expect(strays).toBe(0);
    expect(coverage.untaken).toEqual([]);
    expect(coverage.share, coverage.untakenPairs.join('\n')).toBeGreaterThanOrEqual(LEAST_PAIRS);
    if (!DEEP) expectGolden('link', coverage);
  });

  afterAll(() => process.stdout.write(coverage.table));
});
