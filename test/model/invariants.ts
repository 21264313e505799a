/**
 * @module What must hold after every step of the call chart, whatever the step was. Each check names the law it
 * stands for; a breach throws with the step that led to it.
 */
import type { AnyActorRef, EventObject } from 'xstate';
import type { CallContext, Generation } from '../../src/machines/call/vocabulary.ts';
import { dutyBreach, stateDuty } from './duties.ts';
import type { Order, Snapshot } from './rig.ts';

export interface Step {
  readonly before: Snapshot;
  readonly after: Snapshot;
  readonly event: EventObject;
  readonly orders: readonly Order[];
  /** Ports that are alive. */
  readonly open: ReadonlySet<string>;
  /** Timers of the call's clock. */
  readonly pending: number;
}

const OURS = ['apology', 'one-moment', 'filler', 'goodbye', 'transfer-failed', 'audio'];
const isOurs = ({ kind }: { kind: string }): boolean => OURS.includes(kind);

export function tagOf(snapshot: Snapshot, family: string): string {
  let found: string | undefined;
  let count = 0;
  for (const tag of snapshot.tags) {
    if (!tag.startsWith(family)) continue;
    found = tag;
    count += 1;
  }
  if (count === 1) return found!.slice(family.length);
  throw new Error(`${count} tags of ${family}: ${[...snapshot.tags].join(' ')}`);
}

/** States in which the agent yields to the caller's voice. */
export function isInterruptible(snapshot: Snapshot): boolean {
  return (
    snapshot.matches({ live: { dialogue: { greeting: 'open' } } }) ||
    snapshot.matches({ live: { dialogue: 'conversing' } }) ||
    snapshot.matches({ live: { dialogue: 'returning' } })
  );
}

export const isVoiced = (snapshot: Snapshot): boolean =>
  snapshot.matches({ live: { floor: { sounding: 'voiced' } } });

/** Throws for the first law that the step breaks. */
export function checkStep(step: Step): void {
  const breach = findBreach(step);
  if (breach === undefined) return;
  const { after, event, orders } = step;
  throw new Error(
    `${breach}\nafter ${JSON.stringify(event)}\nin ${JSON.stringify(after.value)}\norders ${JSON.stringify(orders)}`,
  );
}

function findBreach(step: Step): string | undefined {
  const { before, after } = step;
  if (after.status === 'done') return endBreach(step);
  return (
    stateBreach(before, after) ??
    unwantedBreach(step) ??
    orderBreach(step) ??
    flushBreach(step) ??
    childBreach(step) ??
    dutyBreach(step)
  );
}

/** The laws that need no orders to judge: also those of the random conversations. */
export function stateBreach(before: Snapshot, after: Snapshot): string | undefined {
  if (after.status === 'done') return undefined;
  if (after.status !== 'active') return `the chart is ${after.status}`;
  return (
    tagBreach(after) ??
    numberBreach(before.context, after.context) ??
    silenceBreach(after) ??
    stateDuty(before, after)
  );
}

function endBreach({ after, open, pending }: Step): string | undefined {
  for (const [id, child] of Object.entries(after.children)) {
    if ((child as AnyActorRef | undefined)?.getSnapshot().status === 'active')
      return `child ${id} lives on in the ended chart`;
  }
  if (open.size > 0) return `ports outlive the call: ${[...open].join(' ')}`;
  return pending > 0 ? `${pending} timers outlive the call` : undefined;
}

function tagBreach(after: Snapshot): string | undefined {
  const hear = tagOf(after, 'hear.');
  tagOf(after, 'speak.');
  if (hear === 'live' && after.context.connection === 0) return 'audio to a session that is not ready';
  if (after.matches({ live: { dialogue: 'handedOff' } }) && after.context.connection > 0) {
    return 'a session is paid for that nobody talks to';
  }
  const passing = after._nodes.find(({ key }) => key === 'choosing' || key === 'deciding');
  return passing && `rests in ${passing.key}`;
}

function numberBreach(before: CallContext, after: CallContext): string | undefined {
  if (after.lastGen < before.lastGen) return 'generation numbers shrink';
  if (after.lastRequest < before.lastRequest) return 'request numbers shrink';
  const numbers = after.gens.map(({ gen }) => gen);
  if (numbers.some((gen, index) => gen <= (numbers[index - 1] ?? 0))) return 'generations out of order';
  return numbers.some((gen) => gen > after.lastGen) ? 'a generation nobody started' : undefined;
}

/** A generation whose request was taken back never becomes alive. */
function unwantedBreach({ before, after, event }: Step): string | undefined {
  if (event.type !== 'gen.started') return undefined;
  const { gen, request } = event as Order['order'];
  if (request === undefined || before.context.asked.some((entry) => entry.request === request))
    return undefined;
  return after.context.gens.some((entry) => entry.gen === gen) ? 'an unwanted reply is alive' : undefined;
}

/** Every order is about something that is, or in this very step was, alive. */
function orderBreach({ before, after, event, orders }: Step): string | undefined {
  const started = event.type === 'gen.started' ? [(event as Order['order']).gen ?? 0] : [];
  const numbers = (gens: readonly Generation[]): number[] => gens.map(({ gen }) => gen);
  const known = new Set([...numbers(before.context.gens), ...numbers(after.context.gens), ...started]);
  const cut = new Set([...numbers(before.context.cutting), ...numbers(before.context.gens), ...started]);
  for (const { to, order } of orders) {
    if (order.gen === undefined) continue;
    if (!(order.type === 'truncate' ? cut : known).has(order.gen)) {
      return `order ${order.type}{${order.gen}} to ${to} about nothing alive`;
    }
  }
  return undefined;
}

function silenceBreach(after: Snapshot): string | undefined {
  const { gens, asked } = after.context;
  if (after.hasTag('away') && gens.length + asked.length > 0) return 'something is alive while away';
  if (tagOf(after, 'speak.') === 'drop' && !gens.every(isOurs)) {
    return 'a reply is alive where nothing may be heard';
  }
  if (isVoiced(after) && isInterruptible(after) && gens.length + asked.length > 0) {
    return 'the agent goes on while the caller holds the floor';
  }
  return undefined;
}

/** What was heard ends by being played to its end, or by a flush in the same step. */
function flushBreach({ before, after, event, orders }: Step): string | undefined {
  const { gens } = after.context;
  const flushed = orders.find(({ order }) => order.type === 'flush')?.order.gen ?? Infinity;
  const gone = before.context.gens.filter(
    (was: Generation) => was.audio && !gens.some((entry) => entry.gen === was.gen),
  );
  const drained = event.type === 'playout.drained' ? (event as Order['order']).gen : undefined;
  const lost = gone.find(({ gen }) => gen !== drained && gen < flushed);
  return lost ? `generation ${lost.gen} was heard and is forgotten without a flush` : undefined;
}

function childBreach({ after, open }: Step): string | undefined {
  for (const run of after.context.tools) {
    if (run.status === 'running' && !open.has(`tool:${run.call}`)) return `tool ${run.call} runs nowhere`;
  }
  const running = after.context.tools.filter((run) => run.status === 'running').length;
  const tools = [...open].filter((name) => name.startsWith('tool:')).length;
  return tools > running ? 'a tool that nobody waits for is alive' : undefined;
}
