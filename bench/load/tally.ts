/**
 * @module What the load counts: latencies as they arrive, chunks that were lost or came too late. One tally per
 * process; the runner resets it when the window begins and reads it when it ends.
 */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { performance } from 'node:perf_hooks';

export interface Quantiles {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** What the load saw in one window. Times in ms. */
export interface LoadReading {
  readonly open: number;
  /** Connections that ended although nobody hung up, since the process began. */
  readonly dropped: number;
  /** Chunks of either direction that did not arrive, or arrived out of order. */
  readonly lost: number;
  /** Chunks of a reply that reached the caller after its clear. */
  readonly stale: number;
  /** Times a caller spoke over the agent and no clear came within two seconds. */
  readonly unanswered: number;
  /** From the model's `speech_started` to the caller's `clear`, each. */
  readonly bargeIns: readonly number[];
  /** From a caller's frame to the append at the model. */
  readonly up: Quantiles;
  /** From the model's delta to the media at the caller. */
  readonly down: Quantiles;
  readonly appends: number;
  readonly deltas: number;
  /** Share of a core the load itself took, and how late its own schedule ran. */
  readonly busy: number;
  readonly late: Quantiles;
}

/** Sizes in microseconds, since a histogram holds whole numbers. */
class Latency {
  readonly #histogram: RecordableHistogram = createHistogram({ lowest: 1, highest: 60_000_000, figures: 3 });

  record(ms: number): void {
    this.#histogram.record(Math.max(1, Math.round(ms * 1_000)));
  }

  reset(): void {
    this.#histogram.reset();
  }

  read(): Quantiles {
    const { count, max } = this.#histogram;
    if (count === 0) return { count, p50: Number.NaN, p99: Number.NaN, max: Number.NaN };
    const at = (percent: number): number => this.#histogram.percentile(percent) / 1_000;
    return { count, p50: at(50), p99: at(99), max: max / 1_000 };
  }
}

class Tally {
  readonly up = new Latency();
  readonly down = new Latency();
  readonly late = new Latency();
  lost = 0;
  stale = 0;
  unanswered = 0;
  dropped = 0;
  bargeIns: number[] = [];
  #cpu = process.cpuUsage();
  #since = performance.now();

  reset(): void {
    for (const latency of [this.up, this.down, this.late]) latency.reset();
    this.lost = 0;
    this.stale = 0;
    this.unanswered = 0;
    this.bargeIns = [];
    this.#cpu = process.cpuUsage();
    this.#since = performance.now();
  }

  read(open: number): LoadReading {
    const { user, system } = process.cpuUsage(this.#cpu);
    const up = this.up.read();
    const down = this.down.read();
    return {
      open,
      dropped: this.dropped,
      lost: this.lost,
      stale: this.stale,
      unanswered: this.unanswered,
      bargeIns: this.bargeIns,
      up,
      down,
      appends: up.count,
      deltas: down.count,
      busy: (user + system) / 1_000 / (performance.now() - this.#since),
      late: this.late.read(),
    };
  }
}

export const tally = new Tally();
