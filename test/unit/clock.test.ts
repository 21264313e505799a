/**
 * @module The clocks: deadlines in order, equal ones in the order they were armed, an instant that stands still for
 * the length of one stimulus, and RxJS and XState living on the same time to the millisecond.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import {
  debounceTime,
  delay,
  interval,
  map,
  merge,
  of,
  type SchedulerAction,
  Subject,
  take,
  throttleTime,
  timeout,
  timer,
} from 'rxjs';
import { describe, expect, test, vi } from 'vitest';
import { createActor, createMachine } from 'xstate';
import { createSystemClock, latchClock } from '../../src/runtime/clock.ts';
import { createVirtualClock } from '../../src/testing/virtual-clock.ts';

describe('the virtual clock', () => {
  test('fires at each deadline, at its time, and stops where it was told to', () => {
    const clock = createVirtualClock();
    const seen: [string, number][] = [];
    for (const [name, at] of [
      ['c', 300],
      ['a', 100],
      ['b', 200],
      ['d', 301],
    ] as const) {
      clock.setTimeout(() => seen.push([name, clock.now()]), at);
    }
    clock.advance(300);
    expect(seen).toEqual([
      ['a', 100],
      ['b', 200],
      ['c', 300],
    ]);
    expect(clock.now()).toBe(300);
    expect(clock.pending).toBe(1);
  });

  test('fires timers armed by timers at their own deadline, not at the end', () => {
    const clock = createVirtualClock();
    const seen: number[] = [];
    const again = (): void => {
      seen.push(clock.now());
      if (seen.length < 5) clock.setTimeout(again, 250);
    };
    clock.setTimeout(again, 250);
    clock.advance(1_000);
    expect(seen).toEqual([250, 500, 750, 1_000]);
  });

  test('fires a timer that is due at once within the same advance, after those armed before it', () => {
    const clock = createVirtualClock();
    const seen: string[] = [];
    clock.setTimeout(() => {
      seen.push('a');
      clock.setTimeout(() => seen.push('c'), 0);
    }, 10);
    clock.setTimeout(() => seen.push('b'), 10);
    clock.advance(10);
    expect(seen).toEqual(['a', 'b', 'c']);
  });

  test('a negative wait is none: time never goes back', () => {
    const clock = createVirtualClock();
    clock.advance(100);
    const seen: number[] = [];
    clock.setTimeout(() => seen.push(clock.now()), -50);
    clock.advance(0);
    expect(seen).toEqual([100]);
  });

  test('forgets a cleared timer, whoever clears it and however often', () => {
    const clock = createVirtualClock();
    const run = vi.fn();
    const handle = clock.setTimeout(run, 10);
    const other = clock.setTimeout(() => clock.clearTimeout(same), 5);
    const same = clock.setTimeout(run, 5);
    clock.clearTimeout(handle);
    clock.clearTimeout(handle);
    clock.clearTimeout(undefined);
    expect(clock.pending).toBe(2);
    clock.advance(100);
    clock.clearTimeout(other);
    expect(run).not.toHaveBeenCalled();
    expect(clock.pending).toBe(0);
  });

  test('lets go of cleared timers long before they are due, and keeps the order of the others', async () => {
    const clock = createVirtualClock();
    const seen: number[] = [];
    const arm = (wait: number): WeakRef<object> => {
      const timer = clock.setTimeout(() => {}, wait);
      clock.clearTimeout(timer);
      return new WeakRef(timer);
    };
    const cleared: WeakRef<object>[] = [];
    for (let index = 0; index < 2_000; index += 1) {
      cleared.push(arm(3_600_000 + index));
      if (index % 20 === 0) clock.setTimeout(() => seen.push(index), 4_000 - index);
    }
    setFlagsFromString('--expose-gc');
    // What a WeakRef was made from lives to the end of its turn.
    await new Promise((resolve) => setImmediate(resolve));
    (runInNewContext('gc') as () => void)();
    expect(cleared.filter((timer) => timer.deref()).length).toBeLessThan(300);
    expect(clock.pending).toBe(100);
    clock.advance(4_000);
    expect(seen).toEqual([...seen].sort((a, b) => b - a));
    expect(seen).toHaveLength(100);
  });

  test('agrees with a sorted list for any timers and clearings', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ wait: fc.nat(50), cleared: fc.boolean() }), { maxLength: 80 }),
        (timers) => {
          const clock = createVirtualClock();
          const seen: number[] = [];
          const handles = timers.map(({ wait }, index) => clock.setTimeout(() => seen.push(index), wait));
          for (const [index, { cleared }] of timers.entries())
            if (cleared) clock.clearTimeout(handles[index]);
          const expected = timers
            .map(({ wait, cleared }, index) => ({ wait, cleared, index }))
            .filter(({ cleared }) => !cleared)
            .sort((a, b) => a.wait - b.wait || a.index - b.index)
            .map(({ index }) => index);
          expect(clock.pending).toBe(expected.length);
          clock.advance(50);
          expect(seen).toEqual(expected);
        },
      ),
      { seed: 1 },
    );
  });

  test('runs until something holds, at the moment it holds', async () => {
    const clock = createVirtualClock();
    let done = false;
    clock.setTimeout(() => (done = true), 1_234);
    clock.setTimeout(() => undefined, 5_000);
    await clock.runUntil(() => done);
    expect(clock.now()).toBe(1_234);
  });

  test('says so when what it runs for never holds', async () => {
    const clock = createVirtualClock();
    clock.setTimeout(() => undefined, 50);
    await expect(clock.runUntil(() => false, 100)).rejects.toThrow(/100 ms of virtual time/);
  });

  test('lets promises come to rest between two timers', async () => {
    const clock = createVirtualClock();
    const seen: string[] = [];
    clock.setTimeout(() => {
      void Promise.resolve()
        .then(() => seen.push('first'))
        .then(() => clock.setTimeout(() => seen.push('third'), 5));
    }, 10);
    clock.setTimeout(() => seen.push('second'), 12);
    await clock.run(20);
    expect(seen).toEqual(['first', 'second', 'third']);
    expect(clock.now()).toBe(20);
  });

  test('has an epoch that does not move, so that two logs compare', () => {
    expect(createVirtualClock().epoch).toBe(Date.UTC(2026, 0, 1));
    expect(createVirtualClock(5).epoch).toBe(5);
  });
});

describe('RxJS on the clock', () => {
  test('keeps every operator of time to the millisecond', () => {
    const clock = createVirtualClock();
    const { scheduler } = clock;
    const seen: [string, number][] = [];
    const note = (name: string) => () => seen.push([name, clock.now()]);
    const keys = new Subject<void>();
    for (const at of [0, 300, 600]) clock.setTimeout(() => keys.next(), at);
    keys.pipe(debounceTime(500, scheduler)).subscribe(note('debounced'));
    keys.pipe(throttleTime(400, scheduler)).subscribe(note('throttled'));
    interval(200, scheduler).pipe(take(3)).subscribe(note('tick'));
    timer(50, 1_000, scheduler).pipe(take(2)).subscribe(note('timer'));
    of(1).pipe(delay(75, scheduler)).subscribe(note('delayed'));
    keys.pipe(timeout({ each: 700, scheduler })).subscribe({ error: note('timed out') });
    clock.advance(2_000);
    expect(seen).toEqual([
      ['throttled', 0],
      ['timer', 50],
      ['delayed', 75],
      ['tick', 200],
      ['tick', 400],
      ['throttled', 600],
      ['tick', 600],
      ['timer', 1_050],
      ['debounced', 1_100],
      ['timed out', 1_300],
    ]);
  });

  test('leaves no timer behind when unsubscribed', () => {
    const clock = createVirtualClock();
    const subscription = merge(interval(10, clock.scheduler), timer(1_000, clock.scheduler)).subscribe();
    clock.advance(35);
    expect(clock.pending).toBe(2);
    subscription.unsubscribe();
    expect(clock.pending).toBe(0);
  });

  test('leaves no timer behind when an operator ends within its own tick', () => {
    const clock = createVirtualClock();
    interval(10, clock.scheduler).pipe(take(2)).subscribe();
    clock.advance(20);
    expect(clock.pending).toBe(0);
  });

  test('re-arming an action cancels its earlier timer', () => {
    const clock = createVirtualClock();
    const seen: number[] = [];
    const action = clock.scheduler.schedule(() => seen.push(clock.now()), 100) as SchedulerAction<unknown>;
    clock.advance(50);
    action.schedule(undefined, 100);
    expect(clock.pending).toBe(1);
    clock.advance(500);
    expect(seen).toEqual([150]);
  });

  test('shares its instants with charts and with timers', () => {
    const clock = createVirtualClock();
    const seen: [string, number][] = [];
    const machine = createMachine({
      initial: 'a',
      states: { a: { after: { 300: 'b' } }, b: { after: { 300: 'c' } }, c: { type: 'final' } },
    });
    const actor = createActor(machine, { clock });
    actor.subscribe((snapshot) => seen.push([JSON.stringify(snapshot.value), clock.now()]));
    actor.start();
    interval(300, clock.scheduler)
      .pipe(
        take(2),
        map((index) => `tick ${index}`),
      )
      .subscribe((name) => seen.push([name, clock.now()]));
    clock.advance(600);
    expect(seen).toEqual([
      ['"a"', 0],
      ['"b"', 300],
      ['tick 0', 300],
      ['"c"', 600],
      ['tick 1', 600],
    ]);
  });
});

describe('the latched clock', () => {
  /** A base clock whose time moves whenever it is looked at, as the wall clock's does. */
  function restless(): ReturnType<typeof createVirtualClock> {
    const base = createVirtualClock();
    let creep = 0;
    return { ...base, now: () => base.now() + (creep += 0.25), advance: (ms) => base.advance(ms) };
  }

  test('stands still during a stimulus and only then', () => {
    const clock = latchClock(restless());
    expect(clock.now()).not.toBe(clock.now());
    clock.stimulus(() => {
      const at = clock.now();
      expect([clock.now(), clock.now(), clock.scheduler.now()]).toEqual([at, at, at]);
    });
    expect(clock.now()).not.toBe(clock.now());
  });

  test('a stimulus within a stimulus belongs to it, and the burst ends once', () => {
    const ends: number[] = [];
    const clock = latchClock(restless(), () => ends.push(clock.now()));
    const value = clock.stimulus(() => {
      const at = clock.now();
      clock.stimulus(() => expect(clock.now()).toBe(at));
      expect(ends).toEqual([]);
      return at;
    });
    expect(ends).toEqual([value]);
  });

  test('a stimulus that throws still ends its burst and lets time go on', () => {
    let ends = 0;
    const clock = latchClock(restless(), () => void (ends += 1));
    expect(() =>
      clock.stimulus(() => {
        throw new TypeError('in the stimulus');
      }),
    ).toThrow('in the stimulus');
    expect(ends).toBe(1);
    expect(clock.now()).not.toBe(clock.now());
  });

  test('an end of a burst that throws does not freeze time for ever', () => {
    const clock = latchClock(restless(), () => {
      throw new TypeError('at the end');
    });
    expect(() => clock.stimulus(() => undefined)).toThrow('at the end');
    expect(clock.now()).not.toBe(clock.now());
  });

  test('timers armed in a stimulus count from its instant, though the base has moved on', () => {
    const base = createVirtualClock();
    const clock = latchClock(base);
    const seen: number[] = [];
    clock.stimulus(() => {
      base.advance(40); // the stimulus takes 40 ms of work
      expect(clock.now()).toBe(0);
      clock.setTimeout(() => seen.push(clock.now()), 100);
    });
    base.advance(1_000);
    expect(seen).toEqual([100]);
  });

  test('each firing is a stimulus of its own, with an end of its own', () => {
    const base = createVirtualClock();
    const ends: number[] = [];
    const clock = latchClock(base, () => ends.push(clock.now()));
    clock.setTimeout(() => clock.stimulus(() => undefined), 10);
    clock.setTimeout(() => undefined, 10);
    clock.setTimeout(() => undefined, 25);
    base.advance(100);
    expect(ends).toEqual([10, 10, 25]);
  });

  test('counts its own timers, not those of the clock under it', () => {
    const base = createVirtualClock();
    const clock = latchClock(base);
    base.setTimeout(() => undefined, 10);
    const [kept, cleared] = [clock.setTimeout(() => undefined, 10), clock.setTimeout(() => undefined, 10)];
    expect(clock.pending).toBe(2);
    clock.clearTimeout(cleared);
    clock.clearTimeout(cleared);
    clock.clearTimeout(undefined);
    expect([clock.pending, base.pending]).toEqual([1, 2]);
    base.advance(10);
    clock.clearTimeout(kept);
    expect([clock.pending, base.pending]).toEqual([0, 0]);
  });

  test('gives RxJS the same instants', () => {
    const base = createVirtualClock();
    const ends: number[] = [];
    const clock = latchClock(base, () => ends.push(clock.now()));
    interval(20, clock.scheduler).pipe(take(3)).subscribe();
    base.advance(100);
    expect(ends).toEqual([20, 40, 60]);
    expect(clock.pending).toBe(0);
  });
});

describe('the system clock', () => {
  test('starts near zero, never goes back, and counts its timers', () => {
    const clock = createSystemClock();
    const first = clock.now();
    expect(first).toBeGreaterThanOrEqual(0);
    expect(clock.now()).toBeGreaterThanOrEqual(first);
    const handle = clock.setTimeout(() => undefined, 60_000);
    expect(handle.deadline).toBeGreaterThanOrEqual(first + 60_000);
    expect(clock.pending).toBe(1);
    clock.clearTimeout(handle);
    clock.clearTimeout(handle);
    expect(clock.pending).toBe(0);
  });

  test('fires over native timers, late negative waits included', () => {
    vi.useFakeTimers();
    try {
      const clock = createSystemClock();
      const seen: string[] = [];
      clock.setTimeout(() => seen.push('later'), 100);
      clock.setTimeout(() => seen.push('now'), -5);
      vi.advanceTimersByTime(99);
      expect(seen).toEqual(['now']);
      vi.advanceTimersByTime(1);
      expect(seen).toEqual(['now', 'later']);
      expect(clock.pending).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});
