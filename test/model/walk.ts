/**
 * @module Walks a chart: every abstract state by its shortest path, then one step along every edge, on a real actor.
 * What an abstraction folds together is said by the test that chooses it.
 */
import type { AnyMachineSnapshot, AnyStateMachine, EventObject } from 'xstate';
import { getAdjacencyMap } from 'xstate/graph';

/** A snapshot with a known context. */
export type SnapshotOf<Context> = Omit<AnyMachineSnapshot, 'context'> & { readonly context: Context };

/** A real actor under test. `send` throws when a law is broken. */
export interface Runner<Context> {
  readonly snapshot: SnapshotOf<Context>;
  /** Keys of the transitions taken since `watch`. */
  readonly taken: ReadonlySet<string>;
  /** Notes transitions from here on; seldom from the beginning, since it costs half of a step. */
  watch(): void;
  send<Event extends EventObject>(event: Event): void;
  /** Tries every stale event there is; called in each state. */
  tryStale(): void;
  dispose(): void;
}

export interface Walk<Context> {
  readonly logic: AnyStateMachine;
  readonly input: unknown;
  /** Symbol → event: what the outside could send in this state. */
  readonly candidates: (snapshot: SnapshotOf<Context>) => ReadonlyMap<string, EventObject>;
  /** @param watched whether transitions are noted from the first on. */
  readonly start: (watched: boolean) => Runner<Context>;
  /** Events by symbol that are taken; the others wait for another walk. */
  readonly takes: (symbol: string) => boolean;
  /** What is told apart. */
  readonly fold: (snapshot: SnapshotOf<Context>) => readonly unknown[];
  /** Symbols that every path begins with, to start where the walk's matter is. */
  readonly prefix?: readonly string[];
}

export interface WalkReport {
  readonly states: number;
  readonly edges: number;
  readonly steps: number;
  /** Paths that did not run as they were found. */
  readonly strays: number;
  readonly taken: ReadonlySet<string>;
}

interface Found {
  /** Abstract state → symbols of its shortest path. */
  readonly paths: Map<string, readonly string[]>;
  /** Abstract state → edges that leave it. */
  readonly leaving: Map<string, readonly string[]>;
  /** Abstract state → edges that lead back to it. */
  readonly staying: Map<string, readonly string[]>;
}

/** Events that some state only swallows: a transition of its own, though `can` denies it. */
const SWALLOWED = ['fault', 'session.ready'];

const symbolOf = (event: EventObject): string => (event as { symbol?: string }).symbol ?? event.type;

/** Explores the pure chart with children that do nothing. */
function explore<Context>(walk: Walk<Context>): Found {
  type Snapshot = SnapshotOf<Context>;
  const key = (snapshot: Snapshot): string =>
    snapshot.status === 'active' ? JSON.stringify(walk.fold(snapshot)) : snapshot.status;
  const eventsOf = (snapshot: Snapshot): EventObject[] =>
    snapshot.status === 'active'
      ? [...walk.candidates(snapshot)]
          .filter(
            ([symbol, event]) => walk.takes(symbol) && (snapshot.can(event) || SWALLOWED.includes(symbol)),
          )
          .map(([symbol, event]) => ({ ...event, symbol }))
      : [];
  // The traversal is breadth first, so the edge on which a state is first met ends its shortest path; keeping that
  // edge with the very snapshot it came from makes each path one concrete run, however much is folded together.
  const paths = new Map<string, readonly string[]>();
  const meet = (snapshot: Snapshot, event?: EventObject, from?: Snapshot): string => {
    const name = key(snapshot);
    if (!paths.has(name)) {
      paths.set(name, event && from ? [...(paths.get(key(from)) ?? []), symbolOf(event)] : []);
    }
    return name;
  };
  const adjacency = getAdjacencyMap(beginningWith(walk), {
    input: walk.input,
    limit: 200_000,
    serializeState: meet,
    serializeEvent: symbolOf,
    events: eventsOf,
  } as never);
  const leaving = new Map<string, string[]>();
  const staying = new Map<string, string[]>();
  for (const [from, { transitions }] of Object.entries(adjacency)) {
    const found = Object.entries(transitions as Record<string, { state: Snapshot }>);
    const stays = ([, { state }]: (typeof found)[number]): boolean => key(state) === from;
    staying.set(
      from,
      found.filter(stays).map(([symbol]) => symbol),
    );
    leaving.set(
      from,
      found.filter((edge) => !stays(edge)).map(([symbol]) => symbol),
    );
  }
  return { paths, leaving, staying };
}

/** The chart as if it began where the prefix leads. */
function beginningWith<Context>({ logic, candidates, prefix = [] }: Walk<Context>): AnyStateMachine {
  if (prefix.length === 0) return logic;
  return Object.assign(Object.create(logic) as AnyStateMachine, {
    getInitialSnapshot(scope: never, input: never) {
      let snapshot: AnyMachineSnapshot = logic.getInitialSnapshot(scope, input);
      for (const symbol of prefix) {
        const event = candidates(snapshot).get(symbol);
        if (!event) throw new Error(`"${symbol}" cannot happen in ${JSON.stringify(snapshot.value)}`);
        snapshot = logic.transition(snapshot, event, scope);
      }
      return snapshot;
    },
  });
}

/**
 * Runs every path and every edge on real actors, with all laws checked after each step and all stale events tried
 * in each state. Edges that lead back to their own state share the run that led there.
 */
export function runWalk<Context>(walk: Walk<Context>): WalkReport {
  const found = explore(walk);
  const taken = new Set<string>();
  let steps = 0;
  let edges = 0;
  let strays = 0;
  /** Goes along `symbols`; with a `tail`, tries what is stale there and then whatever leads back. */
  const follow = (symbols: readonly string[], tail?: readonly string[]): void => {
    const first = steps === 0;
    const runner = walk.start(first);
    const done: string[] = [];
    const take = (symbol: string): boolean => {
      done.push(symbol);
      const event = walk.candidates(runner.snapshot).get(symbol);
      if (!event) return false;
      runner.send(event);
      steps += 1;
      return true;
    };
    try {
      const way = [...(walk.prefix ?? []), ...symbols];
      const last = tail ? [] : way.splice(-1);
      if (!way.every(take)) {
        strays += 1;
        return;
      }
      if (tail) runner.tryStale();
      if (!first) runner.watch();
      for (const symbol of tail ?? last) take(symbol);
    } catch (error) {
      throw new Error(`${(error as Error).message}\non ${JSON.stringify(done)}`, { cause: error });
    } finally {
      for (const key of runner.taken) taken.add(key);
      runner.dispose();
    }
  };
  for (const [state, path] of found.paths) {
    const staying = found.staying.get(state) ?? [];
    const leaving = found.leaving.get(state) ?? [];
    edges += staying.length + leaving.length;
    follow(path, staying);
    for (const symbol of leaving) follow([...path, symbol]);
  }
  return { states: found.paths.size, edges, steps, strays, taken };
}

export interface Transition {
  readonly source: { readonly id: string };
  readonly eventType: string;
  readonly target?: readonly { readonly id: string }[] | undefined;
  readonly guard?: unknown;
}

/** Names a transition definition: `source --event--> targets [guard]`. */
export function keyOf({ source, eventType, target, guard }: Transition): string {
  const to = target?.map((node) => node.id).join(', ') ?? '(stays)';
  return `${source.id} --${eventType}--> ${to}${typeof guard === 'string' ? ` [${guard}]` : ''}`;
}

/** As much of a state node as the checks of a chart's structure look at. */
export interface Node {
  readonly id: string;
  readonly type: string;
  readonly parent?: Node | undefined;
  readonly states: Readonly<Record<string, Node>>;
  readonly transitions: ReadonlyMap<string, readonly Transition[]>;
  readonly always?: readonly Transition[] | undefined;
  readonly after: readonly unknown[];
  readonly invoke: readonly unknown[];
  readonly tags: readonly string[];
}

/** Every node of a machine, parents first. */
export function nodesOf(machine: AnyStateMachine): Node[] {
  const visit = (node: Node): Node[] => [node, ...Object.values(node.states).flatMap(visit)];
  return visit(machine.root);
}

/** Keys of every transition a machine defines. */
export function transitionsOf(machine: AnyStateMachine): Set<string> {
  return new Set(
    nodesOf(machine).flatMap((node) =>
      [...node.transitions.values(), node.always ?? []].flat().map((transition) => keyOf(transition)),
    ),
  );
}
