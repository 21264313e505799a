/**
 * @module The one source of time. Actors, RxJS, ports and tests all wait on a `Clock`;
 * `createSystemClock` is the production one, `latchClock` freezes it for the length of one stimulus.
 */
import type { SchedulerAction, SchedulerLike } from 'rxjs';
// The whole of rxjs is two hundred files, of which two are used; they take as long to load as all of ours.
import { Subscription } from 'rxjs/internal/Subscription';

/** An armed timer. Opaque: hand it back to `clearTimeout`. */
export interface TimerHandle {
  readonly deadline: number;
}

/** Time as everything in a call sees it. Milliseconds throughout. */
export interface Clock {
  /** Milliseconds since this clock's zero; never goes back. */
  now(): number;
  /** Unix time in milliseconds at `now() === 0`. */
  readonly epoch: number;
  /** Timers armed and not yet fired or cleared. */
  readonly pending: number;
  setTimeout(run: () => void, delay: number): TimerHandle;
  clearTimeout(handle: TimerHandle | undefined): void;
  /** The same clock for RxJS operators: `debounceTime(500, clock.scheduler)`. */
  readonly scheduler: SchedulerLike;
}

/** Wraps a clock for RxJS. Re-arming an action cancels its earlier timer, as RxJS expects. */
export function createScheduler(clock: Pick<Clock, 'now' | 'setTimeout' | 'clearTimeout'>): SchedulerLike {
  return {
    now: () => clock.now(),
    schedule<T>(work: (this: SchedulerAction<T>, state?: T) => void, delay = 0, state?: T): Subscription {
      return new ClockAction(clock, work).schedule(state, delay);
    },
  };
}

class ClockAction<T> extends Subscription implements SchedulerAction<T> {
  readonly #clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>;
  readonly #work: (this: SchedulerAction<T>, state?: T) => void;
  #timer: TimerHandle | undefined;

  constructor(
    clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>,
    work: (this: SchedulerAction<T>, state?: T) => void,
  ) {
    super();
    this.#clock = clock;
    this.#work = work;
  }

  schedule(state?: T, delay = 0): Subscription {
    // An operator that completed within its own work still re-arms; that timer would outlive it.
    if (this.closed) return this;
    this.#clock.clearTimeout(this.#timer);
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined;
      if (!this.closed) this.#work.call(this, state);
    }, delay);
    return this;
  }

  override unsubscribe(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    super.unsubscribe();
  }
}

interface SystemTimer extends TimerHandle {
  native: NodeJS.Timeout | undefined;
}

/** The wall clock over Node's timers. `now()` is monotonic, so a stepped system time moves no deadline. */
export function createSystemClock(): Clock {
  const zero = performance.now();
  let pending = 0;
  const now = (): number => performance.now() - zero;
  const base = {
    now,
    setTimeout(run: () => void, delay: number): TimerHandle {
      const wait = Math.max(0, delay);
      const timer: SystemTimer = { deadline: now() + wait, native: undefined };
      timer.native = setTimeout(() => {
        timer.native = undefined;
        pending -= 1;
        run();
      }, wait);
      pending += 1;
      return timer;
    },
    clearTimeout(handle: TimerHandle | undefined): void {
      const timer = handle as SystemTimer | undefined;
      if (!timer?.native) return;
      clearTimeout(timer.native);
      timer.native = undefined;
      pending -= 1;
    },
  };
  return {
    ...base,
    epoch: Date.now(),
    get pending() {
      return pending;
    },
    scheduler: createScheduler(base),
  };
}

interface LatchedTimer extends TimerHandle {
  /** Undefined once it has fired or was cleared. */
  inner: TimerHandle | undefined;
}

/** A clock that stands still while one stimulus is being worked off. */
export interface LatchedClock extends Clock {
  /**
   * Runs `work` at one frozen instant, then calls the burst listener. Nested stimuli belong to the outer one.
   * Everything that enters a call's actors does so through here: a socket message, a timer, a user's call.
   */
  stimulus<T>(work: () => T): T;
}

/**
 * Latches `base` per stimulus, so that what actors read as "now" is exactly the `at` that the log holds.
 * Timers armed inside a stimulus count from the frozen instant; each firing is a stimulus of its own.
 * @param afterBurst runs once at the end of every outermost stimulus, still at its instant.
 */
export function latchClock(base: Clock, afterBurst: () => void = () => {}): LatchedClock {
  return new Latch(base, afterBurst);
}

class Latch implements LatchedClock {
  readonly epoch: number;
  readonly #base: Clock;
  readonly #afterBurst: () => void;
  #frozen: number | undefined;
  #pending = 0;
  #scheduler: SchedulerLike | undefined;

  constructor(base: Clock, afterBurst: () => void) {
    this.epoch = base.epoch;
    this.#base = base;
    this.#afterBurst = afterBurst;
  }

  get pending(): number {
    return this.#pending;
  }

  get scheduler(): SchedulerLike {
    return (this.#scheduler ??= createScheduler(this));
  }

  now(): number {
    return this.#frozen ?? this.#base.now();
  }

  stimulus<T>(work: () => T): T {
    if (this.#frozen !== undefined) return work();
    this.#frozen = this.#base.now();
    try {
      return work();
    } finally {
      try {
        this.#afterBurst();
      } finally {
        this.#frozen = undefined;
      }
    }
  }

  setTimeout(run: () => void, delay: number): TimerHandle {
    const now = this.now();
    const timer: LatchedTimer = { deadline: now + Math.max(0, delay), inner: undefined };
    timer.inner = this.#base.setTimeout(
      () => {
        timer.inner = undefined;
        this.#pending -= 1;
        this.stimulus(run);
      },
      now + delay - this.#base.now(),
    );
    this.#pending += 1;
    return timer;
  }

  clearTimeout(handle: TimerHandle | undefined): void {
    const timer = handle as LatchedTimer | undefined;
    if (!timer?.inner) return;
    this.#base.clearTimeout(timer.inner);
    timer.inner = undefined;
    this.#pending -= 1;
  }
}
