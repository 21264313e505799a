/**
 * @module What the load counts: latencies as they arrive, chunks that were lost or came too late. One tally per
 * process; the runner resets it when the window begins and reads it when it ends.
 */
import { performance } from 'node:perf_hooks';
import { machineNow, type Span } from '../quiet.ts';
import { type Quantiles, Samples } from './samples.ts';

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
  readonly latencies: Latencies;
  /** The same in quiet moments only. */
  readonly quiet: Latencies;
  /** Share of a core the load itself took, and how late its own schedule ran. */
  readonly busy: number;
  readonly late: Quantiles;
}

export interface Latencies {
  /** From the model's `speech_started` to the caller's `clear`, each. */
  readonly bargeIns: readonly number[];
  /** From a caller's frame to the append at the model. */
  readonly up: Quantiles;
  /** From the model's delta to the media at the caller. */
  readonly down: Quantiles;
}

class Tally {
  readonly up = new Samples();
  readonly down = new Samples();
  readonly late = new Samples();
  readonly bargeIns = new Samples();
  lost = 0;
  stale = 0;
  unanswered = 0;
  dropped = 0;
  #cpu = process.cpuUsage();
  #since = performance.now();

  reset(): void {
    for (const samples of [this.up, this.down, this.late, this.bargeIns]) samples.reset();
    this.lost = 0;
    this.stale = 0;
    this.unanswered = 0;
    this.#cpu = process.cpuUsage();
    this.#since = performance.now();
  }

  /** @param quiet when the machine was ours */
  read(open: number, quiet: readonly Span[]): LoadReading {
    const { user, system } = process.cpuUsage(this.#cpu);
    const always = [{ from: 0, to: machineNow() }];
    return {
      open,
      dropped: this.dropped,
      lost: this.lost,
      stale: this.stale,
      unanswered: this.unanswered,
      latencies: this.#latencies(always),
      quiet: this.#latencies(quiet),
      busy: (user + system) / 1_000 / (performance.now() - this.#since),
      late: this.late.read(always),
    };
  }

  #latencies(spans: readonly Span[]): Latencies {
    return {
      bargeIns: [...this.bargeIns.within(spans)],
      up: this.up.read(spans),
      down: this.down.read(spans),
    };
  }
}

export const tally = new Tally();
