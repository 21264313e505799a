/**
 * @module The real charts in a world of chance, for tests of the log: ports that answer at once, in the middle of an
 * order, or later, a carrier and a model that misbehave now and then, all of it repeatable from one seed.
 */
import { type AnyMachineSnapshot, createActor, type EventObject } from 'xstate';
import type { CallInput, CallPolicy } from '../../src/machines/call/vocabulary.ts';
import { createCallLog, LOG_FORMAT } from '../../src/runtime/call-log.ts';
import { hashCharts } from '../../src/runtime/chart-hash.ts';
import { type LatchedClock, latchClock } from '../../src/runtime/clock.ts';
import { createCounter, createRandom } from '../../src/runtime/ids.ts';
import { createLogWatcher } from '../../src/runtime/log-watcher.ts';
import { createSwitchboard, type OpenPort, type PortName } from '../../src/runtime/switchboard.ts';
import { createVirtualClock } from '../../src/testing/virtual-clock.ts';

export const policy: CallPolicy = {
  turns: 'model',
  answerAfter: 500,
  interruptAfter: 0,
  greeting: 'open',
  voicemail: false,
  recording: false,
  maxDuration: 3_600_000,
  ringTimeout: 60_000,
  transferReportsAnswer: true,
  longestBridge: 7_200_000,
  returnAfterFailure: true,
  endingTools: ['hang_up'],
  tools: {
    slow: { onInterrupt: 'keep', onHangup: 'finish' },
    fickle: { onInterrupt: 'cancel', onHangup: 'cancel' },
  },
  maxToolRounds: 3,
};

/** One thing that happens in a script, `wait` ms after the one before. */
export interface Happening {
  readonly wait: number;
  readonly what:
    | 'voice.start'
    | 'voice.stop'
    | 'turn'
    | 'reply'
    | 'lost'
    | 'key'
    | 'collect'
    | 'say'
    | 'transfer'
    | 'target'
    | 'record'
    | 'media'
    | 'machine'
    | 'stale'
    | 'end'
    | 'hangup'
    | 'nothing';
}

export interface World {
  /** Everything written so far, in the pieces it was written in. */
  readonly writes: readonly string[];
  readonly text: () => string;
  readonly clock: LatchedClock;
  readonly snapshot: () => AnyMachineSnapshot;
  /** Names of what threw, charts and ports. */
  readonly thrown: readonly string[];
  happen(happening: Happening): void;
  /** Lets the call come to its end, however long its last waits are. */
  finish(): void;
}

type Tell = (fact: EventObject & Record<string, unknown>) => void;

/** Starts a call. @param punctual share of the ports' answers that are told in the middle of the order. */
export function startWorld(options: {
  seed: number;
  punctual?: number;
  direction?: 'inbound' | 'outbound';
  policy?: Partial<CallPolicy>;
}): World {
  const random = createRandom(options.seed);
  const base = createVirtualClock();
  const writes: string[] = [];
  const thrown: string[] = [];
  const input: CallInput = {
    id: 'c1',
    direction: options.direction ?? 'inbound',
    policy: { ...policy, ...options.policy },
  };
  const log = createCallLog(
    {
      format: LOG_FORMAT,
      runtime: '0.0.0',
      call: input.id,
      epoch: base.epoch,
      charts: hashCharts(),
      input,
    },
    { write: (text) => void writes.push(text), close: () => undefined },
  );
  const clock = latchClock(base, () => log.flush());
  /** Now and in the middle of whatever is going on, or some time later; never evenly spaced. */
  const soon = (work: () => void, ms = 400): void => {
    if (random() < (options.punctual ?? 0.5)) work();
    else clock.setTimeout(work, random() * ms);
  };
  const chance = (share: number): boolean => random() < share;
  const told: { leg: Tell; connection: Tell } = { leg: () => undefined, connection: () => undefined };
  const take = createCounter();
  const ports = createPorts({ soon, chance, told, take, input });
  const switchboard = createSwitchboard();
  switchboard.plug(input.id, {
    ports,
    watchers: [createLogWatcher(log)],
    now: () => clock.now(),
    stimulus: (work) => clock.stimulus(work),
    threw: (chart) => void thrown.push(chart),
  });
  const actor = createActor(switchboard.logic, {
    id: 'call',
    input,
    clock,
    inspect: switchboard.inspect(input.id),
  });
  actor.subscribe({ error: () => void thrown.push('root') });
  clock.stimulus(() => actor.start());

  const send = (event: EventObject & Record<string, unknown>): void => {
    if (actor.getSnapshot().status !== 'active') return;
    clock.stimulus(() => actor.send(event));
  };
  const happen = createHappenings({ send, told, take, chance });
  return {
    writes,
    thrown,
    clock,
    text: () => writes.join(''),
    snapshot: () => actor.getSnapshot() as AnyMachineSnapshot,
    happen({ wait, what }) {
      base.advance(wait);
      if (actor.getSnapshot().status === 'active') happen(what);
    },
    finish() {
      base.advance(1_000);
      send({ type: 'agent.end', reason: 'test' });
      base.advance(10_000_000);
    },
  };
}

interface Chance {
  readonly soon: (work: () => void, ms?: number) => void;
  readonly chance: (share: number) => boolean;
  readonly told: { leg: Tell; connection: Tell };
  readonly take: () => number;
  readonly input: CallInput;
}

function createPorts(world: Chance): Record<PortName, OpenPort> {
  const { soon, chance, input } = world;
  return {
    leg: createLegPort(world),
    connection: createConnectionPort(world),
    screen: (_input, tell) => {
      soon(() => tell({ type: 'screen.done', accept: true, code: '', policy: input.policy } as EventObject));
      return {};
    },
    start: (_input, tell) => {
      soon(() => tell({ type: 'start.done' }), 3_000);
      return {};
    },
    limit: () => ({ order: () => undefined }),
    tool: (given, tell) => {
      const done = (ok: boolean): void => tell({ type: 'tool.done', call: given['tool'], ok } as EventObject);
      // A tool may well be done before its caller knows that it runs.
      soon(() => done(true), 6_000);
      return {
        order: () => {
          if (chance(0.2)) throw new TypeError('a port that throws');
          soon(() => done(false));
        },
      };
    },
  };
}

function createLegPort({ soon, chance, told, take }: Chance): OpenPort {
  return (_input, send) => {
    const tell: Tell = (fact) => send(fact);
    told.leg = tell;
    const ours = new Set<number>();
    const begun = new Set<number>();
    const cut = (from: number): void => {
      for (const gen of begun) {
        if (gen < from) continue;
        begun.delete(gen);
        tell({ type: 'playout.cut', gen, playedMs: 123.4567, method: 'exact' });
      }
    };
    const orders: Record<string, (order: Record<string, unknown>) => void> = {
      accept: () =>
        soon(() => {
          tell({ type: 'leg.answered' });
          soon(() => tell({ type: 'leg.mediaStarted', epoch: 1 }));
        }),
      begin(order) {
        const gen = Number(order['gen']);
        begun.add(gen);
        if (!ours.has(gen)) return;
        tell({ type: 'gen.audio', gen });
        tell({ type: 'gen.done', gen, audioMs: 900, tools: 0, reason: 'completed' });
      },
      finish: (order) =>
        soon(() => {
          if (!begun.delete(Number(order['gen']))) return;
          tell({ type: 'playout.drained', gen: order['gen'], playedMs: 900, method: 'mark' });
        }, 2_000),
      flush: (order) => (chance(0.9) ? cut(Number(order['gen'])) : soon(() => cut(Number(order['gen'])))),
      play(order) {
        const gen = take();
        ours.add(gen);
        tell({ type: 'gen.started', gen, request: order['request'] });
      },
      transfer: (order) =>
        soon(() => {
          const request = order['request'];
          tell({ type: 'target.answered', request });
          soon(() => tell({ type: chance(0.5) ? 'transfer.bridged' : 'transfer.failed', request }));
        }),
      hangup: () =>
        soon(() => {
          tell({ type: 'leg.hangup', by: 'agent', status: 'completed' });
          soon(() => tell({ type: 'leg.ended', status: 'completed', durationMs: undefined }));
        }),
    };
    return { order: (order) => orders[order.type]?.({ ...order }) };
  };
}

function createConnectionPort({ soon, chance, told, take }: Chance): OpenPort {
  return (input, send) => {
    const connection = input['connection'];
    const tell: Tell = (fact) => send({ ...fact, connection } as EventObject);
    told.connection = tell;
    let tools = 0;
    const answer = (request: unknown): void => {
      const gen = take();
      tell({ type: 'gen.started', gen, request });
      if (chance(0.8)) tell({ type: 'gen.audio', gen });
      const tool = chance(0.3);
      if (tool) {
        tools += 1;
        const name = chance(0.5) ? 'slow' : 'fickle';
        tell({ type: 'tool.call', gen, call: `t${String(connection)}_${tools}`, name });
      }
      soon(() => tell({ type: 'gen.done', gen, audioMs: 900, tools: tool ? 1 : 0, reason: 'completed' }));
    };
    const lose = (retryable: boolean): void =>
      tell({ type: 'session.lost', code: 'OFFHOOK_SESSION_FAILED', retryable });
    soon(() => (chance(0.9) ? tell({ type: 'session.ready' }) : lose(chance(0.8))), 1_500);
    const request = (order: Record<string, unknown>): void =>
      soon(() => {
        if (chance(0.9)) answer(order['request']);
        else tell({ type: 'gen.failed', request: order['request'], code: 'OFFHOOK_SESSION_FAILED' });
      });
    const orders: Record<string, (order: Record<string, unknown>) => void> = {
      greet: request,
      generate: request,
      say: request,
      digits() {
        if (chance(0.3)) throw new TypeError('a port that throws');
      },
      commit: () => soon(() => tell({ type: 'turn.committed', turn: 't', chars: 7 })),
      cancel: (order) =>
        soon(() => {
          tell({ type: 'gen.done', gen: order['gen'], audioMs: 0, tools: 0, reason: 'cancelled' });
        }),
    };
    return { order: (order) => orders[order.type]?.({ ...order }) };
  };
}

function createHappenings(world: {
  send: (event: EventObject & Record<string, unknown>) => void;
  told: { leg: Tell; connection: Tell };
  take: () => number;
  chance: (share: number) => boolean;
}): (what: Happening['what']) => void {
  const { send, told, take, chance } = world;
  let keys = 0;
  let requests = 0;
  let epoch = 1;
  const request = (): string => `r${requests}`;
  const happenings: Record<Happening['what'], () => void> = {
    'voice.start': () => told.connection({ type: 'voice.start' }),
    'voice.stop': () => told.connection({ type: 'voice.stop' }),
    turn: () => told.connection({ type: 'turn.committed', turn: 't', chars: chance(0.9) ? 12 : 0 }),
    reply: () => {
      const gen = take();
      told.connection({ type: 'gen.started', gen });
      told.connection({ type: 'gen.audio', gen });
      told.connection({ type: 'gen.done', gen, audioMs: 500, tools: 0, reason: 'completed' });
    },
    lost: () => told.connection({ type: 'session.lost', code: 'OFFHOOK_SESSION_FAILED', retryable: true }),
    key: () => {
      keys += 1;
      told.leg({ type: 'digits.key', class: chance(0.1) ? 'hash' : 'digit', n: keys });
    },
    collect: () => send({ type: 'digits.collect', request: 1, max: 3, first: 4_000, next: 1_000 }),
    say: () => send({ type: 'say.requested' }),
    transfer: () => {
      requests += 1;
      send({
        type: 'transfer.requested',
        request: request(),
        after: chance(0.5) ? 'return' : 'terminate',
      });
    },
    target: () => told.leg({ type: 'transfer.completed', request: request() }),
    record: () => send({ type: chance(0.5) ? 'record.start' : 'record.pause' }),
    media: () => {
      told.leg({ type: 'leg.mediaStopped', epoch, expected: chance(0.7) });
      epoch += 1;
      told.leg({ type: 'leg.mediaStarted', epoch });
    },
    machine: () => told.leg({ type: 'leg.verdict', result: chance(0.5) ? 'machine' : 'human' }),
    stale: () => told.leg({ type: 'playout.drained', gen: 9_999, playedMs: 1, method: 'mark' }),
    end: () => send({ type: 'agent.end', reason: 'test' }),
    hangup: () => told.leg({ type: 'leg.hangup', by: 'caller', status: 'completed' }),
    nothing: () => undefined,
  };
  return (what) => happenings[what]();
}
