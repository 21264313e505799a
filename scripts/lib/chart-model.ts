/**
 * @module Reads a chart from its machine: states, tags and every transition with its reason, as plain data that a
 * picture and a page are made from. Nothing is written by hand, so neither can say what the machine does not.
 */
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate';

export interface ChartMove {
  /** The event, `always`, or `after 8 s` with the delay's name. */
  readonly on: string;
  readonly guard: string | undefined;
  /** The target as seen from the state; undefined if the state is not left. */
  readonly to: string | undefined;
  readonly actions: readonly string[];
  readonly why: string | undefined;
}

export interface ChartState {
  readonly key: string;
  /** From the chart's root, dotted; empty for the root. */
  readonly path: string;
  readonly kind: 'plain' | 'compound' | 'parallel' | 'final';
  /** Where its parent begins. */
  readonly initial: boolean;
  readonly tags: readonly string[];
  readonly runs: readonly string[];
  readonly entry: readonly string[];
  readonly exit: readonly string[];
  readonly moves: readonly ChartMove[];
  readonly states: readonly ChartState[];
}

/** Reads a whole machine. */
export function readChart(machine: AnyStateMachine): ChartState {
  return readState(machine.root, machine.implementations.delays as Delays);
}

/** A state of a chart by its path. @throws RangeError if there is none */
export function stateAt(chart: ChartState, path: string): ChartState {
  const found = flatten(chart).find((state) => state.path === path);
  if (!found) throw new RangeError(`The chart has no state ${path}.`);
  return found;
}

/** A state and everything in it, in the order of the machine. */
export function flatten(state: ChartState): ChartState[] {
  return [state, ...state.states.flatMap(flatten)];
}

type Delays = Readonly<Record<string, unknown>>;

function readState(node: AnyStateNode, delays: Delays): ChartState {
  const parent = node.parent;
  return {
    key: node.key,
    path: node.path.join('.'),
    kind: kindOf(node),
    initial: parent?.type === 'compound' && parent.initial.target?.[0] === node,
    tags: [...node.tags],
    runs: node.invoke.map(({ id }) => id),
    entry: namesOf(node.entry),
    exit: namesOf(node.exit),
    moves: [
      ...(node.always ?? []).map((move) => readMove(node, 'always', move, delays)),
      ...Array.from(node.transitions).flatMap(([event, moves]) =>
        event === '' ? [] : moves.map((move) => readMove(node, event, move, delays)),
      ),
    ],
    states: Object.values(node.states).map((child) => readState(child, delays)),
  };
}

function kindOf(node: AnyStateNode): ChartState['kind'] {
  if (node.type === 'parallel' || node.type === 'compound' || node.type === 'final') return node.type;
  return 'plain';
}

/** Timers are set and cleared by XState's own actions, which no chart names. */
function namesOf(actions: readonly unknown[]): string[] {
  return actions
    .map((action) => (typeof action === 'string' ? action : (action as { type?: string }).type))
    .filter((name): name is string => name !== undefined && !name.startsWith('xstate.'));
}

function readMove(
  node: AnyStateNode,
  event: string,
  move: AnyTransitionDefinition,
  delays: Delays,
): ChartMove {
  const meta = move.meta as { why?: string } | undefined;
  return {
    on: nameEvent(event, delays),
    guard: nameGuard(move.guard),
    to: move.target?.map((target) => nameTarget(node, target)).join(', '),
    actions: namesOf(move.actions),
    why: meta?.why,
  };
}

function nameEvent(event: string, delays: Delays): string {
  const delay = /^xstate\.after\.([^.]+)\./.exec(event)?.[1];
  if (delay === undefined) return event;
  const ms = delays[delay];
  return typeof ms === 'number' ? `after ${delay} (${nameDuration(ms)})` : `after ${delay}`;
}

function nameDuration(ms: number): string {
  if (ms < 1000) return `${ms} ms`;
  return ms < 120_000 ? `${ms / 1000} s` : `${ms / 60_000} min`;
}

function nameGuard(guard: unknown): string | undefined {
  if (guard === undefined) return undefined;
  if (typeof guard === 'string') return guard;
  return (guard as { type?: string }).type ?? '?';
}

/** A sibling by its key, a child as `.key`, anything else by its path below the nearest state that holds both. */
function nameTarget(from: AnyStateNode, to: AnyStateNode): string {
  const own = from.path;
  if (to === from) return `${from.key}, again`;
  if (to.path.length > own.length && own.every((key, index) => to.path[index] === key)) {
    return `.${to.path.slice(own.length).join('.')}`;
  }
  const common = own.findIndex((key, index) => to.path[index] !== key);
  return to.path.slice(common === -1 ? to.path.length - 1 : common).join('.');
}
