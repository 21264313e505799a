/**
 * Random calls against the real charts in virtual time. Whatever happens, the agent yields to the caller, owes nobody
 * an answer for ever, and every call comes to an end with nothing left running.
 *
 * `CONVERSATIONS=10000` is a deep run, `SEED=n` draws other calls. What breaks a law is pared down and written into
 * `scripts/`; the error names the file, which `scripts.test.ts` plays from then on:
 *
 * 1. Read the script: it is the shortest call that shows the fault. Its `name` says no more than the law; give it and
 *    its file a name by what happens.
 * 2. `SCRIPT=that-file vitest run --project core test/property/scripts` plays that one and fails as long as the fault
 *    is there.
 * 3. Mend the chart, or the law with a reason, until it passes, and commit the script with the change.
 */
import fc from 'fast-check';
import type { AnyStateMachine } from 'xstate';
import { afterAll, describe, expect, it } from 'vitest';
import type { CallInput } from '../../src/machines/call/vocabulary.ts';
import type { ChartStep } from '../../src/runtime/switchboard.ts';
import { watchTransitions } from './coverage.ts';
import { courses } from './generate.ts';
import { pare } from './pare.ts';
import { play } from './play.ts';
import { findDivergence } from './replay.ts';
import { type Course, keepScript, policyOf } from './script.ts';
import { charts } from './world.ts';

const CONVERSATIONS = Number(process.env['CONVERSATIONS'] ?? 2_000);
const SEED = Number(process.env['SEED'] ?? 20_260_101);

/** Whose turns, and who calls whom. */
const KINDS = [
  ['model', 'inbound'],
  ['model', 'outbound'],
  ['runtime', 'inbound'],
  ['runtime', 'outbound'],
] as const;
const RUNS = Math.ceil(CONVERSATIONS / KINDS.length);

/** A call takes milliseconds; shrinking one that fails takes a thousand of them. */
const TIME_LIMIT = 60_000 + 60 * RUNS;

/** What 2,000 calls take of each chart, whatever the seed: below it the generator has lost a part of the world. */
const FLOOR = { call: 0.84, session: 0.72 };

const { logic } = charts;
const session = logic.implementations.actors['session'] as AnyStateMachine;
const coverage = { call: watchTransitions(logic), session: watchTransitions(session) };

let failures = 0;

/** Writes down what failed as a script, and says how to play it. */
async function report(course: Course, broke: string, found: { seed: number; path: string }): Promise<never> {
  const pared = pare(course);
  const file = await keepScript(pared, play(pared) ?? broke);
  throw new Error(
    [
      broke,
      `found with SEED=${SEED} (fast-check seed ${found.seed}, path "${found.path}")`,
      `under the policy ${JSON.stringify(policyOf(pared))}`,
      `written to test/property/scripts/${file}.json: ${pared.actions.join(', ')}`,
      `play it with: SCRIPT=${file} npx vitest run --project core test/property/scripts`,
    ].join('\n'),
  );
}

describe('any conversation', () => {
  it.each(KINDS)(
    'with turns taken by the %s, %s, keeps every law and comes to its end',
    async (turns, direction) => {
      const seed = SEED + KINDS.findIndex((kind) => kind[0] === turns && kind[1] === direction);
      const property = fc.property(courses(turns, direction), (course) => play(course) === undefined);
      const { failed, counterexample, counterexamplePath } = fc.check(property, { numRuns: RUNS, seed });
      const [course] = counterexample ?? [];
      if (!failed || !course) return;
      failures += 1;
      await report(course, play(course) ?? 'breaks a law once and not again', {
        seed,
        path: counterexamplePath ?? '',
      });
    },
    TIME_LIMIT,
  );

  it('goes the same way when its charts are told the same again', () => {
    for (const course of fc.sample(courses('runtime', 'outbound'), { numRuns: 40, seed: SEED })) {
      const steps: ChartStep[] = [];
      play(course, { stepped: (step) => steps.push(step) });
      const { id, direction, policy } = steps.find(({ chart }) => chart === 'call')!.before
        .context as CallInput;
      expect(findDivergence(logic, 'call', { id, direction, policy }, steps)).toBe(undefined);
      expect(findDivergence(session, 'session', { call: id }, steps)).toBe(undefined);
    }
  });

  it.runIf(CONVERSATIONS >= 2_000)('goes almost everywhere a call can go', ({ skip }) => {
    skip(failures > 0, 'a run that fails ends early');
    for (const chart of ['call', 'session'] as const) {
      const { taken, all } = coverage[chart];
      expect(taken.size / all.size, `transitions of the ${chart} chart`).toBeGreaterThan(FLOOR[chart]);
    }
  });

  afterAll(() => {
    const shares = Object.entries(coverage).map(
      ([name, { taken, all }]) => `${taken.size} of ${all.size} transitions of the ${name} chart`,
    );
    process.stdout.write(`${RUNS * KINDS.length} random calls from seed ${SEED}: ${shares.join(', ')}\n`);
  });
});
