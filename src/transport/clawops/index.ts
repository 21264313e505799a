/**
 * @module The ClawOps telephone platform as a transport: one control connection per number, one media connection
 * per call, REST to place calls.
 */
import { OffhookError } from '../../errors.ts';
import type { Transport } from '../contract.ts';
import { Calls } from './calls.ts';
import { type Control, createControl } from './control.ts';
import { type ClawopsCounters, createCounters } from './counters.ts';
import { createRest } from './rest.ts';
import { CLAWOPS_CAPABILITIES, type ClawopsOptions, resolveSettings } from './settings.ts';

export type { ClawopsCounters } from './counters.ts';
export type { ClawopsOptions } from './settings.ts';

export interface ClawopsTransport extends Transport {
  dial: NonNullable<Transport['dial']>;
  /** What was survived so far; live. */
  readonly counters: Readonly<ClawopsCounters>;
}

/**
 * Serves one ClawOps number, and calls from it. Several numbers are several transports.
 *
 * ```ts
 * const agent = createAgent({ transports: [clawops({ number: '07012341234' })], session });
 * ```
 * @throws OffhookError OFFHOOK_OPTION_MISSING, OFFHOOK_OPTION_INVALID or OFFHOOK_URL_INSECURE, at once.
 */
export function clawops(options: ClawopsOptions): ClawopsTransport {
  const settings = resolveSettings(options);
  const counters = createCounters();
  let wired: { control: Control; calls: Calls } | undefined;
  return {
    name: 'clawops',
    can: CLAWOPS_CAPABILITIES,
    counters,
    connect(host) {
      if (!wired) {
        const rest = createRest(settings, host.clock);
        const calls = new Calls({ host, settings, counters, rest, send: (message) => control.send(message) });
        const control = createControl({ settings, host, counters, receive: (fact) => calls.receive(fact) });
        wired = { control, calls };
      }
      return wired.control.connect();
    },
    dial(request) {
      if (wired) return wired.calls.dial(request);
      throw new OffhookError('OFFHOOK_CALL_STATE', 'clawops: connect the agent before it places calls.');
    },
    async close() {
      wired?.calls.unlink();
      await wired?.control.close();
    },
  };
}
