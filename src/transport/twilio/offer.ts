/**
 * @module A call between its webhook and its media stream: the request stays open until the agent has decided, and is
 * answered with a stream or a refusal. Until then nobody has picked up, so screening costs the caller nothing.
 */
import type { Clock } from '../../runtime/clock.ts';

/** What the webhook is told. */
export type Verdict = { readonly token: string } | { readonly reject: 'rejected' | 'busy' };

export interface Offer {
  /** Settles with the decision; never rejects. Asked again, as a retry does, the answer is the same. */
  readonly verdict: Promise<Verdict>;
  /** Nobody has decided yet. */
  readonly open: boolean;
  /** Answers with a stream. */
  accept(): void;
  /** Answers with a refusal. */
  decline(reason: 'rejected' | 'busy'): void;
  /** The stream has come, or is not wanted any more. */
  withdraw(): void;
}

/** Twilio gives a webhook 15 s (carriers.md §3.1); an answer has to be on its way before that. */
const DECISION_LIMIT = 12_000;

/**
 * Creates the offer of one call.
 * @param tokens where an accepted call gets the token of its stream
 * @param overdue nobody decided; the caller was told that the line is busy
 */
export function createOffer(parts: {
  readonly clock: Clock;
  readonly tokens: { issue(): string; revoke(token: string): void };
  readonly overdue: () => void;
}): Offer {
  const { clock, tokens } = parts;
  const { promise, resolve } = Promise.withResolvers<Verdict>();
  let token: string | undefined;
  let open = true;
  const decide = (verdict: Verdict): void => {
    open = false;
    clock.clearTimeout(timer);
    resolve(verdict);
  };
  const decline = (reason: 'rejected' | 'busy'): void => {
    if (open) decide({ reject: reason });
  };
  const timer = clock.setTimeout(() => {
    decline('busy');
    parts.overdue();
  }, DECISION_LIMIT);
  return {
    verdict: promise,
    get open() {
      return open;
    },
    accept() {
      if (!open) return;
      token = tokens.issue();
      decide({ token });
    },
    decline,
    withdraw() {
      if (token !== undefined) tokens.revoke(token);
    },
  };
}
