/**
 * @module The session chart: a supervisor that owns connections #1, #2, … of one call's model session, and the slot
 * that lets only one response be under way. What happens when the model's socket dies is decided here.
 */
import type { AnyStateMachine } from 'xstate';
import { sessionSetup, type SessionPorts } from './setup.ts';
import type { SessionContext } from './vocabulary.ts';

const relayed = (why: string) => ({ actions: 'relay', meta: { why } }) as const;

const upkeep = sessionSetup.createStateConfig({
  initial: 'idle',
  states: {
    idle: {
      on: { open: { target: 'connected', meta: { why: 'the call wants its session' } } },
    },
    connected: {
      id: 'connected',
      initial: 'opening',
      entry: 'nextConnection',
      exit: ['noteDown', 'resetSlot'],
      invoke: {
        id: 'connection',
        src: 'connection',
        input: ({ context }) => ({ call: context.call, connection: context.connection }),
      },
      on: {
        close: { target: 'closed', meta: { why: 'the call is over' } },
        'session.lost': [
          {
            target: 'lost',
            actions: ['noteLoss', 'relay'],
            meta: { why: 'the socket is gone' },
          },
        ],
      },
      states: {
        opening: {
          on: {
            'session.ready': {
              target: 'ready',
              actions: 'relay',
              meta: { why: 'it answers' },
            },
          },
          after: {
            openMax: {
              target: '#session.upkeep.lost',
              actions: 'noteNeverReady',
              meta: { why: 'it never got ready' },
            },
          },
        },
        ready: {
          id: 'ready',
          on: {
            'voice.start': relayed('the caller is heard'),
            'voice.stop': relayed('the caller is heard no more'),
            'turn.committed': relayed('a turn is in the conversation'),
            'turn.reopened': relayed('the turn went on'),
            'gen.audio': relayed('first audio'),
            'tool.call': relayed('the model wants a tool'),
            commit: { actions: 'forward', meta: { why: 'the caller has finished' } },
            truncate: { actions: 'forward', meta: { why: 'the model must know what was heard' } },
            toolResult: { actions: 'forward', meta: { why: 'a result for the conversation' } },
            digits: { actions: 'forward', meta: { why: 'keys for the conversation' } },
            update: { actions: 'forward', meta: { why: 'the tools have changed' } },
          },
          // A session that is taken and dropped at once would be opened again for ever.
          after: { stable: { actions: 'forgetLosses', meta: { why: 'the connection has lasted' } } },
        },
      },
    },
    lost: {
      always: { guard: 'givenUp', target: 'failed', meta: { why: 'no use trying again' } },
      on: { close: { target: 'closed', meta: { why: 'the call is over' } } },
      after: { backoff: { target: 'connected', meta: { why: 'once more' } } },
    },
    failed: {
      entry: 'tellFailed',
      on: { close: { target: 'closed', meta: { why: 'the call is over' } } },
    },
    closed: {
      on: {
        open: { target: 'connected', actions: 'startOver', meta: { why: 'the call came back' } },
      },
    },
  },
});

const started = { actions: ['adopt', 'relay'] } as const;
const queued = (why: string) => ({ actions: ['tellReplaced', 'enqueueRequest'], meta: { why } }) as const;

const GONE = {
  guard: 'endsSlot',
  target: 'none',
  actions: ['relay', 'tellSuperseded'],
  meta: { why: 'it is gone' },
} as const;

const REFUSED_BESIDE = {
  guard: 'refusesSlot',
  actions: ['relayLateFailure', 'forgetRequest'],
  meta: { why: 'refused, since the model had begun by itself' },
} as const;

/** One slot. A request waits while another response is under way; a refusal frees it for the request it names. */
const response = sessionSetup.createStateConfig({
  initial: 'none',
  on: {
    'slot.reset': { target: '.none', actions: 'emptyQueue', meta: { why: 'the connection is gone' } },
    'gen.stalled': { actions: 'relayStall', meta: { why: 'the provider went quiet' } },
    'gen.done': relayed('a late word on an earlier response'),
    'gen.failed': { actions: 'relayLateFailure', meta: { why: 'of an earlier response, or no longer owed' } },
    withdraw: { actions: 'dropQueued', meta: { why: 'no longer wanted' } },
    cancel: { actions: 'forwardIfConnected', meta: { why: 'no longer wanted' } },
  },
  states: {
    none: {
      entry: 'emptySlot',
      always: {
        guard: 'queueWaits',
        target: 'requested',
        actions: 'dequeueRequest',
        meta: { why: 'next in line' },
      },
      on: {
        greet: [
          {
            guard: 'ready',
            target: 'requested',
            actions: ['takeSlot', 'forward'],
            meta: { why: 'the slot is free' },
          },
          { actions: 'refuseRequest', meta: { why: 'there is no connection' } },
        ],
        generate: [
          {
            guard: 'ready',
            target: 'requested',
            actions: ['takeSlot', 'forward'],
            meta: { why: 'the slot is free' },
          },
          { actions: 'refuseRequest', meta: { why: 'there is no connection' } },
        ],
        say: [
          {
            guard: 'ready',
            target: 'requested',
            actions: ['takeSlot', 'forward'],
            meta: { why: 'the slot is free' },
          },
          { actions: 'refuseRequest', meta: { why: 'there is no connection' } },
        ],
        'gen.started': { target: 'active', ...started, meta: { why: 'the model began by itself' } },
      },
    },
    requested: {
      on: {
        greet: queued('one at a time'),
        generate: queued('one at a time'),
        say: queued('one at a time'),
        'gen.started': [
          {
            guard: 'answersRequest',
            target: 'active',
            ...started,
            meta: { why: 'the request is being answered' },
          },
          {
            target: 'active',
            ...started,
            meta: { why: 'the model was quicker: our request will be refused' },
          },
        ],
        'gen.failed': { guard: 'refusesSlot', target: 'none', actions: 'relay', meta: { why: 'refused' } },
        withdraw: [
          {
            guard: 'takesBackSlot',
            target: 'cancelling',
            actions: 'noteWithdrawn',
            meta: { why: 'no longer wanted' },
          },
          { actions: 'dropQueued', meta: { why: 'no longer wanted' } },
        ],
      },
      after: { requestMax: { target: 'none', actions: 'tellUnanswered', meta: { why: 'no answer at all' } } },
    },
    active: {
      on: {
        greet: queued('one at a time'),
        generate: queued('one at a time'),
        say: queued('one at a time'),
        'gen.started': { ...started, meta: { why: 'the model began another' } },
        'gen.done': [
          {
            guard: 'endsSlot',
            target: 'none',
            actions: ['relay', 'tellSuperseded'],
            meta: { why: 'the response is complete' },
          },
          relayed('a late word on an earlier response'),
        ],
        'gen.failed': [
          {
            guard: 'endsSlot',
            target: 'none',
            actions: ['relay', 'tellSuperseded'],
            meta: { why: 'the response broke' },
          },
          REFUSED_BESIDE,
        ],
        cancel: {
          guard: 'cancelsSlot',
          target: 'cancelling',
          actions: 'forward',
          meta: { why: 'the caller or the call no longer wants it' },
        },
      },
      after: {
        activeMax: { target: 'none', actions: 'tellSuperseded', meta: { why: 'no response is this long' } },
      },
    },
    cancelling: {
      on: {
        greet: queued('not before the old one is gone'),
        generate: queued('not before the old one is gone'),
        say: queued('not before the old one is gone'),
        'gen.started': [
          {
            guard: 'answersWithdrawn',
            target: 'cancelling',
            reenter: true,
            actions: ['adopt', 'cancelAdopted'],
            meta: { why: 'it was taken back before it began' },
          },
          { target: 'active', ...started, meta: { why: 'another begins meanwhile, and that one is wanted' } },
        ],
        'gen.done': GONE,
        'gen.failed': [
          GONE,
          { guard: 'refusesWithdrawn', target: 'none', meta: { why: 'it never began' } },
          REFUSED_BESIDE,
        ],
      },
      after: { cancelMax: { target: 'none', actions: 'tellSuperseded', meta: { why: 'never confirmed' } } },
    },
  },
});

export const sessionMachine = sessionSetup.createMachine({
  id: 'session',
  type: 'parallel',
  context: ({ input }): SessionContext => ({
    call: input.call,
    connection: 0,
    up: 0,
    losses: 0,
    lastCode: '',
    permanent: false,
    request: 0,
    gen: 0,
    queue: [],
    withdrawn: false,
  }),
  states: { upkeep, response },
});

/** The chart with its one port. */
export function createSessionLogic(ports: SessionPorts): AnyStateMachine {
  return sessionMachine.provide({ actors: ports });
}
