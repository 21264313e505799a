/**
 * @module The chart of one control connection: connect, stay open, come back, or accept a refusal for good.
 * Attempts are numbered; a fact about any attempt but the newest is stale and changes nothing.
 */
import { assign, type EventObject, fromCallback, sendTo, setup } from 'xstate';
import { backoffDelay, LINK_ATTEMPT, LINK_STABLE } from './delays.ts';

/** What is reported about attempt `n`. Neither keys nor numbers. */
export type LinkFact =
  | { type: 'link.open'; n: number }
  /** The attempt failed or the connection ended. `jitter` is a number in [0, 1) for the wait that may follow. */
  | { type: 'link.down'; n: number; jitter: number; code?: number; httpStatus?: number }
  /** The number went to another process; this connection stays until its calls are over. */
  | { type: 'link.retired'; n: number }
  /** The number came back. */
  | { type: 'link.active'; n: number };

export type LinkEvent = LinkFact | { type: 'link.connect' } | { type: 'link.close' };

/** What the chart asks of the socket. `close` gives up attempt `n`; whatever it still reports is stale. */
export type LinkOrder = { type: 'connect'; n: number } | { type: 'close'; n: number };

/** Why a link is refused for good: the credentials, the number's owner, or another process that has it now. */
export type LinkRefusal = 'credentials' | 'number' | 'taken';

export interface LinkInput {
  /** A number in [0, 1) for a first wait that no report precedes. */
  readonly jitter: number;
}

interface LinkContext {
  /** Number of the newest attempt; the generation every fact is checked against. */
  n: number;
  failures: number;
  jitter: number;
  refusal: LinkRefusal | undefined;
}

/** One socket at a time, as the chart needs it. Calls must not throw; `report` may be called from within them. */
export interface LinkSocket {
  connect(n: number): void;
  close(n: number): void;
  /** The link is over; everything is released, a live connection with code 1000. */
  dispose(): void;
}

export interface LinkPorts {
  /** Makes the socket side of a link that starts. */
  socket(report: (fact: LinkFact) => void): LinkSocket;
}

/** HTTP statuses and close codes after which another attempt would only do harm (clawops.md §2.2). */
const REFUSED_STATUS: Readonly<Record<number, LinkRefusal>> = { 401: 'credentials', 403: 'credentials' };
const REFUSED_CODE: Readonly<Record<number, LinkRefusal>> = { 4403: 'number', 4409: 'taken' };

function refusalOf(event: EventObject & { code?: number; httpStatus?: number }): LinkRefusal | undefined {
  return REFUSED_STATUS[event.httpStatus ?? 0] ?? REFUSED_CODE[event.code ?? 0];
}

const isFact = (event: LinkEvent): event is LinkFact => 'n' in event;

const linkSetup = setup({
  types: {} as {
    context: LinkContext;
    events: LinkEvent;
    input: LinkInput;
    output: LinkRefusal | undefined;
    transitionMeta: { why: string };
    tags: 'link.up';
  },
  actors: {
    // Replaced by createLinkLogic; alone, the chart runs without a socket, which is what its tests want.
    socket: fromCallback<LinkOrder>(() => {}),
  },
  guards: {
    isStale: ({ context, event }) => isFact(event) && event.n !== context.n,
    isRefused: ({ event }) => refusalOf(event) !== undefined,
  },
  delays: {
    attempt: LINK_ATTEMPT,
    stable: LINK_STABLE,
    backoff: ({ context }) => backoffDelay(context.failures, context.jitter),
  },
  actions: {
    takeNumber: assign({ n: ({ context }) => context.n + 1 }),
    orderConnect: sendTo('socket', ({ context }) => ({ type: 'connect', n: context.n }) as const),
    orderClose: sendTo('socket', ({ context }) => ({ type: 'close', n: context.n }) as const),
    countFailure: assign({
      failures: ({ context }) => context.failures + 1,
      jitter: ({ context, event }) => (event.type === 'link.down' ? event.jitter : context.jitter),
    }),
    forgetFailures: assign({ failures: 0 }),
    noteRefusal: assign({ refusal: ({ event }) => refusalOf(event) }),
    noteTaken: assign({ refusal: 'taken' }),
  },
});

const STALE = { guard: 'isStale', meta: { why: 'about an attempt that was given up' } } as const;
const DOWN = [
  STALE,
  {
    guard: 'isRefused',
    target: 'refused',
    actions: 'noteRefusal',
    meta: { why: 'refused for good; another attempt would fight a successor or a lock' },
  },
  { target: 'backingOff', actions: 'countFailure', meta: { why: 'the connection failed or ended' } },
] as const;

/** The chart without its socket. */
export const linkMachine = linkSetup.createMachine({
  id: 'link',
  context: ({ input }) => ({ n: 0, failures: 0, jitter: input.jitter, refusal: undefined }),
  invoke: { id: 'socket', src: 'socket' },
  on: { 'link.close': { target: '.closed', meta: { why: 'the agent closes' } } },
  initial: 'idle',
  states: {
    idle: { on: { 'link.connect': { target: 'connecting', meta: { why: 'the agent connects' } } } },
    connecting: {
      entry: ['takeNumber', 'orderConnect'],
      on: {
        'link.open': [STALE, { target: 'open', meta: { why: 'the handshake succeeded' } }],
        'link.down': DOWN,
      },
      after: {
        attempt: {
          target: 'backingOff',
          actions: ['orderClose', 'countFailure'],
          meta: { why: 'no answer to the handshake in time' },
        },
      },
    },
    open: {
      tags: 'link.up',
      on: {
        'link.down': DOWN,
        'link.retired': [STALE, { target: 'retired', meta: { why: 'another process has the number' } }],
      },
      after: { stable: { actions: 'forgetFailures', meta: { why: 'the connection has proved stable' } } },
    },
    retired: {
      tags: 'link.up',
      on: {
        'link.active': [STALE, { target: 'open', meta: { why: 'the number came back' } }],
        'link.down': [
          STALE,
          { target: 'refused', actions: 'noteTaken', meta: { why: 'a retired link never reconnects' } },
        ],
      },
    },
    backingOff: { after: { backoff: { target: 'connecting', meta: { why: 'the wait is over' } } } },
    refused: { type: 'final' },
    closed: { type: 'final' },
  },
  output: ({ context }) => context.refusal,
});

/**
 * The chart over a socket. A port that throws does not take the chart with it: a connect that threw is
 * an attempt without an answer, and ends at the attempt's limit.
 */
export function createLinkLogic(ports: LinkPorts) {
  const socket = fromCallback<LinkOrder>(({ sendBack, receive }) => {
    const line = ports.socket(sendBack);
    receive((order) => {
      contain(() => (order.type === 'connect' ? line.connect(order.n) : line.close(order.n)));
    });
    return () => contain(() => line.dispose());
  });
  return linkMachine.provide({ actors: { socket } });
}

function contain(work: () => void): void {
  try {
    work();
  } catch {
    // The port reports its own troubles; here only the chart is kept alive.
  }
}

export type LinkLogic = ReturnType<typeof createLinkLogic>;
