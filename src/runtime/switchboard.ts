/**
 * @module Where charts meet the world. Charts are made once per process with ports that look their call up here;
 * each call plugs in its own leg, session and tools, and hears every step, order and state entered.
 */
import {
  type AnyActorScope,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type AnyStateNode,
  type EventObject,
  fromCallback,
  type InspectionEvent,
} from 'xstate';
import type { CallPorts, PortLogic } from '../machines/call/base.ts';
import { createCallLogic } from '../machines/call/machine.ts';
import { type ChartWatcher, govern } from '../machines/govern.ts';
import { createSessionLogic } from '../machines/session/machine.ts';
import { takeShortCuts } from '../machines/short-cut.ts';
import { staleForCall, staleForSession } from '../machines/stale.ts';
import { nameOf } from './scope.ts';

/** The ports a call plugs in. `session` is not among them: it is a chart of its own, whose port is `connection`. */
export type PortName = 'leg' | 'connection' | 'screen' | 'start' | 'limit' | 'tool';

export type PortInput = Readonly<Record<string, unknown>> & { readonly call: string };

/** One child of a chart while it lives. */
export interface Port {
  order?(order: EventObject): void;
  close?(): void;
}

/** Generic, so that a literal may carry more than `type`. */
export type Tell = <Fact extends EventObject>(fact: Fact) => void;

/** Opens a port; `tell` hands a fact to the chart, as a stimulus of its own if none is under way. */
export type OpenPort = (input: PortInput, tell: Tell) => Port;

export type ChartName = 'call' | 'session';

/** What can be heard of a call's charts. Used by the log, the events, the traces and the metrics. */
export interface CallWatcher {
  event?(step: ChartStep): void;
  order?(order: ChartOrder): void;
  /** States entered in one microstep, as dotted paths, with the reason the transition gives. */
  entered?(entry: StateEntry): void;
}

export interface ChartStep {
  readonly at: number;
  readonly chart: ChartName;
  /** Who sent it: a port's name, the other chart, `self` for the chart's own timers, `app` for the program. */
  readonly source: string;
  readonly event: EventObject;
  readonly before: AnyMachineSnapshot;
  readonly after: AnyMachineSnapshot;
  /** Why it was dropped as stale, if it was. */
  readonly stale: string | undefined;
}

export interface ChartOrder {
  readonly at: number;
  readonly chart: ChartName;
  readonly to: string;
  readonly order: EventObject;
}

export interface StateEntry {
  readonly at: number;
  readonly chart: ChartName;
  readonly states: readonly string[];
  /** Where the chart stands after the microstep. */
  readonly value: unknown;
  readonly why: string | undefined;
  readonly event: EventObject;
}

/** What a call plugs into the switchboard. */
export interface Extension {
  readonly ports: Readonly<Record<PortName, OpenPort>>;
  readonly watchers: readonly CallWatcher[];
  now(): number;
  stimulus<T>(work: () => T): T;
  /** A chart or a port threw. The call goes on with `fault`. */
  threw(chart: string, error: unknown): void;
}

export interface Switchboard {
  /** The governed call chart: give it to `createActor`. */
  readonly logic: AnyStateMachine;
  plug(call: string, extension: Extension): () => void;
  /** The `inspect` callback for a call's actor. */
  inspect(call: string): (event: InspectionEvent) => void;
  readonly size: number;
}

/** A call that is plugged in. */
interface Plugged extends Extension {
  /** Who sent the events that are under way: a few, and gone with the call. */
  readonly sources: Map<EventObject, string>;
}

export function createSwitchboard(): Switchboard {
  const extensions = new Map<string, Plugged>();
  const portLogic = (name: PortName, chart: ChartName): PortLogic => createPortLogic(name, chart, extensions);
  const watcher = createStepWatcher(extensions);
  const session = govern(
    takeShortCuts(createSessionLogic({ connection: portLogic('connection', 'session') })),
    { name: 'session', staleness: staleForSession },
    watcher,
  );
  const ports: CallPorts = {
    leg: portLogic('leg', 'call'),
    session,
    screen: portLogic('screen', 'call'),
    start: portLogic('start', 'call'),
    limit: portLogic('limit', 'call'),
    tool: portLogic('tool', 'call'),
  };
  return {
    logic: govern(createCallLogic(ports), { name: 'call', staleness: staleForCall }, watcher),
    plug(call, extension) {
      const plugged: Plugged = { ...extension, sources: new Map() };
      extensions.set(call, plugged);
      return () => {
        if (extensions.get(call) === plugged) extensions.delete(call);
      };
    },
    inspect: (call) => createInspector(call, extensions),
    get size() {
      return extensions.size;
    },
  };
}

function createPortLogic(
  name: PortName,
  chart: ChartName,
  extensions: ReadonlyMap<string, Plugged>,
): PortLogic {
  return fromCallback<EventObject, PortInput>(({ input, receive, sendBack, self }) => {
    const extension = extensions.get(input.call);
    if (!extension) return undefined;
    const tell: Tell = (fact) => extension.stimulus(() => sendBack(fact));
    const guard = <T>(work: () => T): T | undefined => {
      try {
        return work();
      } catch (error) {
        extension.threw(self.id, error);
        tell({ type: 'fault', actor: self.id, code: 'OFFHOOK_CHART_FAULT' });
        return undefined;
      }
    };
    const port = guard(() => extension.ports[name](input, tell));
    receive((order) => {
      extension.sources.delete(order);
      const entry: ChartOrder = { at: extension.now(), chart, to: self.id, order };
      for (const watcher of extension.watchers) watcher.order?.(entry);
      guard(() => port?.order?.(order));
    });
    return () => {
      guard(() => port?.close?.());
    };
  });
}

const chartOf = (snapshot: AnyMachineSnapshot): { chart: ChartName; call: string } => {
  const context = snapshot.context as { id?: string; call?: string };
  return context.id === undefined
    ? { chart: 'session', call: context.call ?? '' }
    : { chart: 'call', call: context.id };
};

function createStepWatcher(extensions: ReadonlyMap<string, Plugged>): ChartWatcher {
  const report = (
    event: EventObject,
    before: AnyMachineSnapshot,
    after: AnyMachineSnapshot,
    stale: string | undefined,
  ): void => {
    const { chart, call } = chartOf(before);
    const extension = extensions.get(call);
    if (!extension) return;
    const source = extension.sources.get(event) ?? 'app';
    extension.sources.delete(event);
    const step: ChartStep = { at: extension.now(), chart, source, event, before, after, stale };
    for (const watcher of extension.watchers) watcher.event?.(step);
  };
  return {
    stepped: (_scope, event, before, after) => report(event, before, after, undefined),
    stale: (scope, event, reason) => {
      const snapshot = scope.self.getSnapshot() as AnyMachineSnapshot;
      report(event, snapshot, snapshot, reason);
    },
    threw: (scope: AnyActorScope, _event, error) => {
      const { chart, call } = chartOf(scope.self.getSnapshot() as AnyMachineSnapshot);
      extensions.get(call)?.threw(`${chart}: ${nameOf(error)}`, error);
    },
  };
}

interface TakenTransition {
  readonly meta?: { why?: string };
}

function createInspector(
  call: string,
  extensions: ReadonlyMap<string, Plugged>,
): (event: InspectionEvent) => void {
  const last: Record<ChartName, readonly AnyStateNode[] | undefined> = {
    call: undefined,
    session: undefined,
  };
  return (inspected) => {
    if (inspected.type !== '@xstate.event' && inspected.type !== '@xstate.microstep') return;
    const extension = extensions.get(call);
    if (!extension) return;
    if (inspected.type === '@xstate.event') {
      const { sourceRef, actorRef, event } = inspected;
      const source = sourceRef as { id?: string } | undefined;
      if (source) extension.sources.set(event, sourceRef === actorRef ? 'self' : (source.id ?? 'app'));
      return;
    }
    const snapshot = inspected.snapshot as AnyMachineSnapshot;
    const { chart } = chartOf(snapshot);
    const nodes: readonly AnyStateNode[] = snapshot._nodes;
    const before = last[chart];
    // Most microsteps only change what the chart remembers, and keep the very array of its states.
    if (nodes === before) return;
    last[chart] = nodes;
    const states = nodes.filter((node) => isLeaf(node) && !before?.includes(node)).map(pathOf);
    if (states.length === 0) return;
    const [transition] = inspected._transitions as readonly TakenTransition[];
    const entry: StateEntry = {
      value: snapshot.value,
      at: extension.now(),
      chart,
      states,
      why: transition?.meta?.why,
      event: inspected.event,
    };
    for (const watcher of extension.watchers) watcher.entered?.(entry);
  };
}

const isLeaf = (node: AnyStateNode): boolean => node.type === 'atomic' || node.type === 'final';

const pathOf = (node: AnyStateNode): string => node.path.join('.');

/** The leaves of a state value as dotted paths: `live.dialogue.conversing.listening`. */
export function pathsOf(value: unknown, prefix = ''): string[] {
  if (typeof value === 'string') return [`${prefix}${value}`];
  return Object.entries(value as Record<string, unknown>).flatMap(([key, child]) =>
    typeof child === 'object' && child !== null && Object.keys(child).length === 0
      ? [`${prefix}${key}`]
      : pathsOf(child, `${prefix}${key}.`),
  );
}
