/**
 * @module The one-time media token of a call (clawops.md 3.1): works once, for 30 s, and is the whole authentication.
 * Doubles as the wait for media: a call whose media never comes is stuck.
 */
import type { Clock, TimerHandle } from '../runtime/clock.ts';
import { randomHex } from './office.ts';

/** Life of a token, and so the time within which media must open. */
export const MEDIA_TIMEOUT_MS = 30_000;

export interface Ticket {
  /** Makes the token valid. @param expired issue it too old to be used, for tests */
  issue(expired: boolean): string;
  /** Uses a token up. @returns false if it is wrong, used or expired */
  redeem(value: string): boolean;
  revoke(): void;
}

/** Creates a call's ticket. @param missed called 30 s after `issue` unless it was redeemed or revoked */
export function createTicket(clock: Clock, random: () => number, missed: () => void): Ticket {
  let token: { readonly value: string; readonly expires: number } | undefined;
  let timer: TimerHandle | undefined;
  const revoke = (): void => {
    token = undefined;
    clock.clearTimeout(timer);
  };
  return {
    issue(expired) {
      const value = randomHex(random, 32);
      token = { value, expires: clock.now() + (expired ? 0 : MEDIA_TIMEOUT_MS) };
      timer = clock.setTimeout(missed, MEDIA_TIMEOUT_MS);
      return value;
    },
    redeem(value) {
      if (token?.value !== value || clock.now() >= token.expires) return false;
      revoke();
      return true;
    },
    revoke,
  };
}
