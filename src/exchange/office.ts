/**
 * @module What every part of the exchange shares: time, chance, the network, its tables and its listeners.
 * Made once by `createExchange` and handed down.
 */
import type { Clock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/logger.ts';
import type { ControlLink } from './control.ts';
import type { DelayLine } from './delay-line.ts';
import type { ExchangeFaults } from './faults.ts';
import type { Counters } from './media.ts';
import type { Ticker } from './ticker.ts';
import type { Account, ExchangeListeners, TransferAsked, TransferPlan } from './types.ts';

export interface Office {
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly wire: DelayLine;
  readonly ticker: Ticker;
  readonly counters: Counters;
  readonly faults: ExchangeFaults;
  readonly keepAudio: boolean;
  readonly accounts: readonly Account[];
  /** Number → account id. */
  readonly numbers: ReadonlyMap<string, string>;
  readonly find: (number: string) => ControlLink | undefined;
  readonly report: <K extends keyof ExchangeListeners>(
    event: K,
    ...args: Parameters<ExchangeListeners[K]>
  ) => void;
  readonly planTransfer: (asked: TransferAsked) => TransferPlan;
}

/** `length` hexadecimal digits from a source of chance. */
export function randomHex(random: () => number, length: number): string {
  let text = '';
  while (text.length < length) text += Math.floor(random() * 16).toString(16);
  return text;
}
