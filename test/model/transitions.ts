/**
 * @module The transitions a chart defines, by name and by number, and the parallel region each of them belongs to:
 * what coverage is counted in.
 */
import type { AnyStateMachine } from 'xstate';

export interface Transition {
  readonly source: { readonly id: string };
  readonly eventType: string;
  readonly target?: readonly { readonly id: string }[] | undefined;
  readonly guard?: unknown;
}

/** As much of a state node as the checks of a chart look at. */
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

/** Transitions by number. */
export interface Catalogue {
  readonly names: readonly string[];
  readonly regions: readonly string[];
  /** Nothing for a transition of another chart. */
  numberOf(transition: Transition): number | undefined;
  /** The region a transition is taken in. */
  readonly regionOf: (number: number) => number;
  /** The regions of which it is the latest transition once taken: its own and, if it has a target, all inside. */
  movedBy(number: number): readonly number[];
  /** The state of each region by itself, from the nodes that are active; empty where it is not entered. */
  statesOf(active: readonly { readonly id: string }[]): readonly string[];
}

/** Names a transition definition: `source --event--> targets [guard]`. */
export function keyOf({ source, eventType, target, guard }: Transition): string {
  const to = target?.map((node) => node.id).join(', ') ?? '(stays)';
  return `${source.id} --${eventType}--> ${to}${typeof guard === 'string' ? ` [${guard}]` : ''}`;
}

/** Every node of a machine, parents first. */
export function nodesOf(machine: AnyStateMachine): Node[] {
  const visit = (node: Node): Node[] => [node, ...Object.values(node.states).flatMap(visit)];
  return visit(machine.root);
}

const definedBy = (node: Node): readonly Transition[] =>
  [...node.transitions.values(), node.always ?? []].flat();

/** The nearest state around a node, or the node itself, that is one of several at the same time. */
function regionAround(node: Node): Node {
  return !node.parent || node.parent.type === 'parallel' ? node : regionAround(node.parent);
}

function isInside(node: Node | undefined, outer: Node): boolean {
  return node !== undefined && (node === outer || isInside(node.parent, outer));
}

/** Numbers the transitions of a machine. Throws where two could not be told apart by their names. */
export function catalogueOf(machine: AnyStateMachine): Catalogue {
  const nodes = nodesOf(machine);
  const regions = nodes.filter((node) => regionAround(node) === node);
  const numbers = new Map<string, number>();
  const known = new WeakMap<Transition, number | undefined>();
  const names: string[] = [];
  const own: number[] = [];
  const moved: (readonly number[])[] = [];
  const homes = new Map(nodes.map((node) => [node.id, regions.indexOf(regionAround(node))]));
  for (const node of nodes) {
    const region = regions.indexOf(regionAround(node));
    const inside = regions.flatMap((other, n) => (isInside(other, regions[region]!) ? [n] : []));
    for (const transition of definedBy(node)) {
      const name = keyOf(transition);
      if (numbers.has(name)) throw new Error(`two transitions are called "${name}"`);
      numbers.set(name, names.length);
      names.push(name);
      own.push(region);
      moved.push(transition.target ? inside : [region]);
    }
  }
  return {
    names,
    regions: regions.map(({ id }) => id),
    // By name, since a machine whose implementations are provided later has nodes of its own.
    numberOf(transition) {
      if (!known.has(transition)) known.set(transition, numbers.get(keyOf(transition)));
      return known.get(transition);
    },
    regionOf: (number) => own[number]!,
    movedBy: (number) => moved[number]!,
    statesOf(active) {
      const states = regions.map(() => '');
      for (const { id } of active) states[homes.get(id)!] += ` ${id}`;
      return states;
    },
  };
}
