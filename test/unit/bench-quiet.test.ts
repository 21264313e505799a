/**
 * Which moments the bench leaves out, because the machine under it took the processor away. An error here would flatter
 * or spoil every figure of docs/performance.md.
 */
import { describe, expect, it } from 'vitest';
import { Samples } from '../../bench/load/samples.ts';
import { isWithin, machineNow, quietOf, type Slice } from '../../bench/quiet.ts';

const slicesOf = (stolen: readonly number[]): Slice[] =>
  stolen.map((count, index) => ({
    from: index * 250,
    to: (index + 1) * 250,
    stolen: count,
    cpuMs: 100 + index,
  }));

describe('quiet moments of a run', () => {
  it('are those in which nothing was counted, without the one before, in which it may have begun', () => {
    const quiet = quietOf(slicesOf([0, 0, 0, 3, 0, 0, 0]));
    expect(quiet.spans).toEqual([
      { from: 0, to: 500 },
      { from: 1_000, to: 1_500 },
    ]);
    expect(quiet.ms).toBe(1_000);
    expect(quiet.cpuMs).toBe(100 + 101 + 104 + 105);
  });

  it('are none where something was taken all the time', () => {
    expect(quietOf(slicesOf([1, 2, 1, 1]))).toEqual({ spans: [], ms: 0, cpuMs: 0 });
  });

  it('make no figure of a process whose CPU nobody tells', () => {
    const untold = slicesOf([0, 0, 0]).map((slice) => ({ ...slice, cpuMs: Number.NaN }));
    expect(quietOf(untold)).toMatchObject({ ms: 500, cpuMs: Number.NaN });
  });
});

describe('what was measured', () => {
  const spans = [
    { from: 0, to: 500 },
    { from: 1_000, to: 1_500 },
  ];

  it.each([
    ['within a quiet moment', 400, 100, true],
    ['from edge to edge', 1_500, 500, true],
    ['begun before it was quiet', 1_010, 20, false],
    ['ended after it was quiet', 510, 20, false],
    ['across all that was not', 1_200, 900, false],
    ['between', 700, 10, false],
    ['before all', -1, 1, false],
    ['after all', 1_501, 1, false],
  ])('%s', (_name, end, ms, counts) => {
    expect(isWithin(spans, end, ms)).toBe(counts);
  });

  it('is kept by the thousand, and read for any moments', () => {
    const samples = new Samples();
    const began = machineNow();
    for (let ms = 1; ms <= 5_000; ms += 1) samples.record(ms);
    const always = [{ from: began - 10_000, to: machineNow() }];
    expect(samples.read(always)).toEqual({ count: 5_000, p50: 2_501, p99: 4_951, max: 5_000 });
    expect(samples.read([])).toMatchObject({ count: 0, p50: Number.NaN });
    samples.reset();
    expect(samples.within(always)).toHaveLength(0);
  });
});
