/**
 * @module Changes to a chart's definition, each of which fails where there is nothing to change: a fault that plants
 * nothing would be found by nobody, and prove nothing.
 */
import { type AnyActorRef, type AnyStateMachine, enqueueActions, type EventObject } from 'xstate';

type Many<T> = T | T[];

export interface Edge {
  guard?: string;
  target?: string;
  reenter?: boolean;
  actions?: Many<string>;
  meta?: { why: string };
}

/** As much of a state's definition as the faults change. */
export interface StateConfig {
  id?: string;
  states?: Record<string, StateConfig>;
  on?: Record<string, Many<Edge>>;
  after?: Record<string, Many<Edge>>;
  always?: Many<Edge>;
  entry?: Many<string>;
  exit?: Many<string>;
  tags?: Many<string>;
}

const listOf = <T>(many: Many<T> | undefined): T[] =>
  many === undefined ? [] : Array.isArray(many) ? many : [many];

/** A copy down to the functions, which are the same. */
export function copyConfig<T>(value: T): T {
  if (Array.isArray(value)) return value.map((entry: unknown) => copyConfig(entry)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, copyConfig(entry)])) as T;
}

/** The state at a dotted path below the root; the root itself for `''`. */
function stateAt(config: StateConfig, path: string): StateConfig {
  let state = config;
  for (const name of path.split('.').filter(Boolean)) {
    const next = state.states?.[name];
    if (!next) throw new Error(`there is no state "${name}" of "${path}"`);
    state = next;
  }
  return state;
}

/** Takes away what a state does on an event, after a wait, or always; with a guard, only that of its edges. */
export function dropEdge(
  config: StateConfig,
  path: string,
  [slot, key]: readonly ['on' | 'after', string] | readonly ['always', string?],
  guard?: string,
): void {
  const state = stateAt(config, path);
  const edges = listOf(slot === 'always' ? state.always : state[slot]?.[key]);
  const kept = guard === undefined ? [] : edges.filter((edge) => edge.guard !== guard);
  if (kept.length === edges.length) throw new Error(`"${path}" has no such ${slot} ${key ?? ''}`);
  if (slot === 'always') state.always = kept;
  else state[slot]![key] = kept;
}

/** Changes the edges a state takes on an event, after a wait, or always. */
export function changeEdges(
  config: StateConfig,
  path: string,
  [slot, key]: readonly ['on' | 'after', string] | readonly ['always', string?],
  change: (edge: Edge) => Edge,
): void {
  const state = stateAt(config, path);
  const edges = listOf(slot === 'always' ? state.always : state[slot]?.[key]);
  const changed = edges.map((edge) => change({ ...edge }));
  if (JSON.stringify(changed) === JSON.stringify(edges)) throw new Error(`"${path}" is as it was`);
  if (slot === 'always') state.always = changed;
  else state[slot]![key] = changed;
}

/** Takes a named action out of every state and edge at or below `path`. */
export function dropAction(config: StateConfig, path: string, action: string): void {
  let count = 0;
  const without = (actions: Many<string> | undefined): string[] => {
    const list = listOf(actions);
    const kept = list.filter((entry) => entry !== action);
    count += list.length - kept.length;
    return kept;
  };
  const strip = (edges: Many<Edge> | undefined): void => {
    for (const edge of listOf(edges)) if (edge.actions) edge.actions = without(edge.actions);
  };
  const visit = (state: StateConfig): void => {
    if (state.entry) state.entry = without(state.entry);
    if (state.exit) state.exit = without(state.exit);
    for (const edges of [...Object.values(state.on ?? {}), ...Object.values(state.after ?? {})]) strip(edges);
    strip(state.always);
    for (const child of Object.values(state.states ?? {})) visit(child);
  };
  visit(stateAt(config, path));
  if (count === 0) throw new Error(`nothing at "${path}" does "${action}"`);
}

/** Gives a state another tag of the same family. */
export function retag(config: StateConfig, path: string, from: string, to: string): void {
  const state = stateAt(config, path);
  const tags = listOf(state.tags);
  if (!tags.includes(from)) throw new Error(`"${path}" has no tag ${from}`);
  state.tags = tags.map((tag) => (tag === from ? to : tag));
}

/** One thing an action has the chart do. */
export interface Effect {
  readonly kind: string;
  readonly args: readonly unknown[];
}

/** The order an effect sends, if it sends one. */
export const orderOf = ({ kind, args }: Effect): (EventObject & Record<string, unknown>) | undefined =>
  kind === 'sendTo' ? (args[1] as EventObject) : undefined;

interface Collecting {
  readonly collect?: (args: { enqueue: object; self: AnyActorRef }, params: unknown) => void;
}

/**
 * The named action with what it does passed through `edit`: an order left out, changed, or in another place.
 * Only for actions that list what they do (`enqueueActions`).
 */
export function tamper(
  machine: AnyStateMachine,
  action: string,
  edit: (effects: readonly Effect[]) => readonly Effect[],
): Record<string, unknown> {
  const original = machine.implementations.actions[action] as Collecting | undefined;
  const collect = original?.collect;
  if (!collect) throw new Error(`"${action}" does not list what it does`);
  const tampered = enqueueActions((args, params) => {
    const effects: Effect[] = [];
    const enqueue = new Proxy(
      {},
      {
        get:
          (_target, kind: string) =>
          (...given: unknown[]) =>
            void effects.push({ kind, args: given }),
      },
    );
    collect({ ...args, enqueue } as never, params);
    const real = args.enqueue as unknown as Record<string, (...given: unknown[]) => void>;
    for (const { kind, args: given } of edit(effects)) real[kind]!(...given);
  });
  return { [action]: tampered };
}
