/**
 * @module What ties a media stream to the webhook that announced its call: a token that works once, within 30 s.
 * Twilio's signature of a stream is the same for every call, so the token is what tells them apart.
 */
import type { Clock, TimerHandle } from '../../runtime/clock.ts';

export interface Tickets<Holder> {
  /** A fresh token. @param expired told when it was not used in time */
  issue(holder: Holder, expired: () => void): string;
  /**
   * Uses a token up, if its holder `fits`; in a stranger's hand it stays good.
   * @returns the holder; undefined if the token is unknown, used, revoked or expired
   */
  redeem(token: string | undefined, fits: (holder: Holder) => boolean): Holder | undefined;
  revoke(token: string): void;
}

/** Twilio connects within a second or two of its answer; after this something stands in between. */
const LIFE = 30_000;

/** Creates the tickets of one transport. @param createToken a fresh token that nobody can guess */
export function createTickets<Holder>(clock: Clock, createToken: () => string): Tickets<Holder> {
  const open = new Map<string, { readonly holder: Holder; readonly timer: TimerHandle }>();
  const revoke = (token: string): void => {
    clock.clearTimeout(open.get(token)?.timer);
    open.delete(token);
  };
  return {
    issue(holder, expired) {
      const token = createToken();
      const timer = clock.setTimeout(() => {
        open.delete(token);
        expired();
      }, LIFE);
      open.set(token, { holder, timer });
      return token;
    },
    redeem(token = '', fits) {
      const ticket = open.get(token);
      if (!ticket || !fits(ticket.holder)) return undefined;
      revoke(token);
      return ticket.holder;
    },
    revoke,
  };
}
