/**
 * Calls at once in real time, and nothing between caller and model is lost, repeated, out of order or in another's
 * call: every millisecond of both voices is numbered. `node scripts/soak.ts` does the same with two hundred.
 */
import { expect, test } from 'vitest';
import { type ChunkResult, describeAtOnce, playAtOnce } from './every-chunk.ts';

const CALLS = 20;
const SECONDS = 6;
/** The charts give up a silent model after 3 s. Where a process is stopped for that long, they cut: nothing is lost. */
const SHORT_OF_TIME_MS = 1_000;

/** Makes the calls, again if the machine had no time for them: at most three times. */
async function playInTime(): Promise<ChunkResult> {
  for (let attempt = 1; ; attempt += 1) {
    const result = await playAtOnce(CALLS, SECONDS);
    console.log(describeAtOnce(CALLS, SECONDS, result));
    const { load, agent } = result.lateness;
    if (attempt === 3 || Math.max(load.max, agent.max) < SHORT_OF_TIME_MS) return result;
  }
}

test('twenty calls at once lose nothing, in either direction', async () => {
  const result = await playInTime();
  const { atOnce, completed, toModel, toCaller, ofCut, replies, cut, afterClear } = result;
  expect({ atOnce, completed }).toEqual({ atOnce: CALLS, completed: CALLS });
  const flawless = { lost: 0, early: 0, late: 0, repeated: 0, foreign: 0 };
  expect(toModel).toEqual({ arrived: CALLS * SECONDS * 1_000, ...flawless });
  // A greeting and an answer for each, on a machine that has the time.
  expect(replies).toBeGreaterThanOrEqual(CALLS);
  expect(cut).toBeGreaterThanOrEqual(CALLS / 2);
  expect(toCaller).toMatchObject(flawless);
  expect(toCaller.arrived + ofCut.arrived).toBeGreaterThan(CALLS * 1_000);
  expect(ofCut).toMatchObject({ repeated: 0, foreign: 0 });
  expect(afterClear).toBe(0);
}, 120_000);
