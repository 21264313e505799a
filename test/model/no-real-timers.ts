/**
 * @module Makes real timers impossible in test/model and test/property. The rules in scripts/lib/time-rules.ts read our
 * text; this also stops a library's: an actor created without a clock waits on the wall clock, and nothing says so.
 */
import { afterEach, expect } from 'vitest';

const GUARDED = /[\\/]test[\\/](?:model|property)[\\/]/;
const REAL = ['setTimeout', 'setInterval', 'setImmediate'] as const;

const used: Error[] = [];

/** The real timers that something has asked for since the last call. */
export const takeRealTimers = (): readonly Error[] => used.splice(0);

if (GUARDED.test(expect.getState().testPath ?? '')) {
  for (const name of REAL) {
    Object.defineProperty(globalThis, name, {
      configurable: true,
      value: () => {
        const error = new Error(`a real ${name} in a suite in virtual time`);
        // Noted as well, since a chart would take the throw for a fault of its own and go on.
        used.push(error);
        throw error;
      },
    });
  }
  afterEach(() => expect(takeRealTimers()).toEqual([]));
}
