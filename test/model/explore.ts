/**
 * @module Explores a pure chart under a folding: every abstract state with a shortest path to it, every edge that
 * leaves it, and the microsteps of each. Children do nothing here.
 */
import type {
  AnyActorScope,
  AnyMachineSnapshot,
  AnyStateMachine,
  EventObject,
  InspectionEvent,
} from 'xstate';
import { getAdjacencyMap } from 'xstate/graph';
import type { Catalogue } from './transitions.ts';
import type { SnapshotOf, Walk } from './walk.ts';

/** The transitions of one microstep: those of several regions are taken at once. */
export type Microstep = readonly number[];

export interface Edge {
  readonly symbol: string;
  readonly to: string;
  readonly microsteps: readonly Microstep[];
}

export interface Place {
  /** Symbols of a shortest path, the walk's prefix left out. */
  readonly path: readonly string[];
  /** The last place on that path before this one. */
  readonly from?: string | undefined;
  /** Edges that lead back come first, since they cost no run of their own. */
  readonly edges: readonly Edge[];
}

export interface Graph {
  /** Microsteps of the walk's prefix. */
  readonly before: readonly Microstep[];
  /** Abstract states, nearest first. */
  readonly places: ReadonlyMap<string, Place>;
  /** Regions whose own state is the same wherever the folding says so: no place stands for several of them. */
  readonly toldApart: ReadonlySet<number>;
}

/** More than any folding here comes to; one that counts something without end stops there. */
const MOST_STATES = 500_000;

export const symbolOf = (event: EventObject): string => (event as { symbol?: string }).symbol ?? event.type;

/** What a state is called under a walk's folding. */
export function placeNamer<Context>(walk: Walk<Context>): (snapshot: SnapshotOf<Context>) => string {
  return (snapshot) =>
    JSON.stringify(snapshot.status === 'active' ? walk.fold(snapshot) : [snapshot.status, snapshot.value]);
}

/** Whether the chart has a transition for it: also one that only swallows the event, which `can` denies. */
export function isAnswered(snapshot: AnyMachineSnapshot, event: EventObject): boolean {
  return (snapshot.machine.getTransitionData(snapshot, event)?.length ?? 0) > 0;
}

/** The symbols a walk tries in a state, with their events. */
function eventsOf<Context>(walk: Walk<Context>, snapshot: SnapshotOf<Context>): EventObject[] {
  if (snapshot.status !== 'active') return [];
  return [...walk.candidates(snapshot)]
    .filter(([symbol, event]) => walk.takes(symbol) && isAnswered(snapshot as AnyMachineSnapshot, event))
    .map(([symbol, event]) => ({ ...event, symbol }));
}

/** Explores all that a walk takes. */
export function explore<Context>(walk: Walk<Context>, catalogue: Catalogue): Graph {
  type Snapshot = SnapshotOf<Context>;
  const nameOf = placeNamer(walk);
  const listener = listenTo(walk.logic, catalogue);
  const microsteps = new Map<string, readonly Microstep[]>();
  // The traversal is breadth first, so the edge on which a state is first met ends its shortest path; keeping that
  // edge with the very snapshot it came from makes each path one concrete run, however much is folded together.
  const paths = new Map<string, Pick<Place, 'path' | 'from'>>();
  const regions = new Map<string, readonly string[]>();
  const toldApart = new Set(catalogue.regions.keys());
  const meet = (snapshot: Snapshot, event?: EventObject, from?: Snapshot): string => {
    const name = nameOf(snapshot);
    const states = catalogue.statesOf(snapshot._nodes);
    const known = regions.get(name);
    if (!known) regions.set(name, states);
    for (const region of toldApart) if (known && known[region] !== states[region]) toldApart.delete(region);
    if (!paths.has(name)) {
      const before = from && nameOf(from);
      const path = before !== undefined && event ? [...paths.get(before)!.path, symbolOf(event)] : [];
      paths.set(name, { path, from: before });
    }
    return name;
  };
  let before: readonly Microstep[] = [];
  const logic = Object.assign(Object.create(walk.logic) as AnyStateMachine, {
    getInitialSnapshot(scope: AnyActorScope, input: never) {
      const snapshot = beginning(walk, scope, input, listener);
      before = listener.heard();
      return snapshot;
    },
    transition(snapshot: AnyMachineSnapshot, event: EventObject, scope: AnyActorScope) {
      let next = listener.transition(snapshot, event, scope);
      microsteps.set(`${nameOf(snapshot)}\n${symbolOf(event)}`, listener.heard());
      for (const answer of walk.answers?.(next, event) ?? [])
        next = walk.logic.transition(next, answer, scope);
      return next;
    },
  });
  const adjacency = getAdjacencyMap(logic, {
    input: walk.input,
    limit: MOST_STATES,
    serializeState: meet,
    serializeEvent: symbolOf,
    events: (snapshot: Snapshot) => eventsOf(walk, snapshot),
  } as never) as unknown as Readonly<Record<string, { readonly transitions: object }>>;
  const places = new Map<string, Place>();
  for (const [name, place] of paths) {
    const edges = Object.entries(adjacency[name]!.transitions).map(
      ([symbol, { state }]: [string, { state: Snapshot }]): Edge => ({
        symbol,
        to: nameOf(state),
        microsteps: microsteps.get(`${name}\n${symbol}`)!,
      }),
    );
    const stays = ({ to }: Edge): boolean => to === name;
    places.set(name, { ...place, edges: [...edges.filter(stays), ...edges.filter((edge) => !stays(edge))] });
  }
  return { before, places, toldApart };
}

interface Listener {
  transition(snapshot: AnyMachineSnapshot, event: EventObject, scope: AnyActorScope): AnyMachineSnapshot;
  /** Microsteps since the last call. */
  heard(): readonly Microstep[];
}

/** The chart, overheard. */
function listenTo(logic: AnyStateMachine, catalogue: Catalogue): Listener {
  const known = new WeakSet<object>();
  let noted: Microstep[] = [];
  return {
    transition(snapshot, event, scope) {
      if (!known.has(scope.system)) {
        known.add(scope.system);
        scope.system.inspect(noteMicrosteps(catalogue, (microstep) => void noted.push(microstep)));
      }
      return logic.transition(snapshot, event, scope);
    },
    heard() {
      const all = noted;
      noted = [];
      return all;
    },
  };
}

/** An observer of a system of actors that hears what the catalogue's chart takes. */
export function noteMicrosteps(
  catalogue: Catalogue,
  note: (microstep: Microstep) => void,
): (inspected: InspectionEvent) => void {
  return (inspected) => {
    if (inspected.type !== '@xstate.microstep') return;
    const taken = inspected._transitions.map((transition) => catalogue.numberOf(transition));
    const own = taken.filter((number) => number !== undefined);
    if (own.length > 0) note(own);
  };
}

/** The chart as if it began where the prefix leads. */
function beginning<Context>(
  { logic, candidates, prefix = [] }: Walk<Context>,
  scope: AnyActorScope,
  input: never,
  listener: Listener,
): AnyMachineSnapshot {
  let snapshot: AnyMachineSnapshot = logic.getInitialSnapshot(scope, input);
  for (const symbol of prefix) {
    const event = candidates(snapshot).get(symbol);
    if (!event) throw new Error(`"${symbol}" cannot happen in ${JSON.stringify(snapshot.value)}`);
    snapshot = listener.transition(snapshot, event, scope);
  }
  return snapshot;
}
