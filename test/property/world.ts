/**
 * @module A made-up world around the two real charts of a call: a carrier that plays in real time, a model that
 * answers, dawdles, refuses or falls silent, tools, and a caller. All of it on one virtual clock and one seed.
 */
import { type Actor, type AnyStateMachine, createActor, type EventObject, fromCallback } from 'xstate';
import type { PortLogic } from '../../src/machines/call/base.ts';
import { createCallLogic } from '../../src/machines/call/machine.ts';
import type { CallPolicy } from '../../src/machines/call/vocabulary.ts';
import { govern } from '../../src/machines/govern.ts';
import { createSessionLogic } from '../../src/machines/session/machine.ts';
import { staleForCall, staleForSession } from '../../src/machines/stale.ts';
import { createVirtualClock, type VirtualClock } from '../../src/testing/virtual-clock.ts';
import type { Snapshot } from '../model/rig.ts';
import { createCarrier } from './carrier.ts';
import { type Model, createModel } from './model.ts';

export type Fact = EventObject & Record<string, unknown>;
export type Tell = (fact: Fact) => void;

/** One child of a chart while it lives. */
export interface FakePort {
  readonly order?: (order: Fact) => void;
  readonly close?: () => void;
}

export interface Timing {
  readonly clock: VirtualClock;
  /** Runs `work` in `ms`, unless the port is closed by then. */
  readonly later: (ms: number, work: () => void) => void;
  readonly cancelAll: () => void;
}

export interface World {
  readonly clock: VirtualClock;
  readonly actor: Actor<AnyStateMachine>;
  readonly model: Model;
  readonly snapshot: Snapshot;
  /** When something of the agent's was last begun to be heard. */
  readonly heardAt: number;
  /** Facts of the past, for sending them again. */
  readonly past: readonly Fact[];
  readonly open: ReadonlySet<string>;
  /** How long a tool takes, in ms. */
  toolTime: number;
  /** Whether the carrier confirms a hang-up. */
  confirms: boolean;
  /** The first law broken, if any. */
  failure: string | undefined;
  send(fact: Fact): void;
  dispose(): void;
}

type Opener = (input: Record<string, unknown>, tell: Tell, id: string) => FakePort;
type Stepped = (before: Snapshot, after: Snapshot, event: Fact) => void;

const worlds = new Map<
  string,
  { open: (name: string) => Opener; stepped: Stepped; threw(error: unknown): void }
>();

const port = (name: string): PortLogic =>
  fromCallback<Fact, { call: string }>(({ input, sendBack, receive, self }) => {
    const opened = worlds.get(input.call)?.open(name)(input, sendBack, self.id);
    receive((order) => opened?.order?.(order));
    return () => opened?.close?.();
  });

const callOf = (context: unknown): string =>
  (context as { id?: string; call?: string }).id ?? (context as { call: string }).call;

const watcher = {
  stepped(
    _scope: unknown,
    event: EventObject,
    before: { context: unknown },
    after: { context: unknown },
  ): void {
    if (!(before.context as { id?: string }).id) return;
    worlds.get(callOf(before.context))?.stepped(before as Snapshot, after as Snapshot, event);
  },
  stale: () => {},
  threw(scope: { self: { getSnapshot(): unknown } }, _event: EventObject, error: unknown): void {
    worlds.get(callOf((scope.self.getSnapshot() as { context: unknown }).context))?.threw(error);
  },
};

const session = govern(
  createSessionLogic({ connection: port('connection') }),
  { name: 'session', staleness: staleForSession },
  watcher as never,
);
const logic = govern(
  createCallLogic({
    session,
    leg: port('leg'),
    screen: port('screen'),
    start: port('start'),
    limit: port('limit'),
    tool: port('tool'),
  }),
  { name: 'call', staleness: staleForCall },
  watcher as never,
);

let count = 0;

/** Timers of one port, gone with it. */
function createTiming(clock: VirtualClock): Timing {
  const timers = new Set<ReturnType<VirtualClock['setTimeout']>>();
  return {
    clock,
    later(ms, work) {
      const timer = clock.setTimeout(() => {
        timers.delete(timer);
        work();
      }, ms);
      timers.add(timer);
    },
    cancelAll() {
      for (const timer of timers) clock.clearTimeout(timer);
      timers.clear();
    },
  };
}

/** Creates a world and starts its call. @param stepped called after every step of the call chart. */
export function createWorld(
  policy: CallPolicy,
  direction: 'inbound' | 'outbound',
  stepped: (world: World, before: Snapshot, after: Snapshot, event: Fact) => void,
): World {
  const id = `world-${(count += 1)}`;
  const clock = createVirtualClock();
  const open = new Set<string>();
  const past: Fact[] = [];
  let gens = 0;
  let heardAt = 0;
  const takeGeneration = (): number => (gens += 1);
  const model = createModel(policy, takeGeneration, (message) => {
    world.failure ??= message;
  });

  const openers: Record<string, (input: Record<string, unknown>, tell: Tell, timing: Timing) => FakePort> = {
    leg: (_input, tell, timing) =>
      createCarrier(tell, timing, takeGeneration, direction, {
        confirms: () => world.confirms,
        heard: () => void (heardAt = clock.now()),
      }),
    connection: (input, tell, timing) => model.open(Number(input['connection']), tell, timing),
    screen: (_input, tell, { later }) => {
      later(40, () => tell({ type: 'screen.done', accept: true, code: '', policy }));
      return {};
    },
    start: (_input, tell, { later }) => {
      later(60, () => tell({ type: 'start.done' }));
      return {};
    },
    limit: () => ({}),
    tool: (input, tell, { later }) => {
      const done = (ok: boolean): void => tell({ type: 'tool.done', call: input['tool'], ok });
      later(world.toolTime, () => done(true));
      return { order: () => later(1, () => done(false)) };
    },
  };

  worlds.set(id, {
    threw: (error) => void (world.failure ??= `the chart threw ${String(error)}`),
    stepped(before, after, event) {
      if (event.type.includes('.') && !event.type.startsWith('xstate')) past.push(event);
      stepped(world, before, after, event);
    },
    open: (name) => (input, tell, self) => {
      const timing = createTiming(clock);
      open.add(self);
      const opened = openers[name]!(input, tell, timing);
      return {
        order: (order) => opened.order?.(order),
        close() {
          open.delete(self);
          timing.cancelAll();
          opened.close?.();
        },
      };
    },
  });

  const world: World = {
    clock,
    actor: createActor(logic, { id: 'call', input: { id, direction, policy }, clock }),
    model,
    past,
    open,
    toolTime: 300,
    confirms: true,
    failure: undefined,
    get snapshot() {
      return world.actor.getSnapshot() as Snapshot;
    },
    get heardAt() {
      return heardAt;
    },
    send(fact) {
      if (world.snapshot.status === 'active') world.actor.send(fact);
    },
    dispose() {
      world.actor.stop();
      worlds.delete(id);
    },
  };
  world.actor.subscribe({ error: (error) => void (world.failure ??= `the call failed: ${String(error)}`) });
  world.actor.start();
  return world;
}
