/**
 * @module Writes a call's steps and orders into its event log. The live call and its replay use this one watcher,
 * so what one writes the other can be held against, byte for byte.
 */
import type { CallLog } from './call-log.ts';
import type { CallWatcher } from './switchboard.ts';

/** XState's own book-keeping: nobody sent it, and a replay starts and stops its actors by itself. */
const LIFECYCLE = new Set(['xstate.init', 'xstate.stop']);

/**
 * Creates the watcher that fills `log`. Whoever ends the stimulus calls `log.flush()`; nothing is written before.
 */
export function createLogWatcher(log: CallLog): CallWatcher {
  return {
    event({ at, chart, source, event, after, stale }) {
      if (LIFECYCLE.has(event.type)) return;
      log.event(at, chart, source, event);
      if (stale === undefined) log.snapshot(at, chart, after);
    },
    order: ({ at, chart, to, order }) => log.order(at, chart, to, order),
  };
}
