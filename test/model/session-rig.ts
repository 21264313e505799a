/**
 * @module The real session chart between a fake connection and a parent that listens: what it passes on, what it
 * orders, and the laws of its one slot for a response.
 */
import { type AnyStateMachine, createActor, createMachine, type EventObject, fromCallback } from 'xstate';
import type { PortLogic } from '../../src/machines/call/base.ts';
import { govern } from '../../src/machines/govern.ts';
import { createSessionLogic } from '../../src/machines/session/machine.ts';
import type { SessionContext } from '../../src/machines/session/vocabulary.ts';
import { takeShortCuts } from '../../src/machines/short-cut.ts';
import { staleForSession } from '../../src/machines/stale.ts';
import { createVirtualClock } from '../../src/testing/virtual-clock.ts';
import type { Inspector, Runner, SnapshotOf } from './walk.ts';

export type SessionSnapshot = SnapshotOf<SessionContext>;

interface Message extends EventObject {
  readonly request?: number;
  readonly gen?: number;
  readonly connection?: number;
}

const REQUESTS = ['greet', 'generate', 'say'];

interface Host {
  opened(n: number): void;
  closed(n: number): void;
  ordered(order: Message): void;
}

/** Who stands behind the connections of each session, by its call. */
const hosts = new Map<string, Host>();

const connection: PortLogic = fromCallback<Message, { call: string; connection: number }>((port) => {
  const { input, receive } = port;
  const host = hosts.get(input.call);
  host?.opened(input.connection);
  receive((order) => host?.ordered(order));
  return () => host?.closed(input.connection);
});

const governed = (machine: AnyStateMachine): AnyStateMachine =>
  govern(
    machine,
    { name: 'session', staleness: staleForSession },
    {
      stepped: () => {},
      stale: () => {},
      threw: (_scope, _event, error) => {
        throw error;
      },
    },
  );

/** The chart as it is: each step is XState's. */
export const sessionLogic = governed(createSessionLogic({ connection }));

/** What stands behind the short cuts of the next. */
export const wholeSession = createSessionLogic({ connection });
/** The chart as calls have it. */
export const shortCutLogic = governed(takeShortCuts(wholeSession));

let rigs = 0;

/** Creates and starts a session under a parent that only listens. */
export function createSessionRig(
  inspect?: Inspector,
  logic: AnyStateMachine = sessionLogic,
): Runner<SessionContext> & { readonly heard: readonly Message[] } {
  const open = new Set<number>();
  /** Requests the call waits for: neither begun, nor refused, nor taken back. */
  const waiting = new Set<number>();
  const clock = createVirtualClock();
  let orders: Message[] = [];
  let heard: Message[] = [];
  const call = `x${(rigs += 1)}`;
  hosts.set(call, {
    opened: (n) => void open.add(n),
    closed: (n) => void open.delete(n),
    ordered: (order) => void orders.push(order),
  });
  const parent = createActor(
    createMachine({
      invoke: { id: 'session', src: logic, input: { call } },
      on: { '*': { actions: ({ event }) => void heard.push(event as Message) } },
    }),
    { clock, ...(inspect ? { inspect } : {}) },
  );
  parent.subscribe({ error: () => {} });
  parent.start();
  const child = parent.getSnapshot().children['session']!;
  const snapshotOf = (): SessionSnapshot => child.getSnapshot() as SessionSnapshot;

  const check = (before: SessionSnapshot, event: Message): string | undefined => {
    const after = snapshotOf();
    const { response, upkeep } = after.value as { response: string; upkeep: unknown };
    if (after.status !== 'active') return `the chart is ${after.status}`;
    const isUp = typeof upkeep === 'object';
    if (isUp !== after.context.up > 0 || (isUp ? 1 : 0) !== open.size)
      return 'connections are not one when up';
    if (orders.length > 0 && !isUp) return 'an order to nobody';
    const asked = orders.filter((order) => REQUESTS.includes(order.type));
    if (asked.length > 1) return 'two requests at once';
    if (asked.length === 1 && response !== 'requested') return 'a request is under way outside its slot';
    if (asked.length === 1 && before.matches({ response: 'active' }) && endsNothing(event)) {
      return 'a request while a response is under way';
    }
    if (!isUp && response !== 'none') return 'a response under way on no connection';
    if (REQUESTS.includes(event.type)) waiting.add(event.request!);
    if (event.type === 'withdraw') waiting.delete(event.request!);
    for (const fact of heard) {
      if (fact.type === 'gen.started' || fact.type === 'gen.failed') waiting.delete(fact.request!);
      if (fact.type === 'session.lost') waiting.clear();
    }
    // A close, or a connection that never got ready, is known to the call: it asks nothing of those.
    if (!isUp) waiting.clear();
    const { request, queue } = after.context;
    const lost = [...waiting].find((n) => n !== request && !queue.some((entry) => entry.request === n));
    if (lost !== undefined) return `request ${lost} is waited for and known to nobody`;
    return response === 'none' && queue.length > 0 ? 'a request waits beside a free slot' : undefined;
  };

  const runner = {
    get heard() {
      return heard;
    },
    get said() {
      const words = (to: string, { type, ...fields }: Message): string =>
        `${to}: ${type} ${JSON.stringify(fields)}`;
      return [
        ...orders.map((order) => words('connection', order)),
        ...heard.map((fact) => words('call', fact)),
      ];
    },
    get snapshot() {
      return snapshotOf();
    },
    send(event: EventObject) {
      const before = snapshotOf();
      orders = [];
      heard = [];
      child.send(event);
      const breach = check(before, event);
      if (breach === undefined) return;
      throw new Error(`${breach}\nafter ${JSON.stringify(event)}\nin ${JSON.stringify(snapshotOf().value)}`);
    },
    tryStale() {
      const before = snapshotOf();
      for (const event of staleSessionEvents(before)) {
        runner.send(event);
        if (snapshotOf() !== before || orders.length > 0 || heard.length > 0) {
          throw new Error(`stale ${JSON.stringify(event)} had an effect`);
        }
      }
    },
    tryEnd() {
      if (snapshotOf().matches({ upkeep: 'idle' })) return;
      runner.send({ type: 'close' });
      const { value } = snapshotOf();
      const isOver = snapshotOf().matches({ upkeep: 'closed', response: 'none' });
      if (!isOver || clock.pending > 0)
        throw new Error(`${clock.pending} timers after a close: ${JSON.stringify(value)}`);
    },
    dispose() {
      parent.stop();
      hosts.delete(call);
    },
  };
  return runner;
}

/** Events after which a response that was under way still is. */
const endsNothing = ({ type }: EventObject): boolean =>
  !['gen.done', 'gen.failed'].includes(type) && !type.startsWith('xstate.after');

function staleSessionEvents({ context }: SessionSnapshot): EventObject[] {
  return [context.up + 1, context.up - 1, -1]
    .filter((n) => n !== context.up)
    .flatMap((n) => [
      { type: 'session.ready', connection: n },
      { type: 'session.lost', connection: n, code: 'TEST', retryable: true },
      { type: 'voice.start', connection: n },
      { type: 'turn.committed', connection: n, turn: 'u', chars: 1 },
      { type: 'gen.started', connection: n, gen: 99 },
      { type: 'gen.done', connection: n, gen: context.gen, audioMs: 1, tools: 0, reason: 'completed' },
      { type: 'gen.failed', connection: n, gen: context.gen, code: 'TEST' },
      { type: 'gen.stalled', connection: n, gen: context.gen },
    ]);
}

/** What the call orders and the connection reports. Requests and generations are numbered by what is there. */
export function sessionCandidates(snapshot: SessionSnapshot): Map<string, EventObject> {
  const { context } = snapshot;
  const found = new Map<string, EventObject>();
  const add = (symbol: string, event: Message & Record<string, unknown>): void =>
    void found.set(symbol, event);
  const newest = Math.max(context.request, 0, ...context.queue.map(({ request }) => request));
  if (context.queue.length < 2) for (const type of REQUESTS) add(type, { type, request: newest + 1 });
  for (const type of ['open', 'close', 'commit', 'update']) add(type, { type });
  add('truncate', { type: 'truncate', gen: 1, playedMs: 0 });
  add('toolResult', { type: 'toolResult', call: 'c' });
  add('digits', { type: 'digits', entry: 1 });
  add('cancel current', { type: 'cancel', gen: context.gen, by: 'voice' });
  add('cancel other', { type: 'cancel', gen: context.gen + 50, by: 'runtime' });
  if (context.request > 0) add('withdraw slot', { type: 'withdraw', request: context.request });
  const [queued] = context.queue;
  if (queued) add('withdraw queued', { type: 'withdraw', request: queued.request });
  for (const node of snapshot._nodes) {
    for (const { eventType } of node.after) add(eventType, { type: eventType });
  }
  if (context.up > 0) addFacts(context, add);
  return found;
}

function addFacts(
  context: SessionContext,
  add: (symbol: string, event: Message & Record<string, unknown>) => void,
): void {
  const { gen, request, up } = context;
  const fact = (symbol: string, event: Message & Record<string, unknown>): void =>
    add(symbol, { ...event, connection: up });
  const done = { type: 'gen.done', audioMs: 1, tools: 0, reason: 'completed' };
  fact('session.ready', { type: 'session.ready' });
  fact('session.lost', { type: 'session.lost', code: 'TEST', retryable: true });
  fact('session.lost for good', { type: 'session.lost', code: 'TEST', retryable: false });
  fact('voice.start', { type: 'voice.start' });
  fact('voice.stop', { type: 'voice.stop' });
  fact('turn.committed', { type: 'turn.committed', turn: 'u', chars: 1 });
  fact('turn.reopened', { type: 'turn.reopened', turn: 'u' });
  fact('gen.started self', { type: 'gen.started', gen: gen + 1 });
  fact('gen.started unknown request', { type: 'gen.started', gen: gen + 1, request: request + 40 });
  if (request > 0) {
    fact('gen.started', { type: 'gen.started', gen: gen + 1, request });
    fact('gen.failed refused', { type: 'gen.failed', request, code: 'TEST' });
  }
  fact('gen.failed other request', { type: 'gen.failed', request: request + 40, code: 'TEST' });
  if (gen === 0) return;
  fact('gen.audio', { type: 'gen.audio', gen });
  fact('tool.call', { type: 'tool.call', gen, call: 'c', name: 'book' });
  fact('gen.done', { ...done, gen });
  fact('gen.done older', { ...done, gen: gen - 1 });
  fact('gen.failed', { type: 'gen.failed', gen, code: 'TEST' });
  fact('gen.failed older', { type: 'gen.failed', gen: gen - 1, code: 'TEST' });
  fact('gen.stalled', { type: 'gen.stalled', gen });
}
