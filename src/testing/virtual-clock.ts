/**
 * @module A clock that a test moves by hand, from deadline to deadline, over real sockets if there are any.
 * Between two deadlines it waits until the process has come to rest, so the same seed gives the same run.
 */
import { type Clock, createScheduler, type TimerHandle } from '../runtime/clock.ts';
import { settle, watchSockets } from './settle.ts';

interface VirtualTimer extends TimerHandle {
  readonly sequence: number;
  run: (() => void) | undefined;
}

export interface VirtualClock extends Clock {
  /** Moves time by `ms` synchronously, firing each timer at its own deadline. No socket is waited for. */
  advance(ms: number): void;
  /** Moves time by `ms`, letting sockets and promises come to rest after every timer. */
  run(ms: number): Promise<void>;
  /** Moves time until `done()` holds; rejects once `limit` ms of virtual time have passed. */
  runUntil(done: () => boolean, limit?: number): Promise<void>;
}

/** Below this many timers, a sweep costs more than it saves. */
const SWEPT_FROM = 256;

/** Creates a virtual clock at `now() === 0`. @param epoch Unix ms at zero; fixed by default, so that logs compare. */
export function createVirtualClock(epoch = Date.UTC(2026, 0, 1)): VirtualClock {
  watchSockets();
  const heap: VirtualTimer[] = [];
  let now = 0;
  let sequence = 0;
  let pending = 0;

  const before = (a: VirtualTimer, b: VirtualTimer): boolean =>
    a.deadline < b.deadline || (a.deadline === b.deadline && a.sequence < b.sequence);

  const push = (timer: VirtualTimer): void => {
    let index = heap.push(timer) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!before(timer, heap[parent]!)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = timer;
  };

  const pop = (): VirtualTimer | undefined => {
    const top = heap[0];
    const last = heap.pop();
    if (!top || !last || heap.length === 0) return top;
    let index = 0;
    for (;;) {
      let child = index * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child += 1;
      if (!before(heap[child]!, last)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
    return top;
  };

  /** A limit of an hour is cleared after seconds: kept until it is due, every call would leave one behind. */
  const sweep = (): void => {
    if (heap.length < SWEPT_FROM || heap.length < 2 * pending) return;
    const live = heap.filter((timer) => timer.run);
    heap.length = 0;
    for (const timer of live) push(timer);
  };

  /** Fires the next live timer due by `until`; false when there is none. */
  const fireNext = (until: number): boolean => {
    for (;;) {
      const top = heap[0];
      if (!top) return false;
      if (!top.run) {
        pop();
        continue;
      }
      if (top.deadline > until) return false;
      pop();
      now = Math.max(now, top.deadline);
      const run = top.run;
      top.run = undefined;
      pending -= 1;
      run();
      return true;
    }
  };

  const timers = {
    now: () => now,
    setTimeout(run: () => void, delay: number): TimerHandle {
      const timer: VirtualTimer = { deadline: now + Math.max(0, delay), sequence: (sequence += 1), run };
      pending += 1;
      push(timer);
      return timer;
    },
    clearTimeout(handle: TimerHandle | undefined): void {
      const timer = handle as VirtualTimer | undefined;
      if (!timer?.run) return;
      timer.run = undefined;
      pending -= 1;
      sweep();
    },
  };

  const run = async (ms: number, done?: () => boolean): Promise<boolean> => {
    const until = now + ms;
    await settle();
    while (!done?.() && fireNext(until)) await settle();
    if (done) return done();
    now = Math.max(now, until);
    return true;
  };

  return {
    ...timers,
    epoch,
    get pending() {
      return pending;
    },
    scheduler: createScheduler(timers),
    advance(ms) {
      const until = now + ms;
      while (fireNext(until));
      now = Math.max(now, until);
    },
    run: async (ms) => {
      await run(ms);
    },
    runUntil: async (done, limit = 600_000) => {
      if (!(await run(limit, done))) {
        throw new Error(`nothing fulfilled the condition within ${limit} ms of virtual time (now ${now})`);
      }
    },
  };
}
