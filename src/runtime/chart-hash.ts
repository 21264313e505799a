/**
 * @module Names the version of each chart: a hash of its definition, which a call log carries in its header, so that
 * a replay can say which chart has changed since the call.
 */
import { hash } from 'node:crypto';
import { callMachine } from '../machines/call/machine.ts';
import { sessionMachine } from '../machines/session/machine.ts';

/** As much of a machine as its hash is made of. */
export interface HashedChart {
  readonly config: unknown;
  readonly implementations: {
    readonly actions: object;
    readonly guards: object;
    readonly delays: object;
  };
}

let known: Readonly<Record<'call' | 'session', string>> | undefined;

/** The hash of each chart's definition, 16 hex digits; computed once per process. */
export function hashCharts(): Readonly<Record<'call' | 'session', string>> {
  known ??= Object.freeze({ call: hashChart(callMachine), session: hashChart(sessionMachine) });
  return known;
}

/**
 * Hashes states, transitions and the names they use, with the constant delays by value. What a function does is not
 * part of it: its text differs between sources and build. A changed guard shows where a replay first differs.
 */
export function hashChart(chart: HashedChart): string {
  const { actions, guards, delays } = chart.implementations;
  const definition = JSON.stringify(
    [
      chart.config,
      Object.keys(actions).sort(),
      Object.keys(guards).sort(),
      Object.entries(delays).sort(([a], [b]) => (a < b ? -1 : 1)),
    ],
    keepWhatDecides,
  );
  return hash('sha256', definition, 'hex').slice(0, 16);
}

/** A reason given in `meta` decides nothing, so a better wording does not make another chart. */
function keepWhatDecides(key: string, value: unknown): unknown {
  if (key === 'meta' || key === 'description') return undefined;
  return typeof value === 'function' ? '()' : value;
}
