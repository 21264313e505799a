/**
 * Calls one after another leave nothing behind: no socket, timer, file or handle between two of them, and no memory
 * that grows with their number. `npm run test:deep` makes 2,000; `node scripts/soak.ts --in-a-row` prints the figures.
 */
import { expect, test } from 'vitest';
import { describeFigures, type Figures, regress, soakInARow } from './figures.ts';

const KIB = 1_024;

/** Everything that was open after the first ten calls was open after the last ones too, and nothing else. */
function expectNothingLeft({ most, least }: Figures): void {
  expect(most).toEqual(least);
  // Both ends of the agent's control connection; the network's ping on it and the agent's watch for that ping.
  expect(most).toMatchObject({ sockets: 2, timers: 2 });
}

/** What ten calls, one of each kind, come to. */
function expectRealCalls({ tally }: Figures, calls: number): void {
  const tens = calls / 10;
  expect(tally).toEqual({
    transcripts: 27 * tens,
    tools: 2 * tens,
    bargeIns: 3 * tens,
    keys: 2 * tens,
    sessionsLost: tens,
    endedBy: { caller: 7 * tens, agent: 2 * tens, platform: tens },
    outbound: tens,
  });
}

test('a line is drawn through the samples', () => {
  expect(regress([1, 2, 3, 4].map((x) => [x, 7 * x - 3]))).toEqual({ perCall: 7, r2: 1 });
  const noisy = regress([
    [0, 10],
    [1, -10],
    [2, 10],
    [3, -10],
  ]);
  expect(noisy.r2).toBeLessThan(0.3);
});

test('a hundred calls in a row leave nothing open, and nothing in memory', async () => {
  const calls = 100;
  const figures = await soakInARow({ calls, every: 10, from: 20, unlearned: true });
  console.log(describeFigures(figures));
  expectNothingLeft(figures);
  expectRealCalls(figures, calls);
  // A tenth of it is measured; a call that one of the parts does not let go of is many times as much.
  expect(figures.data.perCall).toBeLessThan(KIB);
}, 180_000);

test.runIf(process.env['DEEP'])(
  '2,000 calls in a row leave nothing open and less than 1 KiB each over the last 1,500',
  async () => {
    const calls = 2_000;
    const figures = await soakInARow({ calls, every: 20, from: 500 });
    console.log(describeFigures(figures));
    expectNothingLeft(figures);
    expectRealCalls(figures, calls);
    expect(figures.heap.perCall).toBeLessThan(KIB);
  },
  600_000,
);
