/**
 * @module Loaded into every measured process (`--import`): answers the runner's questions about CPU and memory, so
 * that all subjects are measured by the same few lines.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';

const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();
let since = process.cpuUsage();

process.on('message', (message: { probe?: 'reset' | 'read' | 'exit' }) => {
  if (message.probe === 'reset') {
    since = process.cpuUsage();
    delay.reset();
  }
  if (message.probe === 'read') {
    const { user, system } = process.cpuUsage(since);
    globalThis.gc?.();
    process.send?.({
      cpuMs: (user + system) / 1_000,
      rssKb: process.memoryUsage.rss() / 1_024,
      loopP99Ms: delay.percentile(99) / 1e6,
    });
  }
  if (message.probe === 'exit') process.exit(0);
});
