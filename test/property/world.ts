/**
 * @module A made-up world around the real charts, line and session port of a call: a network, a model, tools and a
 * caller, all on one virtual clock. It lets the laws see each step of the call chart with the orders it led to.
 */
import { type Actor, type AnyStateMachine, createActor, type EventObject } from 'xstate';
import type { HearMode, SpeakMode } from '../../src/audio/gate.ts';
import type { CallPolicy } from '../../src/machines/call/vocabulary.ts';
import { createLine } from '../../src/runtime/assemble/line.ts';
import { type CallParts, createCounters } from '../../src/runtime/assemble/parts.ts';
import { createSessionPort } from '../../src/runtime/assemble/session.ts';
import { readTag } from '../../src/runtime/assemble/state.ts';
import { createLimitPort } from '../../src/runtime/assemble/tasks.ts';
import { latchClock } from '../../src/runtime/clock.ts';
import { createCounter } from '../../src/runtime/ids.ts';
import { silentLogger } from '../../src/runtime/logger.ts';
import { createRecord } from '../../src/runtime/record.ts';
import { createScope } from '../../src/runtime/scope.ts';
import {
  type ChartStep,
  createSwitchboard,
  type OpenPort,
  type PortName,
  type Switchboard,
} from '../../src/runtime/switchboard.ts';
import { createVirtualClock, type VirtualClock } from '../../src/testing/virtual-clock.ts';
import type { CallInfo, LegCapabilities } from '../../src/transport/contract.ts';
import type { Snapshot } from '../model/rig.ts';
import { createLaws, type Laws } from './laws.ts';
import { createModel, type Model } from './model.ts';
import { createNetwork, type Network } from './network.ts';
import { createProgramPorts, playAudio, type Program } from './program.ts';
import { createSilenceWatch } from './silence.ts';
import { createTiming } from './timing.ts';

export type Fact = EventObject & Record<string, unknown>;

export interface WorldOptions {
  readonly policy: CallPolicy;
  readonly direction: 'inbound' | 'outbound';
  readonly marks: LegCapabilities['marks'];
}

/** What a test may want besides a call's end. */
export interface Watching {
  /** Hears of every step of both charts. */
  readonly stepped?: (step: ChartStep) => void;
  /** Other charts than the product's. */
  readonly board?: Switchboard;
}

export interface World {
  readonly clock: VirtualClock;
  readonly model: Model;
  readonly network: Network;
  readonly program: Program;
  readonly laws: Laws;
  readonly snapshot: Snapshot;
  /** Ports that are open. */
  readonly open: ReadonlySet<string>;
  /** What each chart has taken in, for telling it again. */
  readonly past: Readonly<Record<'call' | 'session', readonly Fact[]>>;
  /** Tells a chart something, past every port. */
  tell(chart: 'call' | 'session', fact: Fact): void;
  /** The program plays audio of its own. */
  play(ms: number): void;
  dispose(): void;
}

/** The charts of the product; made once, as in the product. */
export const charts: Switchboard = createSwitchboard();

const count = createCounter();

/** What a port told, as against orders, timers and what a chart raises itself. */
const isFact = ({ type }: EventObject): boolean =>
  /^(leg|media|session|voice|turn|gen|playout|tool|target|transfer)\./.test(type);

/**
 * Hears what the call chart orders, in the step in which it does: an order to the session is worked off later, if the
 * session is just telling something. Inspecting the actor would show the same, at half the price of a step.
 */
function listen(actor: Actor<AnyStateMachine>, heard: (to: string, order: EventObject) => void): void {
  const system = actor.system as unknown as {
    _relay(source: unknown, target: { id: string }, event: EventObject): void;
  };
  const relay = system._relay.bind(system);
  system._relay = (source, target, event) => {
    if (source === actor && target !== (actor as { id: string })) heard(target.id, event);
    relay(source, target, event);
  };
}

/** Creates a world and starts its call. */
export function createWorld(
  { policy, direction, marks }: WorldOptions,
  { stepped, board = charts }: Watching = {},
): World {
  const info: CallInfo = {
    id: `world-${count()}`,
    transport: 'random',
    direction,
    from: 'caller',
    to: 'agent',
    callerIdRestricted: false,
  };
  const clock = createVirtualClock();
  const open = new Set<string>();
  const past: Record<'call' | 'session', Fact[]> = { call: [], session: [] };
  const program: Program = { screen: 'accept', starts: true, toolTime: 300 };
  const laws = createLaws(open);
  const model = createModel(policy, {
    broken: (...found) => laws.broken(...found),
    fed: (...given) => laws.fed(...given),
  });
  const network = createNetwork(info, marks, createTiming(clock), {
    framed(at) {
      laws.framed(at);
      listenIn();
    },
    played: (chunk) => laws.played(chunk),
  });
  const watchSilence = createSilenceWatch(() => clock.now(), model, network);
  const listenIn = (): void => {
    const breach = watchSilence(world.snapshot);
    if (breach) laws.broken(breach);
  };
  const latched = latchClock(clock);
  const parts: CallParts = {
    id: info.id,
    info,
    leg: network.leg,
    clock: latched,
    raw: clock,
    scope: createScope(silentLogger, info.id),
    logger: silentLogger,
    record: createRecord(),
    counters: createCounters(),
    spec: () => model.spec,
    policy: () => policy,
    takeGeneration: createCounter(),
  };
  const line = createLine(parts, {
    gain: { in: 1, out: 1 },
    pressed: () => {},
    heard: () => {},
    transferRequest: () => undefined,
    legFact: () => {},
  });

  /** A port that watches its own life: opened once under its name, closed once. */
  const watched =
    (name: PortName, given: OpenPort): OpenPort =>
    (input, tell) => {
      const key = name === 'tool' ? `tool:${String(input['tool'])}` : name;
      laws.opened(key, open.has(key));
      open.add(key);
      const opened = given(input, tell);
      return {
        order: (order) => opened.order?.(order),
        close() {
          if (!open.delete(key)) laws.broken(`port ${key} is closed twice`);
          opened.close?.();
        },
      };
    };
  const ports = createProgramPorts(clock, program, policy);
  const unplug = board.plug(info.id, {
    ports: {
      leg: watched('leg', line.open),
      connection: watched(
        'connection',
        createSessionPort(parts, {
          tools: [],
          speak: (chunk) => line.speak(chunk),
          listen: (feed) => void (line.listener = feed),
          fact: () => {},
        }),
      ),
      screen: watched('screen', ports.screen),
      start: watched('start', ports.start),
      limit: watched('limit', createLimitPort(parts)),
      tool: watched('tool', ports.tool),
    },
    watchers: [
      {
        event(step) {
          if (step.stale === undefined && isFact(step.event)) past[step.chart].push(step.event);
          if (step.chart === 'call') laws.stepped(step);
          stepped?.(step);
        },
      },
    ],
    now: () => latched.now(),
    stimulus: (work) => latched.stimulus(work),
    threw: (chart, error) => laws.broken(`${chart} threw ${String(error)}`),
  });
  const actor: Actor<AnyStateMachine> = createActor(board.logic, {
    id: 'call',
    input: { id: info.id, direction, policy },
    clock: latched,
  });
  listen(actor, (to, order) => laws.ordered({ to, order }));
  const steer = (): void => {
    const { tags } = world.snapshot;
    if (world.snapshot.status === 'active') laws.steering(world.snapshot);
    line.steer(readTag<HearMode>(tags, 'hear.', 'drop'), readTag<SpeakMode>(tags, 'speak.', 'drop'));
  };

  const world: World = {
    clock,
    model,
    network,
    program,
    laws,
    past,
    open,
    get snapshot() {
      return actor.getSnapshot() as Snapshot;
    },
    tell(chart, fact) {
      const { status, children } = world.snapshot;
      if (status !== 'active') return;
      latched.stimulus(() => (chart === 'call' ? actor : children['session'])?.send(fact));
    },
    play(ms) {
      latched.stimulus(() => playAudio(parts.takeGeneration(), ms, line, (fact) => world.tell('call', fact)));
    },
    dispose() {
      actor.stop();
      unplug();
    },
  };
  actor.subscribe({
    next() {
      // As in the product, the media plane follows the tags once the orders have gone out.
      laws.settled();
      steer();
      listenIn();
    },
    error: (error) => laws.broken(`the call failed: ${String(error)}`),
  });
  latched.stimulus(() => {
    actor.start();
    steer();
  });
  return world;
}
