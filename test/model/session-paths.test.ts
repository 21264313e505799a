/**
 * The session chart, walked: connections that come and go, and one slot for a response. Two requests under way at
 * once, or one that nobody knows of any more, is how other runtimes lose a reply and never speak again.
 */
import { describe, expect, it } from 'vitest';
import type { SessionContext } from '../../src/machines/session/vocabulary.ts';
import { createSessionRig, sessionCandidates, sessionLogic, type SessionSnapshot } from './session-rig.ts';
import { runWalk, transitionsOf } from './walk.ts';

const SLOT = 'upkeep × response × request × generation × queue ≤ 2 × withdrawn';
const UPKEEP = 'upkeep × losses';

const foldSlot = ({ value, context }: SessionSnapshot): readonly unknown[] => {
  const { request, gen, queue, withdrawn } = context;
  return [value, request > 0, gen > 0, queue.map(({ type }) => type === 'generate'), withdrawn];
};
const foldUpkeep = ({ value, context }: SessionSnapshot): readonly unknown[] => [
  (value as { upkeep: unknown }).upkeep,
  context.losses,
  context.permanent,
];

describe('the session chart', () => {
  it('holds in every state and along every edge, and takes every transition it defines', () => {
    const all = transitionsOf(sessionLogic);
    const taken = new Set<string>();
    const walk = (
      folding: string,
      takes: RegExp,
      fold: (snapshot: SessionSnapshot) => readonly unknown[],
    ): void => {
      const report = runWalk<SessionContext>({
        logic: sessionLogic,
        input: { call: 'x' },
        candidates: sessionCandidates,
        start: createSessionRig,
        takes: (symbol) => takes.test(symbol),
        fold,
      });
      const { states, edges, steps } = report;
      process.stdout.write(`session: ${states} states, ${edges} edges, ${steps} steps (${folding})\n`);
      expect(report.strays).toBe(0);
      for (const key of report.taken) taken.add(key);
    };
    walk(SLOT, /./, foldSlot);
    walk(UPKEEP, /^(open|close|session|xstate\.after\.(openMax|backoff|stable))/, foldUpkeep);
    const untaken = [...all].filter((key) => !taken.has(key));
    process.stdout.write(`session: ${all.size - untaken.length} of ${all.size} transitions taken\n`);
    expect(untaken).toEqual([]);
  });
});
