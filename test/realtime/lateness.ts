/** @module How late a process's timers come, from Node's own measurement of them. */
import type { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Lateness } from './every-chunk-messages.ts';

export function readLateness(delay: ReturnType<typeof monitorEventLoopDelay>): Lateness {
  const ms = (ns: number): number => Math.round(ns / 1e6);
  return { p99: ms(delay.percentile(99)), max: ms(delay.max) };
}
