/**
 * @module Two long runs of the whole system, with their figures; exit code 1 where one falls short.
 * `node scripts/soak.ts --calls 200 --seconds 20`: so many calls at once, in real time, and what of them was lost.
 * `node scripts/soak.ts --in-a-row --calls 2000`: one after another in virtual time, and what each leaves behind.
 */
import { parseArgs } from 'node:util';
import { describeAtOnce, isFlawless, playAtOnce } from '../test/realtime/every-chunk.ts';
import { describeFigures, soakInARow } from '../test/soak/figures.ts';
import { MOST_CALLS } from '../test/soak/marks.ts';

const { values } = parseArgs({
  options: {
    'in-a-row': { type: 'boolean', default: false },
    calls: { type: 'string' },
    seconds: { type: 'string', default: '20' },
    json: { type: 'boolean', default: false },
  },
});

/** The audio has numbers for no more: 14 replies to a call, one in four seconds. */
const LONGEST_S = 50;

/** Heap a call may leave behind, bytes by regression over the last three quarters of the calls. */
const MOST_LEFT = 1_024;

const number = (name: string, text: string, most = Number.MAX_SAFE_INTEGER): number => {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0 && value <= most) return value;
  throw new RangeError(`--${name} must be a whole number from 1 to ${most}, received ${text}`);
};

async function runInARow(calls: number): Promise<boolean> {
  const figures = await soakInARow({ calls, every: 20, from: calls / 4 });
  process.stdout.write(`${values.json ? JSON.stringify(figures) : describeFigures(figures)}\n`);
  return figures.heap.perCall < MOST_LEFT;
}

async function runAtOnce(calls: number, seconds: number): Promise<boolean> {
  const result = await playAtOnce(calls, seconds);
  process.stdout.write(`${values.json ? JSON.stringify(result) : describeAtOnce(calls, seconds, result)}\n`);
  return isFlawless(calls, result);
}

const passed = values['in-a-row']
  ? await runInARow(number('calls', values.calls ?? '2000'))
  : await runAtOnce(
      number('calls', values.calls ?? '200', MOST_CALLS),
      number('seconds', values.seconds, LONGEST_S),
    );
process.exitCode = passed ? 0 : 1;
