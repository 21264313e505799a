/**
 * The session chart, walked: connections that come and go, and one slot for a response. Two requests under way at
 * once, or one that nobody knows of any more, is how other runtimes lose a reply and never speak again.
 */
import { afterAll, describe, expect, it } from 'vitest';
import type { SessionContext } from '../../src/machines/session/vocabulary.ts';
import { Coverage, DEEP, LEAST_PAIRS } from './coverage.ts';
import { expectGolden } from './golden.ts';
import { createSessionRig, sessionCandidates, sessionLogic, type SessionSnapshot } from './session-rig.ts';
import { runWalk, type Walk } from './walk.ts';

const SESSION = {
  logic: sessionLogic,
  input: { call: 'x' },
  candidates: sessionCandidates,
  start: createSessionRig,
};

const foldSlot = ({ value, context }: SessionSnapshot): readonly unknown[] => {
  const { request, gen, queue, withdrawn } = context;
  return [value, request > 0, gen > 0, queue.map(({ type }) => type === 'generate'), withdrawn];
};

const WALKS: readonly Walk<SessionContext>[] = [
  {
    ...SESSION,
    name: 'the slot',
    folding: 'upkeep × response × request × generation × queue ≤ 2 × withdrawn',
    takes: () => true,
    fold: foldSlot,
  },
  {
    ...SESSION,
    name: 'losses',
    folding: 'upkeep × losses × whether for good',
    takes: (symbol) => /^(open|close|session|xstate\.after\.(openMax|backoff|stable))/.test(symbol),
    fold: ({ value, context }) => [(value as { upkeep: unknown }).upkeep, context.losses, context.permanent],
  },
];

/** Both at once. */
const PRODUCT: Walk<SessionContext> = {
  ...SESSION,
  name: 'the slot, whatever was lost before',
  folding: 'upkeep × losses × response × request × generation × queue ≤ 2 × withdrawn',
  takes: () => true,
  fold: (snapshot) => [...foldSlot(snapshot), snapshot.context.losses, snapshot.context.permanent],
};

describe('the session chart', () => {
  const coverage = new Coverage('session', sessionLogic);

  it('holds in every state and along every edge, and takes every transition and nearly all pairs', () => {
    for (const walk of DEEP ? [...WALKS, PRODUCT] : WALKS) {
      expect(runWalk(walk, coverage).strays, walk.name).toBe(0);
    }
    expect(coverage.untaken).toEqual([]);
    expect(coverage.share, coverage.untakenPairs.join('\n')).toBeGreaterThanOrEqual(LEAST_PAIRS);
    if (!DEEP) expectGolden('session', coverage);
  });

  afterAll(() => process.stdout.write(coverage.table));
});
