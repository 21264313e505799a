/**
 * @module Runs the calls in a row in their own process and draws the figures from the samples: what a call leaves in
 * the heap, by regression, and the most that was open between two calls.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Sample, Tally } from './in-a-row.ts';

/** A line through points, by least squares. */
export interface Slope {
  /** Bytes a call. */
  readonly perCall: number;
  /** 1: all points are on the line; 0: the line says nothing about them. */
  readonly r2: number;
}

export interface Figures {
  readonly samples: readonly Sample[];
  readonly tally: Tally;
  /** Everything V8 counts as its heap. */
  readonly heap: Slope;
  /** Without compiled code: what the program itself holds. */
  readonly data: Slope;
  /** The most there was between two calls, from the first sample on, and the least. */
  readonly most: Open;
  readonly least: Open;
}

export type Open = Pick<Sample, 'sockets' | 'timers' | 'files' | 'handles'>;
const OPEN = ['sockets', 'timers', 'files', 'handles'] as const satisfies readonly (keyof Open)[];

/** The line through `points`. */
export function regress(points: readonly (readonly [x: number, y: number])[]): Slope {
  const mean = (of: 0 | 1): number => points.reduce((sum, point) => sum + point[of], 0) / points.length;
  const [middleX, middleY] = [mean(0), mean(1)];
  let xx = 0;
  let xy = 0;
  let yy = 0;
  for (const [x, y] of points) {
    xx += (x - middleX) ** 2;
    xy += (x - middleX) * (y - middleY);
    yy += (y - middleY) ** 2;
  }
  return { perCall: xy / xx, r2: yy === 0 ? 1 : xy ** 2 / (xx * yy) };
}

export interface Soak {
  readonly calls: number;
  /** Calls between two samples; a multiple of ten, so that each kind of call is in all of them. */
  readonly every: number;
  /** The slope is judged from this call on. */
  readonly from: number;
  /**
   * V8 learns nothing of the code while it runs. A young process takes kilobytes a call for what it learns; without
   * that, a hundred calls show as much as thousands do.
   */
  readonly unlearned?: boolean;
}

const UNLEARNED = ['--no-lazy-feedback-allocation', '--no-opt', '--no-maglev'];

/**
 * Makes the calls in a process of their own.
 * @throws Error if the process fails, such as over something left open; its words are on stderr
 */
export async function soakInARow({ calls, every, from, unlearned = false }: Soak): Promise<Figures> {
  const file = fileURLToPath(new URL('./in-a-row-process.ts', import.meta.url));
  const child = fork(file, [String(calls), String(every)], {
    execArgv: ['--expose-gc', ...(unlearned ? UNLEARNED : [])],
  });
  const samples: Sample[] = [];
  let tally: Tally | undefined;
  child.on('message', (message: { sample?: Sample; tally?: Tally }) => {
    if (message.sample) samples.push(message.sample);
    tally ??= message.tally;
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0 || !tally) throw new Error(`the calls in a row ended with ${code}`);
  const judged = samples.filter((sample) => sample.calls >= from);
  return {
    samples,
    tally,
    heap: regress(judged.map(({ calls: x, heap }) => [x, heap])),
    data: regress(judged.map(({ calls: x, heap, compiled }) => [x, heap - compiled])),
    most: extreme(samples, Math.max),
    least: extreme(samples, Math.min),
  };
}

function extreme(samples: readonly Sample[], pick: (...values: number[]) => number): Open {
  const entries = OPEN.map((name) => [name, pick(...samples.map((sample) => sample[name]))]);
  return Object.fromEntries(entries) as Record<keyof Open, number>;
}

/** The figures as one reads them. */
export function describeFigures({ samples, heap, data, most, least, tally }: Figures): string {
  const line = ({ perCall, r2 }: Slope): string => `${perCall.toFixed(0)} B/call (r² ${r2.toFixed(2)})`;
  const open = OPEN.map((name) => `${name} ${least[name]}-${most[name]}`).join(', ');
  const last = samples.at(-1);
  return [
    `${last?.calls} calls in a row: heap ${line(heap)}, without compiled code ${line(data)}`,
    `open between two calls: ${open}; after the last: nothing`,
    `in them: ${JSON.stringify(tally)}`,
  ].join('\n');
}
