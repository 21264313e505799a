/** @module A call played by symbols, with time: what the tests of buried bugs are written in. */
import type { CallPolicy } from '../../src/machines/call/vocabulary.ts';
import { candidatesOf } from './candidates.ts';
import { pathOf } from './folds.ts';
import { createRig, type Order, POLICY, type Rig } from './rig.ts';

export interface Played {
  readonly rig: Rig;
  /** Everything ordered so far, oldest first, as `to:type`. */
  readonly ordered: readonly string[];
  /** Dotted path of the dialogue, or of the phase while there is none. */
  readonly place: string;
  play(...symbols: readonly string[]): Played;
  tell(event: Order['order'] & Record<string, unknown>): Played;
  wait(ms: number): Played;
  /** How many orders of this kind there were since the last call of it. */
  count(order: string): number;
}

const UP = ['screen.done yes', 'leg.answered', 'leg.mediaStarted', 'start.done', 'session.ready'];
const GREETED = [
  ...UP,
  'gen.started greeting',
  'gen.audio greeting',
  'gen.done greeting+',
  'playout.drained greeting',
];

/** A call with this policy, before anything has happened. */
export function begin(
  change: Partial<CallPolicy> = {},
  direction: 'inbound' | 'outbound' = 'inbound',
): Played {
  const policy = { ...POLICY, ...change };
  const rig = createRig(policy, direction);
  const ordered: string[] = [];
  let counted = 0;
  const note = (orders: readonly Order[]): void => {
    ordered.push(...orders.map(({ to, order }) => `${to}:${order.type}`));
  };
  note(rig.orders);
  const played: Played = {
    rig,
    ordered,
    get place() {
      const { value } = rig.snapshot;
      const region = typeof value === 'object' && 'live' in value ? value['live'].dialogue : value;
      return pathOf(region);
    },
    play(...symbols) {
      for (const symbol of symbols) {
        const event = candidatesOf(rig.snapshot, policy).get(symbol);
        if (!event) throw new Error(`"${symbol}" cannot happen in ${played.place}`);
        rig.send(event);
        note(rig.orders);
      }
      return played;
    },
    tell(event) {
      rig.send(event);
      note(rig.orders);
      return played;
    },
    wait(ms) {
      note(rig.wait(ms));
      return played;
    },
    count(order) {
      const fresh = ordered.slice(counted);
      counted = ordered.length;
      return fresh.filter((entry) => entry === order).length;
    },
  };
  return played;
}

/** A call that is up, with a session, about to greet. */
export const up = (change: Partial<CallPolicy> = {}): Played => begin(change).play(...UP);

/** A call whose greeting was heard: the caller is to speak. */
export const talking = (change: Partial<CallPolicy> = {}): Played => begin(change).play(...GREETED);
