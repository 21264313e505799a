/**
 * @module Loaded before Offhook (`--import`) to find what its event log costs: `BENCH_LOG=timed` puts a clock around
 * every call of it, `BENCH_LOG=off` puts nothing in its place. Offhook itself has no such switch.
 */
import { registerHooks } from 'node:module';

const NAME = 'export function createCallLog(';

const OFF = `
export function createCallLog() {
  const nothing = () => {};
  return { event: nothing, order: nothing, snapshot: nothing, flush: nothing, close: nothing };
}`;

const TIMED = `
globalThis.benchLogMs = 0;
export function createCallLog(...given) {
  const log = createCallLogUntimed(...given);
  // Writes nest: what the outermost took includes the others.
  let depth = 0;
  const timed = (work) => (...values) => {
    const start = performance.now();
    depth += 1;
    try {
      return work.apply(log, values);
    } finally {
      depth -= 1;
      if (depth === 0) globalThis.benchLogMs += performance.now() - start;
    }
  };
  const names = ['event', 'order', 'snapshot', 'flush', 'close'];
  return Object.fromEntries(names.map((name) => [name, timed(log[name])]));
}`;

let isHooked = false;
registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!/\/runtime\/call-log\.[jt]s$/.test(url)) return loaded;
    const source = Buffer.from(loaded.source as Uint8Array).toString();
    if (source.split(NAME).length !== 2)
      throw new Error(`the log cannot be hooked: no one '${NAME}' in ${url}`);
    isHooked = true;
    const wrapper = process.env['BENCH_LOG'] === 'off' ? OFF : TIMED;
    return { ...loaded, source: `${source.replace(NAME, 'function createCallLogUntimed(')}\n${wrapper}` };
  },
});
process.on('message', (order: { probe?: string }) => {
  if (order.probe === 'reset' && !isHooked)
    throw new Error('the log was not found where the bench expects it');
});
