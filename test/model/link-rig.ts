/**
 * @module The real link chart over a fake socket: the orders it gives, the waits it sets on a virtual clock, and the
 * laws of a connection that is one at a time and is left alone once it is refused.
 */
import { createActor, type EventObject, type SnapshotFrom } from 'xstate';
import {
  createLinkLogic,
  type LinkFact,
  type LinkLogic,
  type LinkOrder,
} from '../../src/machines/link/index.ts';
import { createVirtualClock, type VirtualClock } from '../../src/testing/virtual-clock.ts';
import type { Inspector, Runner, SnapshotOf } from './walk.ts';

export type LinkContext = SnapshotFrom<LinkLogic>['context'];
export type LinkSnapshot = SnapshotOf<LinkContext>;

type Order = LinkOrder | { readonly type: 'dispose' };

/** What it may wait for, from clawops.md §2.2 and §7, and not from the chart. In ms. */
const ATTEMPT = 10_000;
const STABLE = 5_000;
const longestWait = (failures: number): number => Math.min(1_000 * 2 ** (failures - 1), 30_000);

/** What no attempt may follow on. */
const REFUSALS: Readonly<Record<number, string>> = {
  401: 'credentials',
  403: 'credentials',
  4403: 'number',
  4409: 'taken',
};

/** Longer than any handshake, and any wait after it. */
const ALL_DEADLINES = ATTEMPT + longestWait(Infinity) + 1;

/** The sockets as the network has them: a law is broken where there would be two, or one that nobody asked for. */
class Sockets {
  readonly orders: Order[] = [];
  report: (fact: LinkFact) => void = () => {};
  newest = 0;
  /** The attempt or connection that is alive; 0 for none. */
  alive = 0;
  disposed = 0;
  /** The number went to another process, and has not come back. */
  elsewhere = false;
  /** Attempts in a row that led to nothing that lasted, as counted from outside. */
  failures = 0;
  /** Why there may be no further attempt. */
  refusal: string | undefined;
  breach: string | undefined;

  connect(n: number): void {
    this.orders.push({ type: 'connect', n });
    if (this.alive > 0) this.breach ??= `socket ${n} is opened beside socket ${this.alive}`;
    if (n !== this.newest + 1) this.breach ??= `attempt ${n} follows on attempt ${this.newest}`;
    if (this.refusal) this.breach ??= `attempt ${n} after a refusal: ${this.refusal}`;
    if (this.disposed > 0) this.breach ??= 'a socket is opened after the end';
    this.newest = n;
    this.alive = n;
  }

  close(n: number): void {
    this.orders.push({ type: 'close', n });
    if (n !== this.alive) this.breach ??= `socket ${n} is closed, and socket ${this.alive} is alive`;
    this.alive = 0;
  }

  dispose(): void {
    this.orders.push({ type: 'dispose' });
    this.disposed += 1;
    this.alive = 0;
  }

  /** The network tells what it does; about an earlier attempt, it does nothing any more. */
  happen(fact: LinkFact): void {
    if (this.alive > 0 && fact.n === this.alive) {
      if (fact.type === 'link.down') this.#down(fact);
      if (fact.type === 'link.retired') this.elsewhere = true;
      if (fact.type === 'link.active') this.elsewhere = false;
    }
    this.report(fact);
  }

  #down({ code = 0, httpStatus = 0 }: Extract<LinkFact, { type: 'link.down' }>): void {
    this.alive = 0;
    this.refusal = this.elsewhere ? 'taken' : (REFUSALS[httpStatus] ?? REFUSALS[code]);
    if (!this.refusal) this.failures += 1;
  }

  /** A wait is over. */
  waited(ms: number): void {
    if (ms === ATTEMPT) this.failures += 1;
    if (ms === STABLE) this.failures = 0;
  }
}

const isFact = (event: EventObject): event is LinkFact => 'n' in event;

/** A clock that knows for how long each of its timers was set, and tells when one is due. */
function createTimers(virtual: VirtualClock, due: (ms: number) => void) {
  const waits = new Map<ReturnType<VirtualClock['setTimeout']>, number>();
  const clock: Pick<VirtualClock, 'setTimeout' | 'clearTimeout'> = {
    setTimeout(run, ms) {
      const handle = virtual.setTimeout(() => {
        waits.delete(handle);
        due(ms);
        run();
      }, ms);
      waits.set(handle, ms);
      return handle;
    },
    clearTimeout(handle) {
      if (handle) waits.delete(handle);
      virtual.clearTimeout(handle);
    },
  };
  return { clock, waits: (): readonly number[] => [...waits.values()] };
}

/** Creates and starts a link. */
export function createLinkRig(inspect?: Inspector): Runner<LinkContext> {
  const clock = createVirtualClock();
  const sockets = new Sockets();
  const timers = createTimers(clock, (ms) => sockets.waited(ms));
  const logic = createLinkLogic({
    socket(report) {
      sockets.report = report;
      return sockets;
    },
  });
  const actor = createActor(logic, {
    clock: timers.clock,
    input: { jitter: 0.5 },
    ...(inspect ? { inspect } : {}),
  });
  actor.start();
  let said: readonly Order[] = [];
  const snapshotOf = (): LinkSnapshot => actor.getSnapshot();

  /** Does something to the link; throws for the first law that this breaks. */
  const step = (name: string, work: () => void): void => {
    sockets.orders.length = 0;
    work();
    said = [...sockets.orders];
    const breach = sockets.breach ?? breachOf(snapshotOf(), sockets, timers.waits());
    if (breach) throw new Error(`${breach}\nafter ${name} in ${JSON.stringify(snapshotOf().value)}`);
  };

  const runner: Runner<LinkContext> = {
    get snapshot() {
      return snapshotOf();
    },
    get said() {
      return said.map(({ type, ...fields }) => `socket: ${type} ${JSON.stringify(fields)}`);
    },
    send(event: EventObject) {
      step(JSON.stringify(event), () => {
        if (isFact(event)) return sockets.happen(event);
        if (event.type.startsWith('xstate.after.attempt')) sockets.waited(ATTEMPT);
        if (event.type.startsWith('xstate.after.stable')) sockets.waited(STABLE);
        actor.send(event as never);
      });
    },
    tryStale() {
      const before = JSON.stringify(snapshotOf());
      for (const event of staleLinkEvents(snapshotOf())) {
        runner.send(event);
        if (JSON.stringify(snapshotOf()) === before && said.length === 0) continue;
        throw new Error(`stale ${JSON.stringify(event)} had an effect`);
      }
    },
    tryEnd() {
      if (sockets.disposed === 0) {
        const { newest } = sockets;
        const tries = snapshotOf().matches('connecting') || snapshotOf().matches('backingOff');
        step('silence', () => clock.advance(ALL_DEADLINES));
        if (tries && sockets.newest === newest) throw new Error(`never tries again after attempt ${newest}`);
        runner.send({ type: 'link.close' });
      }
      const { status, output } = actor.getSnapshot();
      const { disposed } = sockets;
      if (status !== 'done' || disposed !== 1) throw new Error(`${status}, disposed of ${disposed} times`);
      // Whatever the socket still has to say: an end is an end.
      for (const event of linkCandidates(snapshotOf()).values()) if (isFact(event)) runner.send(event);
      clock.advance(ALL_DEADLINES);
      const after = actor.getSnapshot();
      if (after.output !== output || sockets.orders.length > 0) throw new Error('an end that is none');
    },
    dispose() {
      actor.stop();
    },
  };
  return runner;
}

function breachOf(
  { status, value, context }: LinkSnapshot,
  { alive, disposed, refusal, failures }: Sockets,
  waits: readonly number[],
): string | undefined {
  const isOver = value === 'closed' || value === 'refused';
  if (status !== (isOver ? 'done' : 'active')) return `the chart is ${status}`;
  if ((isOver ? 1 : 0) !== disposed) return `the socket was disposed of ${disposed} times`;
  if (context.refusal !== refusal) return `refused for ${context.refusal}, and not for ${refusal}`;
  const isUp = value === 'connecting' || value === 'open' || value === 'retired';
  if (isUp !== alive > 0) return isUp ? 'no socket' : `socket ${alive} is alive`;
  if (alive > 0 && alive !== context.n) return `socket ${alive} is taken for ${context.n}`;
  return waitBreach(String(value), failures, waits);
}

/** No timer but the one that belongs to the state, and that one as long as it should be. */
function waitBreach(state: string, failures: number, waits: readonly number[]): string | undefined {
  if (waits.length > 1) return `${waits.length} timers`;
  const [wait = 0] = waits;
  const longest = longestWait(failures);
  switch (state) {
    case 'connecting':
      return wait === ATTEMPT ? undefined : `an attempt may take ${wait} ms`;
    case 'backingOff':
      return wait >= longest / 2 && wait <= longest ? undefined : `waits ${wait} ms, failure ${failures}`;
    case 'open':
      return wait === 0 || wait === STABLE ? undefined : `is stable after ${wait} ms`;
    default:
      return wait === 0 ? undefined : `a timer of ${wait} ms in ${state}`;
  }
}

/** Everything that a socket, the program or the clock could say; facts about an earlier attempt too. */
export function linkCandidates(snapshot: LinkSnapshot): Map<string, EventObject> {
  const { n } = snapshot.context;
  const found = new Map<string, EventObject>([
    ['link.connect', { type: 'link.connect' }],
    ['link.close', { type: 'link.close' }],
  ]);
  for (const [name, fact] of Object.entries(FACTS)) {
    const of = (attempt: number): LinkFact => ({ ...fact, n: attempt });
    if (n > 0) found.set(name, of(n));
    found.set(`${name}, stale`, of(n - 1));
  }
  for (const node of snapshot._nodes) {
    for (const { eventType } of node.after) found.set(eventType, { type: eventType });
  }
  return found;
}

const FACTS = {
  'link.open': { type: 'link.open' },
  'link.down soon': { type: 'link.down', jitter: 0, code: 1006 },
  'link.down late': { type: 'link.down', jitter: 0.999, code: 1001 },
  'link.down 401': { type: 'link.down', jitter: 0, httpStatus: 401 },
  'link.down 403': { type: 'link.down', jitter: 0, httpStatus: 403 },
  'link.down 4403': { type: 'link.down', jitter: 0, code: 4403 },
  'link.down 4409': { type: 'link.down', jitter: 0, code: 4409 },
  'link.retired': { type: 'link.retired' },
  'link.active': { type: 'link.active' },
} as const;

/** The same of attempts that are over, or were never made. */
function staleLinkEvents({ context: { n } }: LinkSnapshot): EventObject[] {
  return [0, n - 1, n + 1, n + 7]
    .filter((other) => other !== n)
    .flatMap((other) => Object.values(FACTS).map((fact) => ({ ...fact, n: other })));
}
