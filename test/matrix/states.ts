/**
 * @module Every state there is, taken from the charts themselves, and which of them a running call is in: the call
 * chart by its handle, the session chart by the spans it draws, the link by what it logs.
 */
import type { AnyStateMachine } from 'xstate';
import { callMachine } from '../../src/machines/call/machine.ts';
import { linkMachine } from '../../src/machines/link/link.ts';
import { sessionMachine } from '../../src/machines/session/machine.ts';
import type { CallState } from '../../src/index.ts';
import { readState } from '../../src/runtime/assemble/state.ts';

interface Node {
  readonly path: readonly string[];
  readonly states: Readonly<Record<string, Node>>;
}

function leavesOf(node: Node): string[] {
  const children = Object.values(node.states);
  return children.length === 0 ? [node.path.join('.')] : children.flatMap(leavesOf);
}

const leaves = (machine: AnyStateMachine): string[] => leavesOf(machine.root as unknown as Node);

/** All leaf states of all three charts: `call live.dialogue.prewarm`, `session upkeep.lost`, `link open`. */
export const STATES: readonly string[] = [
  ...leaves(callMachine).map((path) => `call ${path}`),
  ...leaves(sessionMachine).map((path) => `session ${path}`),
  ...leaves(linkMachine).map((path) => `link ${path}`),
];

/** `live.floor.sounding.voiced` as the state value it is a leaf of. */
const valueOf = (path: string): unknown =>
  path
    .split('.')
    .reduceRight<unknown>((inner, key) => (inner === undefined ? key : { [key]: inner }), undefined);

const isRegion = (name: string): name is keyof CallState => name !== 'live';

/** Whether a handle's state is in a leaf of the call chart. */
function isIn(state: CallState, path: string): boolean {
  const shown = readState(valueOf(path));
  const [phase, region] = path.split('.');
  const name = phase === 'live' && region !== undefined && isRegion(region) ? region : 'dialogue';
  return state[name] === shown[name];
}

/** Where the three charts stand. */
export interface Standing {
  readonly call: CallState | undefined;
  readonly session: ReadonlySet<string>;
  readonly link: string;
}

/** Whether a state of `STATES` is one of those that are active. */
export function stands({ call, session, link }: Standing, state: string): boolean {
  const [chart, path = ''] = state.split(' ');
  if (chart === 'link') return link === path;
  if (chart === 'session') return session.has(path);
  return call !== undefined && isIn(call, path);
}
