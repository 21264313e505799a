/**
 * @module The trace of one call, drawn from the steps of its charts: `call` with the model's connections and their
 * replies, lines of ours, tools and transfers below it. All times are the call's own clock's, none is the wall's.
 */
import type { Attributes, Tracer } from '@opentelemetry/api';
import type { SessionDescription } from '../providers/contract.ts';
import type { Clock } from '../runtime/clock.ts';
import type { CallWatcher, ChartStep, StateEntry } from '../runtime/switchboard.ts';
import type { CallInfo } from '../transport/contract.ts';
import { otel } from './api.ts';
import { createGenerationSpans } from './generation-spans.ts';
import { createSessionSpans, describeModel } from './session-spans.ts';
import { createSpanBook, type OpenSpan } from './spans.ts';
import { readCallStep } from './step.ts';
import { createToolSpans, createTransferSpans } from './work-spans.ts';

export interface CallTraceOptions {
  readonly tracer: Tracer;
  readonly call: Pick<CallInfo, 'id' | 'from' | 'to' | 'direction'> & Partial<Pick<CallInfo, 'transport'>>;
  /** The clock that stamps the charts' steps. */
  readonly clock: Pick<Clock, 'now' | 'epoch'>;
  /** The model behind the call, once its recipe is known. */
  description(): SessionDescription | undefined;
  /** Opens numbers to the spans, as `call.pii.from` and `call.pii.to`. */
  readonly pii: boolean;
  /** Where a tool comes from: `local`, `builtin`, `mcp`. Default: `local` for all. */
  toolSource?(name: string): string;
  /** What the vendor counted for a reply: `input_tokens` and `output_tokens` are put on its span. */
  usage?(gen: number): Readonly<Record<string, number>> | undefined;
}

export interface TracedOutcome {
  readonly status: string;
  readonly endedBy: string;
  readonly reason: string;
  /** From the answer to the end in ms; counted here if it is not given. */
  readonly duration?: number;
}

export interface CallTrace {
  readonly watcher: CallWatcher;
  /** Ends the call's span. What is open below it then is a defect, and is ended as the error `unfinished`. */
  end(outcome: TracedOutcome): void;
  /** Spans not ended yet, the call's own included. */
  readonly open: number;
  /** Times the tracer threw; the call went on. */
  readonly faults: number;
}

/** Events of the longest call worth looking at one by one; a call an hour long has a few thousand. */
export const MAX_SPAN_EVENTS = 1_000;

/**
 * Starts the trace of a call now. Give its watcher to the switchboard, and end it once. Never throws; with a tracer
 * that records nothing it watches nothing.
 * @example const trace = createCallTrace({ tracer, call: leg.info, clock, description: () => undefined, pii: false });
 */
export function createCallTrace(options: CallTraceOptions): CallTrace {
  const { clock } = options;
  const { isSpanContextValid, SpanKind } = otel();
  const book = createSpanBook(options.tracer, clock.epoch);
  const inbound = options.call.direction === 'inbound';
  const call = book.start('call', clock.now(), {
    kind: inbound ? SpanKind.SERVER : SpanKind.CLIENT,
    attributes: describeCall(options),
  });
  const state: State = {
    answeredAt: undefined,
    why: undefined,
    events: 0,
    dropped: 0,
    ended: false,
    over: false,
  };
  const trackers = createTrackers(options, { book, call, state });
  let faults = 0;
  const guard = (work: () => void): void => {
    if (state.over) return;
    try {
      work();
    } catch {
      // Not the tracer's, which the book has caught: a call must not end over a mistake of ours either.
      faults += 1;
    }
  };
  const watches = isSpanContextValid(call.context);
  return {
    watcher: watches
      ? {
          event: (step) => guard(() => trackers.step(step)),
          entered: (entry) => guard(() => trackers.entered(entry)),
        }
      : {},
    end(outcome) {
      if (state.over) return;
      state.over = true;
      const at = clock.now();
      if (state.ended) trackers.stop(at);
      describeEnd(call, outcome, at, state);
      book.endAll(at, 'unfinished', call);
      call.end(at);
    },
    get open() {
      return book.open;
    },
    get faults() {
      return faults + book.faults;
    },
  };
}

interface State {
  answeredAt: number | undefined;
  /** The first reason given in the step under way: what came of it follows from that. */
  why: string | undefined;
  events: number;
  dropped: number;
  /** The call's chart has ended, and with it what its last step left open. */
  ended: boolean;
  over: boolean;
}

interface Shared {
  readonly book: ReturnType<typeof createSpanBook>;
  readonly call: OpenSpan;
  readonly state: State;
}

interface Trackers {
  step(step: ChartStep): void;
  entered(entry: StateEntry): void;
  stop(at: number): void;
}

function createTrackers(options: CallTraceOptions, { book, call, state }: Shared): Trackers {
  const event = (span: OpenSpan, name: string, at: number, attributes?: Attributes): void => {
    if (state.events >= MAX_SPAN_EVENTS) {
      state.dropped += 1;
      return;
    }
    state.events += 1;
    span.event(name, at, attributes);
  };
  const sessions = createSessionSpans(book, call, () => options.description());
  const generations = createGenerationSpans(book, {
    call,
    session: () => sessions.current,
    describe: () => describeModel(options.description()),
    usage: (gen) => options.usage?.(gen),
  });
  const tools = createToolSpans(book, {
    call,
    generation: (gen) => generations.contextOf(gen),
    source: (name) => options.toolSource?.(name) ?? 'local',
  });
  const transfers = createTransferSpans(book, { call, event, why: () => state.why });
  return {
    stop: (at) => sessions.stop(at),
    step(taken) {
      if (taken.stale !== undefined) return;
      if (taken.chart === 'session') {
        sessions.step(taken);
        return;
      }
      const step = readCallStep(taken);
      const fact = step.event;
      if (step.context.answered) state.answeredAt ??= step.at;
      // A reply that never began has no span to fail.
      if (fact.type === 'gen.failed' && fact.gen === undefined) {
        const about = { 'offhook.request': fact.request ?? 0, 'offhook.code': fact.code };
        event(call, 'request refused', step.at, about);
      }
      tools.step(step);
      generations.step(step);
      transfers.step(step);
      state.why = undefined;
      state.ended = step.over;
    },
    entered({ at, chart, states, why, event: trigger }) {
      if (why === undefined) return;
      if (chart === 'call') state.why ??= why;
      event(call, why, at, {
        'offhook.chart': chart,
        'offhook.state': states.join(' '),
        'offhook.event': trigger.type,
      });
    },
  };
}

function describeCall({ call, pii }: CallTraceOptions): Attributes {
  return {
    'call.id': call.id,
    'call.direction': call.direction,
    ...(call.transport === undefined ? {} : { 'call.transport': call.transport }),
    ...(pii ? { 'call.pii.from': call.from, 'call.pii.to': call.to } : {}),
  };
}

function describeEnd(call: OpenSpan, outcome: TracedOutcome, at: number, state: State): void {
  const counted = state.answeredAt === undefined ? 0 : at - state.answeredAt;
  call.set({
    'call.status': outcome.status,
    'call.ended_by': outcome.endedBy,
    'call.reason': outcome.reason,
    'call.duration_ms': outcome.duration ?? counted,
    ...(state.dropped === 0 ? {} : { 'offhook.events_dropped': state.dropped }),
  });
  if (outcome.status === 'failed') call.fail(outcome.reason);
}
