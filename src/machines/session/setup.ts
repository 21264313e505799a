/**
 * @module The session chart's toolbox: guards and actions by name. It passes facts up and orders down, and holds
 * the one thing that must not be shared: the slot for a response.
 */
import { type AnyActorRef, createEmptyActor, setup, stateIn } from 'xstate';
import type { PortLogic } from '../call/base.ts';
import {
  type ConnectionFact,
  MAX_LOSSES,
  type ParentFact,
  reconnectDelay,
  type ResponseOrder,
  SESSION_DELAYS,
  type SessionContext,
  type SessionEvent,
  type SessionInput,
} from './vocabulary.ts';

export interface SessionPorts extends Record<string, PortLogic> {
  connection: PortLogic;
}

type Of<T extends SessionEvent['type']> = Extract<SessionEvent, { type: T }>;
const eventAs = <T extends SessionEvent['type']>(event: SessionEvent, _type: T): Of<T> => event as Of<T>;

interface At {
  context: SessionContext;
  event: SessionEvent;
}

const base = setup({
  types: {} as {
    context: SessionContext;
    events: SessionEvent;
    input: SessionInput;
    transitionMeta: { why: string };
  },
  actors: {} as SessionPorts,
  delays: {
    ...SESSION_DELAYS,
    backoff: ({ context }) => reconnectDelay(context.losses),
  },
  guards: {
    givenUp: ({ context }: At) => context.permanent || context.losses >= MAX_LOSSES,
    answersRequest: ({ context, event }: At) =>
      context.request > 0 && eventAs(event, 'gen.started').request === context.request,
    answersWithdrawn: ({ context, event }: At) =>
      context.withdrawn && eventAs(event, 'gen.started').request === context.request,
    endsSlot: ({ context, event }: At) => (event as { gen?: number }).gen === context.gen && context.gen > 0,
    refusesSlot: ({ context, event }: At) => {
      const fact = eventAs(event, 'gen.failed');
      return fact.gen === undefined && fact.request === context.request;
    },
    refusesWithdrawn: ({ context, event }: At) => {
      const fact = eventAs(event, 'gen.failed');
      return context.withdrawn && fact.gen === undefined && fact.request === context.request;
    },
    takesBackSlot: ({ context, event }: At) => eventAs(event, 'withdraw').request === context.request,
    cancelsSlot: ({ context, event }: At) => eventAs(event, 'cancel').gen === context.gen,
    queueWaits: ({ context }: At) => context.queue.length > 0,
  },
});

const { assign, enqueueActions, sendTo, raise } = base;

/** Passes the connection's fact to the call, with what the call needs to tell a stale one. */
function upward(event: ConnectionFact): ParentFact {
  const { connection, ...fact } = event;
  switch (fact.type) {
    case 'session.ready':
      return { type: 'session.ready', connection };
    case 'session.lost':
      return { type: 'session.lost', connection, code: fact.code, ...(fact.deaf ? { deaf: true } : {}) };
    case 'voice.start':
    case 'voice.stop':
      return { type: fact.type, epoch: connection };
    default:
      return fact;
  }
}

/** Where facts go while no call is above the chart, as when its steps are only worked out. */
const nobody = createEmptyActor();
const theCall = ({ self }: { self: { _parent?: AnyActorRef } }): AnyActorRef => self._parent ?? nobody;

const actions = {
  nextConnection: assign(({ context }) => ({
    connection: context.connection + 1,
    up: context.connection + 1,
  })),
  noteDown: assign({ up: 0 }),
  forgetLosses: assign({ losses: 0, lastCode: '' }),
  startOver: assign({ losses: 0, lastCode: '', permanent: false }),
  noteLoss: assign(({ context, event }) => {
    const fact = eventAs(event, 'session.lost');
    return { losses: context.losses + 1, lastCode: fact.code, permanent: !fact.retryable };
  }),
  noteNeverReady: assign(({ context }) => ({
    losses: context.losses + 1,
    lastCode: 'OFFHOOK_SESSION_FAILED',
  })),
  relay: sendTo(theCall, ({ event }) => upward(event as ConnectionFact)),
  relayStall: sendTo(theCall, ({ event }) => ({
    type: 'gen.stalled',
    gen: eventAs(event, 'gen.stalled').gen,
  })),
  /** A request that lost against a reply the model began by itself owes nothing: that reply carries it. */
  relayLateFailure: enqueueActions(({ event, enqueue, self }) => {
    const { gen, request } = eventAs(event, 'gen.failed');
    if (!self._parent) return;
    if (gen !== undefined) enqueue.sendTo(self._parent, upward(event as ConnectionFact));
    else if (request !== undefined) {
      enqueue.sendTo(self._parent, { type: 'gen.failed', request, code: 'superseded' });
    }
  }),
  /** The model had begun by itself and the vendor never said what became of our request: it is not waited for. */
  tellSuperseded: enqueueActions(({ context, enqueue, self }) => {
    if (!self._parent || context.request === 0 || context.withdrawn) return;
    enqueue.sendTo(self._parent, { type: 'gen.failed', request: context.request, code: 'superseded' });
  }),
  tellFailed: enqueueActions(({ context, enqueue, self }) => {
    if (self._parent) enqueue.sendTo(self._parent, { type: 'session.failed', code: context.lastCode });
  }),
  tellUnanswered: enqueueActions(({ context, enqueue, self }) => {
    if (!self._parent || context.withdrawn) return;
    enqueue.sendTo(self._parent, {
      type: 'gen.failed',
      request: context.request,
      code: 'OFFHOOK_SESSION_SILENT',
    });
  }),
  refuseRequest: enqueueActions(({ event, enqueue, self }) => {
    if (!self._parent) return;
    const { request } = event as ResponseOrder;
    enqueue.sendTo(self._parent, { type: 'gen.failed', request, code: 'OFFHOOK_SESSION_FAILED' });
  }),
  forward: sendTo('connection', ({ event }) => event),
  resetSlot: raise({ type: 'slot.reset' }),
  emptySlot: assign({ request: 0, gen: 0, withdrawn: false }),
  emptyQueue: assign({ queue: [] }),
  takeSlot: assign(({ event }) => ({ request: (event as ResponseOrder).request, gen: 0, withdrawn: false })),
  /** A newer request for a reply replaces an older one that waits; what is to be said as it stands never does. */
  enqueueRequest: assign(({ context, event }) => {
    const order = event as ResponseOrder;
    const kept =
      order.type === 'generate' ? context.queue.filter((entry) => entry.type !== 'generate') : context.queue;
    return { queue: [...kept, order] };
  }),
  tellReplaced: enqueueActions(({ context, event, enqueue, self }) => {
    if (!self._parent || event.type !== 'generate') return;
    for (const entry of context.queue) {
      if (entry.type === 'generate') {
        enqueue.sendTo(self._parent, { type: 'gen.failed', request: entry.request, code: 'superseded' });
      }
    }
  }),
  dequeueRequest: enqueueActions(({ context, enqueue }) => {
    const [order, ...queue] = context.queue;
    if (!order) return;
    enqueue.assign({ queue, request: order.request, gen: 0, withdrawn: false });
    enqueue.sendTo('connection', order);
  }),
  dropQueued: assign(({ context, event }) => ({
    queue: context.queue.filter((entry) => entry.request !== eventAs(event, 'withdraw').request),
  })),
  forgetRequest: assign({ request: 0 }),
  noteWithdrawn: assign({ withdrawn: true }),
  /** The slot's request is settled once a generation names it. */
  adopt: assign(({ context, event }) => {
    const { gen, request } = eventAs(event, 'gen.started');
    return { gen, request: request === context.request ? 0 : context.request };
  }),
  cancelAdopted: sendTo('connection', ({ event }) => ({
    type: 'cancel',
    gen: eventAs(event, 'gen.started').gen,
    by: 'runtime',
  })),
};

/** Orders that find no connection have nobody to go to. */
const forwardIfConnected = enqueueActions(({ event, enqueue, check }) => {
  if (check(stateIn('#connected'))) enqueue.sendTo('connection', event);
});

export const sessionSetup = base
  .extend({ guards: { ready: stateIn('#ready') } })
  .extend({ actions: { ...actions, forwardIfConnected } });
