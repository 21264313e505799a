/** @module A real call and session chart between scripted ports, with a trace watching: for the trace tests. */
import { type Actor, type AnyStateMachine, createActor, type EventObject } from 'xstate';
import type { CallPolicy, ChartOutcome, LegOrder } from '../../src/machines/call/vocabulary.ts';
import type { SessionDescription, SessionFact, SessionOrder } from '../../src/providers/contract.ts';
import { latchClock } from '../../src/runtime/clock.ts';
import { createCounter } from '../../src/runtime/ids.ts';
import { createSwitchboard } from '../../src/runtime/switchboard.ts';
import { createVirtualClock } from '../../src/testing/virtual-clock.ts';
import { type CallTrace, type CallTraceOptions, createCallTrace } from '../../src/trace/call-trace.ts';
import { createMemoryTracing, type MemorySpan } from '../../src/trace/memory.ts';

export const FROM = '07055551234';
export const TO = '07012341234';

const POLICY: CallPolicy = {
  turns: 'model',
  answerAfter: 500,
  interruptAfter: 0,
  greeting: 'none',
  voicemail: false,
  recording: false,
  maxDuration: 3_600_000,
  ringTimeout: 60_000,
  transferReportsAnswer: true,
  longestBridge: 7_200_000,
  returnAfterFailure: true,
  endingTools: ['hang_up'],
  tools: { book: { onInterrupt: 'keep', onHangup: 'finish' } },
  maxToolRounds: 8,
};

export const DESCRIPTION: SessionDescription = {
  type: 'openai_realtime',
  system: 'openai',
  model: 'gpt-realtime-2',
  voice: 'marin',
  language: 'ko',
};

export interface RigOptions extends Partial<Omit<CallTraceOptions, 'call' | 'clock'>> {
  readonly policy?: Partial<CallPolicy>;
  readonly direction?: 'inbound' | 'outbound';
  /** Unix ms at 0. */
  readonly epoch?: number;
}

export type Rig = ReturnType<typeof createRig>;

/** A call that has just begun to ring. Its leg cuts and hangs up at once, like a carrier next door. */
export function createRig(options: RigOptions = {}) {
  const clock = createVirtualClock(options.epoch);
  const latched = latchClock(clock);
  const memory = createMemoryTracing();
  const policy = { ...POLICY, ...options.policy };
  const direction = options.direction ?? 'inbound';
  const board = createSwitchboard();
  const takeGeneration = createCounter();
  const requests: number[] = [];
  const playing = new Set<number>();
  const lines = new Set<number>();
  const orders: EventObject[] = [];
  let tellLeg: (fact: EventObject) => void = () => {};
  let connection: { number: number; tell(fact: EventObject): void } | undefined;
  const tools = new Map<string, (fact: EventObject) => void>();
  let actor: Actor<AnyStateMachine> | undefined;
  let heardMs = 0;

  const trace: CallTrace = createCallTrace({
    tracer: memory.provider.getTracer('test'),
    description: () => DESCRIPTION,
    pii: false,
    ...options,
    call: { id: 'CA1', from: FROM, to: TO, direction, transport: 'clawops' },
    clock: latched,
  });

  const leg = (order: LegOrder): void => {
    orders.push(order);
    if (order.type === 'begin') {
      playing.add(order.gen);
      if (!lines.has(order.gen)) return;
      tellLeg({ type: 'gen.audio', gen: order.gen } as EventObject);
      tellLeg({
        type: 'gen.done',
        gen: order.gen,
        audioMs: 900,
        tools: 0,
        reason: 'completed',
      } as EventObject);
    }
    if (order.type === 'play') {
      const gen = takeGeneration();
      lines.add(gen);
      tellLeg({ type: 'gen.started', gen, request: order.request } as EventObject);
    }
    if (order.type === 'flush') {
      for (const gen of [...playing].filter((entry) => entry >= order.gen)) {
        playing.delete(gen);
        tellLeg({ type: 'playout.cut', gen, playedMs: heardMs, method: 'exact' } as EventObject);
      }
    }
    if (order.type === 'hangup') {
      tellLeg({ type: 'leg.hangup', by: 'agent', status: 'completed' } as EventObject);
      tellLeg({ type: 'leg.ended', status: 'completed', durationMs: undefined } as EventObject);
    }
  };

  const send = (event: { type: string } & Record<string, unknown>): void =>
    latched.stimulus(() => actor?.send(event));

  const rig = {
    clock,
    trace,
    orders,
    /** Requests the model was given and has not answered. */
    requests,
    spans: () => memory.spans(),
    named: (name: string) => memory.spans().filter((span) => span.name === name),
    only(name: string): MemorySpan {
      const found = rig.named(name);
      if (found.length !== 1) throw new Error(`there are ${found.length} spans ${name}`);
      return found[0]!;
    },
    /** A fact of the leg, the playout or the program. */
    send,
    leg: (fact: { type: string } & Record<string, unknown>): void => tellLeg(fact),
    model(fact: SessionFact | { type: 'gen.stalled'; gen: number }): void {
      connection?.tell(Object.assign({ connection: connection.number }, fact));
    },
    /** The model starts a reply, to the oldest request if there is one. */
    begin(): number {
      const gen = takeGeneration();
      const request = requests.shift();
      rig.model({ type: 'gen.started', gen, ...(request === undefined ? {} : { request }) });
      return gen;
    },
    done: (gen: number, audioMs = 1_000, calls = 0) =>
      rig.model({ type: 'gen.done', gen, audioMs, tools: calls, reason: 'completed' }),
    drained(gen: number, playedMs = 1_000): void {
      playing.delete(gen);
      rig.leg({ type: 'playout.drained', gen, playedMs, method: 'mark' });
    },
    tool: (call: string, ok: boolean): void =>
      tools.get(call)?.({ type: 'tool.done', call, ok } as EventObject),
    /** How much of whatever is cut next was heard. */
    heard: (ms: number): void => void (heardMs = ms),
    /** Answers the call and its session. */
    open(): void {
      rig.leg({ type: 'leg.answered' });
      rig.leg({ type: 'leg.mediaStarted', epoch: 1 });
      rig.model({ type: 'session.ready' });
    },
    hangup(): void {
      rig.leg({ type: 'leg.hangup', by: 'caller', status: 'completed' });
      rig.leg({ type: 'leg.ended', status: 'completed', durationMs: 1 });
    },
    get over() {
      return actor?.getSnapshot().status !== 'active';
    },
    get state(): unknown {
      return actor?.getSnapshot().value;
    },
    /** Generations that are at the leg: not drained and not cut. */
    playing,
    tools,
  };

  board.plug('CA1', {
    ports: {
      leg(_input, tell) {
        tellLeg = tell;
        return { order: (order) => leg(order as LegOrder) };
      },
      connection(input, tell) {
        const own = { number: Number(input['connection']), tell };
        connection = own;
        return {
          order(given) {
            const order = given as SessionOrder;
            orders.push(order);
            if (order.type === 'greet' || order.type === 'generate' || order.type === 'say')
              requests.push(order.request);
          },
          close() {
            requests.length = 0;
            if (connection === own) connection = undefined;
          },
        };
      },
      screen(_input, tell) {
        tell({ type: 'screen.done', accept: true, code: '', policy } as EventObject);
        return {};
      },
      start(_input, tell) {
        tell({ type: 'start.done' });
        return {};
      },
      limit: () => ({}),
      tool(input, tell) {
        const call = String(input['tool']);
        tools.set(call, tell);
        return { close: () => void tools.delete(call) };
      },
    },
    watchers: [trace.watcher],
    now: () => latched.now(),
    stimulus: (work) => latched.stimulus(work),
    threw(chart, error) {
      throw new Error(`${chart} threw`, { cause: error });
    },
  });

  latched.stimulus(() => {
    actor = createActor(board.logic, {
      id: 'call',
      input: { id: 'CA1', direction, policy },
      clock: latched,
      inspect: board.inspect('CA1'),
    });
    actor.subscribe({ complete: () => trace.end(actor?.getSnapshot().output as ChartOutcome) });
    actor.start();
  });
  return rig;
}

/** Every span as `parent > name`, in the order they were started. */
export function treeOf(spans: readonly MemorySpan[]): string[] {
  return spans.map((span) => `${span.parent ?? '-'} > ${span.name}`);
}
