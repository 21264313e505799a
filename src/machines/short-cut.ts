/**
 * @module The short way for an event that a chart only hands on. To walk a whole chart, in order to find that nothing
 * changes and one message goes out, costs more than what the message leads to; the chart itself says where that is so.
 */
import type {
  AnyActorScope,
  AnyMachineSnapshot,
  AnyStateMachine,
  AnyStateNode,
  AnyTransitionDefinition,
  EventObject,
  InspectionEvent,
} from 'xstate';

/** XState's own action "send one event to one actor", as it takes part in a step. */
interface Sending {
  readonly type: 'xstate.sendTo';
  resolve(
    scope: AnyActorScope,
    snapshot: AnyMachineSnapshot,
    args: object,
    params: undefined,
    action: Sending,
    extra: { readonly internalQueue: EventObject[]; readonly deferredActorIds: undefined },
  ): readonly [AnyMachineSnapshot, object];
  execute(scope: AnyActorScope, resolved: object): void;
}

/** A transition that sends its event on and does nothing else. */
interface ShortCut {
  readonly taken: AnyTransitionDefinition[];
  readonly sending: Sending;
}

/** What a state does with an event: hands it on, or something that takes a whole step. */
type Ways = ReadonlyMap<string, ShortCut | undefined>;

/** How XState tells inspectors of a step. */
interface Inspected {
  _sendInspectionEvent(step: Omit<InspectionEvent & { type: '@xstate.microstep' }, 'rootId'>): void;
}

/**
 * Gives back the same machine, in which events that one state alone takes, by a transition without guard or target
 * whose only action is a `sendTo`, go there without XState's looking for what else may have changed.
 */
export function takeShortCuts<M extends AnyStateMachine>(machine: M): M {
  checkNames(machine.root);
  const ways = new Map<AnyStateNode, Ways>();
  const waysAt = (node: AnyStateNode): Ways => {
    let known = ways.get(node);
    if (!known) ways.set(node, (known = waysOf(machine, node)));
    return known;
  };
  const find = (nodes: readonly AnyStateNode[], type: string): ShortCut | undefined => {
    let found: ShortCut | undefined;
    for (const node of nodes) {
      const known = waysAt(node);
      if (!known.has(type)) continue;
      if (found) return undefined;
      found = known.get(type);
      if (!found) return undefined;
    }
    return found;
  };
  return Object.assign(Object.create(machine) as M, machine, {
    transition(snapshot: AnyMachineSnapshot, event: EventObject, scope: AnyActorScope): AnyMachineSnapshot {
      const way = find(snapshot._nodes, event.type);
      if (!way) return machine.transition(snapshot, event, scope) as AnyMachineSnapshot;
      const { self, system } = scope;
      const { taken, sending } = way;
      const args = { context: snapshot.context as unknown, event, self, system };
      const extra = { internalQueue: [], deferredActorIds: undefined };
      const [next, resolved] = sending.resolve(scope, snapshot, args, undefined, sending, extra);
      sending.execute(scope, resolved);
      const step = {
        type: '@xstate.microstep',
        actorRef: self,
        event,
        snapshot: next,
        _transitions: taken,
      } as const;
      (system as unknown as Inspected)._sendInspectionEvent(step);
      return next;
    },
  });
}

function checkNames(node: AnyStateNode): void {
  for (const type of node.transitions.keys()) {
    if (type.includes('*')) throw new Error(`No short cuts beside the wildcard "${type}" of ${node.id}`);
  }
  for (const child of Object.values(node.states)) checkNames(child);
}

function waysOf(machine: AnyStateMachine, node: AnyStateNode): Ways {
  const found = new Map<string, ShortCut | undefined>();
  for (const [type, transitions] of node.transitions) {
    const [transition] = transitions;
    // The first of them without a guard is taken, whatever follows.
    const isPlain = transition && !transition.guard && !transition.target;
    const [action] = isPlain && transition.actions.length === 1 ? transition.actions : [];
    const sending = typeof action === 'string' ? machine.implementations.actions[action] : undefined;
    found.set(type, isSending(sending) ? { taken: [transition!], sending } : undefined);
  }
  return found;
}

const isSending = (action: unknown): action is Sending =>
  typeof action === 'function' && (action as { type?: unknown }).type === 'xstate.sendTo';
