/**
 * @module The real call chart between fake ports: everything it orders is written down and judged at once, a fake
 * playout answers each cut, and a virtual clock stands still unless the test moves it.
 */
import { type Actor, type AnyStateMachine, createActor, type EventObject, fromCallback } from 'xstate';
import type { CallPorts, PortLogic } from '../../src/machines/call/base.ts';
import { createCallLogic } from '../../src/machines/call/machine.ts';
import type { CallContext, CallPolicy } from '../../src/machines/call/vocabulary.ts';
import { type ChartWatcher, govern } from '../../src/machines/govern.ts';
import { staleForCall } from '../../src/machines/stale.ts';
import { createVirtualClock, type VirtualClock } from '../../src/testing/virtual-clock.ts';
import { heardMsOf, playoutCut, staleEventsOf } from './candidates.ts';
import { checkStep } from './invariants.ts';
import { keep, type Kept, setTimers } from './keep.ts';
import type { Inspector, Runner, SnapshotOf } from './walk.ts';

export const POLICY: CallPolicy = {
  turns: 'model',
  answerAfter: 500,
  interruptAfter: 0,
  greeting: 'open',
  voicemail: true,
  recording: false,
  maxDuration: 3_600_000,
  ringTimeout: 60_000,
  transferReportsAnswer: true,
  longestBridge: 7_200_000,
  returnAfterFailure: false,
  endingTools: ['hang_up'],
  tools: { book: { onInterrupt: 'cancel', onHangup: 'finish' } },
  maxToolRounds: 2,
};

/** Turns taken by us, with our own detector: both floor delays count. */
export const RUNTIME_POLICY: CallPolicy = { ...POLICY, turns: 'runtime', interruptAfter: 200 };

/** After a hang-up the final word has 2 s; a tool that is to finish has 30 s. */
const LONGEST_END = { word: 2_000, tool: 30_000 } as const;

export interface Order {
  readonly to: string;
  readonly order: EventObject & { gen?: number; request?: number };
}

export interface Rig extends Runner<CallContext> {
  readonly actor: Actor<AnyStateMachine>;
  readonly clock: VirtualClock;
  /** Orders of the latest step. */
  readonly orders: readonly Order[];
  /** Lets time pass; returns what was ordered meanwhile. */
  wait(ms: number): readonly Order[];
}

export type Snapshot = SnapshotOf<CallContext>;

type Tell = (fact: EventObject) => void;

/** What a fake port reports to while its actor lives. */
interface Host {
  opened(port: string): void;
  closed(port: string): void;
  ordered(to: string, order: EventObject, tell: Tell): void;
}

const hosts = new Map<string, Host>();

const fakePort: PortLogic = fromCallback<EventObject, { call: string }>(
  ({ input, receive, sendBack, self }) => {
    const host = hosts.get(input.call);
    host?.opened(self.id);
    receive((order) => host?.ordered(self.id, order, sendBack));
    return () => host?.closed(self.id);
  },
);

const PORTS: CallPorts = {
  leg: fakePort,
  session: fakePort,
  screen: fakePort,
  start: fakePort,
  limit: fakePort,
  tool: fakePort,
};

const watchers = new Set<(error: unknown) => void>();
const watcher: ChartWatcher = {
  stepped: () => {},
  stale: () => {},
  threw: (_scope, _event, error) => watchers.forEach((tell) => tell(error)),
};

/** The governed chart under test; one for the whole process, as in the product. */
export const callLogic = govern(createCallLogic(PORTS), { name: 'call', staleness: staleForCall }, watcher);

/** Where a call stood, with what its world knew. */
interface KeptCall extends Kept {
  readonly id: string;
  readonly ready: boolean;
  readonly cuttable: ReadonlySet<number>;
}

let count = 0;

/** Creates and starts a call, or goes on with one that was kept. */
export function createRig(
  policy: CallPolicy,
  direction: 'inbound' | 'outbound' = 'inbound',
  inspect?: Inspector,
  from?: KeptCall,
): Rig {
  const id = from?.id ?? `call-${(count += 1)}`;
  const clock = createVirtualClock();
  const open = new Set<string>();
  const cuttable = new Set<number>(from?.cuttable);
  let orders: Order[] = [];
  let ready = from?.ready ?? false;
  let heardMs = 0;
  let failure: unknown;
  const fail = (message: string): void => {
    failure ??= new Error(message);
  };

  hosts.set(id, {
    opened: (port) => {
      if (open.has(port)) fail(`port ${port} opened twice`);
      open.add(port);
    },
    closed: (port) => void open.delete(port),
    ordered(to, given, tell) {
      const order = given as Order['order'];
      orders.push({ to, order });
      if (to === 'session') {
        const free = order.type === 'open' || order.type === 'close' || order.type === 'withdraw';
        if (!ready && !free) fail(`order "${order.type}" to a session that is not ready`);
        if (order.type === 'close') ready = false;
      }
      if (to !== 'leg') return;
      if (order.type === 'begin') cuttable.add(order.gen ?? 0);
      if (order.type !== 'flush') return;
      for (const gen of cuttable) {
        if (gen < (order.gen ?? 0)) continue;
        cuttable.delete(gen);
        tell(playoutCut(gen, heardMs));
      }
    },
  });

  const actor = createActor(callLogic, {
    id: 'call',
    input: { id, direction, policy },
    clock,
    ...(inspect ? { inspect } : {}),
    ...(from ? { snapshot: from.snapshot as never } : {}),
  });
  const threw = (error: unknown): void => {
    failure ??= error;
  };
  actor.subscribe({ error: threw });
  watchers.add(threw);
  actor.start();
  if (from) setTimers(actor, from);

  const judge = (before: Snapshot, event: EventObject): void =>
    checkStep({ before, after: rig.snapshot, event, orders, open, pending: clock.pending });

  const rig: Rig = {
    actor,
    clock,
    get orders() {
      return orders;
    },
    get said() {
      return orders.map(({ to, order: { type, ...fields } }) => `${to}: ${type} ${JSON.stringify(fields)}`);
    },
    get snapshot() {
      return actor.getSnapshot() as Snapshot;
    },
    send(event) {
      const before = rig.snapshot;
      orders = [];
      heardMs = heardMsOf(event);
      const { connection } = event as { connection?: number };
      if (event.type === 'session.ready' && connection! > before.context.lastConnection) ready = true;
      if (event.type === 'session.lost' && connection === before.context.connection) ready = false;
      actor.send(event);
      if (failure) throw failure;
      if (event.type === 'playout.drained') cuttable.delete((event as Order['order']).gen ?? 0);
      judge(before, event);
    },
    wait(ms) {
      orders = [];
      clock.advance(ms);
      if (failure) throw failure;
      return orders;
    },
    keep() {
      const kept: KeptCall = { ...keep(actor), id, ready, cuttable: new Set(cuttable) };
      return (other) => createRig(policy, direction, other, kept);
    },
    tryStale() {
      const before = rig.snapshot;
      if (before.status !== 'active') return;
      // Each is to change nothing at all; a state that stays was judged when it was entered.
      for (const event of staleEventsOf(before)) {
        orders = [];
        actor.send(event);
        if (failure) throw failure;
        if (rig.snapshot === before && orders.length === 0) continue;
        judge(before, event);
        if (rig.snapshot !== before) throw new Error(`stale ${JSON.stringify(event)} changed the chart`);
        throw new Error(`stale ${JSON.stringify(event)} led to orders`);
      }
    },
    tryEnd() {
      if (rig.snapshot.status !== 'active') return;
      rig.send({ type: 'leg.hangup', by: 'caller', status: 'completed' });
      const { tools } = rig.snapshot.context;
      const finishes = tools.some(({ status, onHangup }) => status === 'running' && onHangup === 'finish');
      const longest = LONGEST_END[finishes ? 'tool' : 'word'];
      rig.wait(longest);
      const { status, value }: Snapshot = actor.getSnapshot();
      if (status !== 'done')
        throw new Error(`no end ${longest} ms after a hang-up: ${JSON.stringify(value)}`);
      if (open.size + clock.pending > 0)
        throw new Error(`${[...open].join(' ')} and ${clock.pending} timers are left`);
    },
    dispose() {
      watchers.delete(threw);
      actor.stop();
      hosts.delete(id);
    },
  };
  return rig;
}
