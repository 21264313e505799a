/**
 * @module What a step of the call chart must lead to: orders that have to be given, in their order, and what has to be
 * so once a fact is known. The other invariants say what must not be.
 */
import { REPEAT_GREETING_BELOW } from '../../src/machines/call/context.ts';
import { OURS } from '../../src/machines/call/lines.ts';
import type { Step } from './invariants.ts';
import type { Snapshot } from './rig.ts';

/** The duties that need no orders to judge: also those of the random conversations. */
export function stateDuty(before: Snapshot, after: Snapshot): string | undefined {
  if (after.hasTag('speak.live') && !after.context.answered)
    return 'spoken to a line that nobody has answered';
  if (before.context.connection !== after.context.connection && isSounding(after)) {
    return 'a voice that another session heard holds the floor';
  }
  return after.hasTag('away') && isSounding(after) ? 'a voice is heard while away' : undefined;
}

const isSounding = (snapshot: Snapshot): boolean => snapshot.matches({ live: { floor: 'sounding' } });

export function dutyBreach(step: Step): string | undefined {
  return (
    sequenceBreach(step) ??
    heardBreach(step) ??
    resultBreach(step) ??
    tellBreach(step) ??
    owedBreach(step) ??
    endBreach(step)
  );
}

/** Silence first: whatever the model is told of a cut can wait, the caller cannot. */
function sequenceBreach({ orders }: Step): string | undefined {
  const flush = orders.findIndex(({ order }) => order.type === 'flush');
  const early = orders.slice(0, Math.max(flush, 0)).find(({ order }) => TOLD.includes(order.type));
  return early ? `the silence waits for "${early.order.type}"` : undefined;
}

const TOLD = ['cancel', 'withdraw', 'truncate'];

/** What was cut is told to the model as soon as it is known how far it came: it else believes that all was heard. */
function heardBreach({ before, after, orders }: Step): string | undefined {
  if (after.context.connection === 0) return undefined;
  const flush = orders.find(({ order }) => order.type === 'flush')?.order.gen ?? Infinity;
  const cut = [...before.context.cutting, ...before.context.gens.filter(({ gen }) => gen >= flush)];
  const told = orders.filter(({ order }) => order.type === 'truncate').map(({ order }) => order.gen);
  const untold = cut.find(
    ({ gen, kind }) =>
      !OURS.includes(kind) &&
      !told.includes(gen) &&
      ![...after.context.cutting, ...after.context.gens].some((entry) => entry.gen === gen),
  );
  return untold ? `the model believes that all of generation ${untold.gen} was heard` : undefined;
}

/** A result is in the conversation before anything is asked about it. */
function resultBreach({ before, event, orders }: Step): string | undefined {
  if (event.type !== 'tool.done' || before.context.connection === 0) return undefined;
  const { call } = event as { call?: string };
  const runs = before.context.tools.some((run) => run.call === call && run.status === 'running');
  const given = orders.some(
    ({ order }) => order.type === 'toolResult' && (order as { call?: string }).call === call,
  );
  return runs && !given ? `the result of tool ${call} is lost` : undefined;
}

/** Keys that nobody collects are the model's, and a greeting that was heard is not said again. */
function tellBreach({ before, event, orders }: Step): string | undefined {
  const { digits, connection, greetingHeardMs } = before.context;
  const entered = event.type.startsWith('xstate.after.keypadPause');
  if (entered && digits > 0 && connection > 0 && !orders.some(({ order }) => order.type === 'digits')) {
    return 'keys were pressed, and the model is not told';
  }
  const greets =
    greetingHeardMs >= REPEAT_GREETING_BELOW && orders.some(({ order }) => order.type === 'greet');
  return greets ? 'a greeting that was heard is asked for again' : undefined;
}

/** A session that is lost over a turn leaves its answer owing. */
function owedBreach({ before, after, event }: Step): string | undefined {
  const { turn, asked, connection } = before.context;
  const isLoss =
    event.type === 'session.lost' && (event as { connection?: number }).connection === connection;
  if (!isLoss || !after.matches('live')) return undefined;
  const owes = turn === 'open' || asked.some(({ kind }) => kind === 'reply');
  return owes && !after.context.owed ? 'the answer is forgotten with the session' : undefined;
}

/** A call ends when the other side has hung up, and not because nothing moves while the caller is elsewhere. */
function endBreach({ before, after, event }: Step): string | undefined {
  if (event.type === 'leg.hangup' && !after.matches('closing')) return 'the call goes on without anybody';
  const isMedia = event.type.startsWith('xstate.after.media');
  return isMedia && before.hasTag('away') && !after.hasTag('away')
    ? 'media that stands still ends a call that is away'
    : undefined;
}
