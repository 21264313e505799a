/**
 * @module The spans of one call that are open, each ended once. What a tracer throws is counted and goes no further:
 * a call must not end because of what watches it.
 */
import type { Attributes, HrTime, Span, SpanContext, SpanKind, Tracer } from '@opentelemetry/api';
import { otel } from './api.ts';

/** A span while it lasts. Every method does nothing once it has ended. */
export interface OpenSpan {
  readonly context: SpanContext;
  /** When it started, in ms of the call's clock. */
  readonly at: number;
  set(attributes: Attributes): void;
  event(name: string, at: number, attributes?: Attributes): void;
  /** Marks it as an error; `code` must hold nothing that was said. */
  fail(code: string): void;
  end(at: number): void;
}

export interface SpanStart {
  /** Absent: a root of its own trace. */
  readonly parent?: OpenSpan;
  readonly link?: SpanContext | undefined;
  readonly kind?: SpanKind;
  readonly attributes?: Attributes;
}

export interface SpanBook {
  /** @param at in ms of the call's clock. */
  start(name: string, at: number, start?: SpanStart): OpenSpan;
  /** Ends whatever is open except `but`, the youngest first, as an error. */
  endAll(at: number, code: string, but?: OpenSpan): void;
  readonly open: number;
  /** Times the tracer or a span threw. */
  readonly faults: number;
}

/** @param epoch Unix ms at 0 of the call's clock. */
export function createSpanBook(tracer: Tracer, epoch: number): SpanBook {
  const { INVALID_SPAN_CONTEXT, ROOT_CONTEXT, SpanKind: kinds, SpanStatusCode, trace } = otel();
  const spans = new Map<OpenSpan, Span>();
  let faults = 0;
  const guard = <T>(work: () => T, otherwise: T): T => {
    try {
      return work();
    } catch {
      faults += 1;
      return otherwise;
    }
  };
  const time = (at: number): HrTime => toHrTime(epoch + at);

  const begin = (name: string, at: number, { parent, link, kind, attributes }: SpanStart): Span => {
    const above = parent && spans.get(parent);
    const context = above
      ? trace.setSpan(ROOT_CONTEXT, above)
      : parent
        ? trace.setSpanContext(ROOT_CONTEXT, parent.context)
        : ROOT_CONTEXT;
    const options = {
      kind: kind ?? kinds.INTERNAL,
      startTime: time(at),
      attributes: attributes ?? {},
      ...(parent ? {} : { root: true }),
      ...(link ? { links: [{ context: link }] } : {}),
    };
    return tracer.startSpan(name, options, context);
  };

  return {
    start(name, at, start = {}) {
      const span = guard(() => begin(name, at, start), trace.wrapSpanContext(INVALID_SPAN_CONTEXT));
      const whileOpen = (work: () => unknown): void => {
        if (spans.has(open)) guard(work, undefined);
      };
      const open: OpenSpan = {
        context: guard(() => span.spanContext(), INVALID_SPAN_CONTEXT),
        at,
        set: (values) => whileOpen(() => span.setAttributes(values)),
        event: (label, when, values = {}) => whileOpen(() => span.addEvent(label, values, time(when))),
        fail: (code) => whileOpen(() => span.setStatus({ code: SpanStatusCode.ERROR, message: code })),
        end(when) {
          if (spans.delete(open)) guard(() => span.end(time(Math.max(at, when))), undefined);
        },
      };
      spans.set(open, span);
      return open;
    },
    endAll(at, code, but) {
      for (const span of [...spans.keys()].reverse()) {
        if (span === but) continue;
        span.fail(code);
        span.end(at);
      }
    },
    get open() {
      return spans.size;
    },
    get faults() {
      return faults;
    },
  };
}

/**
 * Unix ms as seconds and nanoseconds. A plain number will not do: the SDK takes a small one, such as virtual time
 * that starts at zero, for a reading of `performance.now()` and adds the wall clock to it.
 */
export function toHrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1000);
  const nanos = Math.min(999_999_999, Math.round((ms - seconds * 1000) * 1_000_000));
  return [seconds, nanos];
}
