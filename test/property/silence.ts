/**
 * @module The law of silence: whatever the caller's voice does, an agent that has something to say is heard within the
 * time after which a voice is noise, and its own latency.
 */
import { type CallContext, DELAYS } from '../../src/machines/call/vocabulary.ts';
import type { Snapshot } from '../model/rig.ts';
import type { Model } from './model.ts';
import type { Network } from './network.ts';

/** A voice without an end, an interruption that came to nothing, a model that never answers; a second to say so. */
export const LONGEST_SILENCE = DELAYS.voiceMax + DELAYS.filler + DELAYS.thinkMax + 1_000;

/** Something is still to be said; what sounds already is its answer under way. */
export function owes({ turn, owed, digitsWaiting, asked, tools }: CallContext): boolean {
  // A line of the program's that the model refuses is told to the program, and owed to nobody.
  const answers = asked.some(({ kind }) => kind === 'reply' || kind === 'greeting');
  return (
    turn !== 'none' || owed || digitsWaiting || answers || tools.some(({ status }) => status === 'given')
  );
}

/** The caller is with the agent: not with a mailbox or somebody else, and not at the end. */
export function isTogether({ status, context, value }: Snapshot): boolean {
  if (status !== 'active' || context.mediaOpen === 0 || !context.answered) return false;
  const { live } = value as { live?: { dialogue: object | string } };
  const [dialogue] = typeof live?.dialogue === 'object' ? Object.keys(live.dialogue) : [live?.dialogue];
  return /^(prewarm|greeting|conversing|returning|reconnecting)$/.test(dialogue ?? '');
}

/** Watches one call; each look returns the law that is broken by now, if it is. */
export function createSilenceWatch(
  now: () => number,
  model: Pick<Model, 'turnAt'>,
  network: Pick<Network, 'heardAt'>,
): (snapshot: Snapshot) => string | undefined {
  let since: number | undefined;
  return (snapshot) => {
    if (!isTogether(snapshot) || !owes(snapshot.context)) {
      since = undefined;
      return undefined;
    }
    since ??= now();
    // Who has said something new waits from then on.
    const silence = now() - Math.max(since, network.heardAt, model.turnAt);
    if (silence <= LONGEST_SILENCE) return undefined;
    return `the agent owes the caller a word and is silent for ${silence} ms`;
  };
}
