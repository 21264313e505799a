/**
 * @module When the machine was ours. A virtual machine's processor is taken away from it at times, for milliseconds, and
 * what is measured across that is somebody else's work; the kernel counts how much was taken (`steal`), so such
 * moments can be left out, of every subject alike. Where nothing counts it, all time is quiet.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

/** A stretch of time on the clock of `machineNow`, in ms. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Milliseconds of the clock that all processes of a machine share. */
export const machineNow = (): number => performance.now() + ORIGIN;
const ORIGIN = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** Whether all of what took `ms` and ended at `end` lies in one of the spans. */
export function isWithin(spans: readonly Span[], end: number, ms: number): boolean {
  let low = 0;
  let high = spans.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (spans[middle]!.to < end) low = middle + 1;
    else high = middle;
  }
  const span = spans[low];
  return span !== undefined && span.from <= end - ms;
}

/**
 * The kernel counts what was taken in hundredths of a second. In a quarter of one, none is less than 4 %; with
 * longer slices a noisy machine has no quiet ones, with shorter ones the count says nothing.
 */
const SLICE_MS = 250;

/** What happened between two looks. */
export interface Slice extends Span {
  /** Hundredths of a second that were taken from us. */
  readonly stolen: number;
  /** CPU that the process took. */
  readonly cpuMs: number;
}

/** What there was of quiet since a moment. */
export interface Quiet {
  readonly spans: readonly Span[];
  readonly ms: number;
  /** CPU of the process in them; NaN where the kernel does not tell. */
  readonly cpuMs: number;
}

export interface QuietWatch {
  since(from: number): Quiet;
  /** Waits until there were so many ms of quiet since now, or `longest` ms have passed. */
  collect(ms: number, longest: number): Promise<Quiet>;
  stop(): void;
}

/** Watches the processor and what a process takes of it, from here on. */
export function watchQuiet(pid: number): QuietWatch {
  const slices: Slice[] = [];
  let from = machineNow();
  let stolen = readStolen();
  let cpu = readCpu(pid);
  const timer = setInterval(() => {
    const [to, stolenNow, cpuNow] = [machineNow(), readStolen(), readCpu(pid)];
    slices.push({ from, to, stolen: stolenNow - stolen, cpuMs: cpuNow - cpu });
    [from, stolen, cpu] = [to, stolenNow, cpuNow];
  }, SLICE_MS);
  const since = (start: number): Quiet => quietOf(slices.filter((slice) => slice.from >= start));
  return {
    since,
    async collect(ms, longest) {
      const start = machineNow();
      for (;;) {
        await wait(SLICE_MS);
        const quiet = since(start);
        if (quiet.ms >= ms || machineNow() - start >= longest) return quiet;
      }
    },
    stop: () => clearInterval(timer),
  };
}

/**
 * The quiet ones among slices in order. A hundredth is counted once it is full: some of what fills it may have been taken
 * in the slice before, so that one does not count, nor does the last.
 */
export function quietOf(slices: readonly Slice[]): Quiet {
  const quiet = slices.filter((slice, index) => slice.stolen === 0 && slices[index + 1]?.stolen === 0);
  return {
    spans: joined(quiet),
    ms: quiet.reduce((sum, slice) => sum + slice.to - slice.from, 0),
    cpuMs: quiet.reduce((sum, slice) => sum + slice.cpuMs, 0),
  };
}

/** Neighbours as one: what happens across the border of two quiet slices is quiet. */
function joined(slices: readonly Span[]): Span[] {
  const spans: Span[] = [];
  for (const { from, to } of slices) {
    const last = spans.at(-1);
    if (last?.to === from) spans[spans.length - 1] = { from: last.from, to };
    else spans.push({ from, to });
  }
  return spans;
}

/** Hundredths of a second taken from all cores so far; 0 where nothing counts them. */
function readStolen(): number {
  const [cores] = read('/proc/stat').split('\n', 1);
  // "cpu user nice system idle iowait irq softirq steal …"
  return Number(cores?.split(/\s+/)[8] ?? 0);
}

/** CPU of all threads of a process so far, in ms; NaN where the kernel does not tell. */
function readCpu(pid: number): number {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    return threads.reduce((sum, thread) => {
      const [ran] = read(`/proc/${pid}/task/${thread}/schedstat`).split(' ', 1);
      return sum + Number(ran || Number.NaN) / 1e6;
    }, 0);
  } catch {
    return Number.NaN;
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
