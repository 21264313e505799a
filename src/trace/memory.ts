/**
 * @module A tracer provider that keeps its spans in memory, made of the OpenTelemetry API alone: for the demo and
 * for tests, where no SDK need be installed. Ids are counted, so the same run gives the same spans.
 */
import {
  type Attributes,
  type Context,
  context as contexts,
  type Link,
  type Span,
  type SpanContext,
  type SpanOptions,
  type SpanStatus,
  SpanStatusCode,
  type TimeInput,
  trace,
  TraceFlags,
  type Tracer,
  type TracerProvider,
} from '@opentelemetry/api';

/** One span as it stands. Times in Unix ms; absent where the caller named none. */
export interface MemorySpan {
  readonly id: string;
  readonly name: string;
  /** The name of the span above it; null for a root. */
  readonly parent: string | null;
  readonly parentId: string | null;
  readonly ended: boolean;
  /** How often `end` was called: once, or something is wrong. */
  readonly ends: number;
  readonly start: number | undefined;
  readonly end: number | undefined;
  readonly status: 'unset' | 'ok' | 'error';
  /** What the error was. */
  readonly message: string | undefined;
  readonly attributes: Attributes;
  readonly events: readonly MemoryEvent[];
  /** Ids of the spans it is linked to. */
  readonly links: readonly string[];
}

export interface MemoryEvent {
  readonly name: string;
  readonly at: number | undefined;
  readonly attributes: Attributes;
}

export interface MemoryTracing {
  readonly provider: TracerProvider;
  /** All spans in the order they were started. */
  spans(): MemorySpan[];
  /** Spans that were started when `limit` was reached, and not kept. */
  readonly dropped: number;
}

/** Hours of conversation; what is beyond is counted only. */
const LIMIT = 10_000;

/** Creates the recorder. @param limit most spans kept, at least 1; default 10,000. */
export function createMemoryTracing(limit = LIMIT): MemoryTracing {
  const kept = new Map<string, RecordedSpan>();
  let count = 0;
  let traces = 0;
  let dropped = 0;

  const startSpan = (name: string, options: SpanOptions = {}, within = contexts.active()): Span => {
    const above = options.root === true ? undefined : trace.getSpanContext(within);
    count += 1;
    const own: SpanContext = {
      traceId: above?.traceId ?? hex((traces += 1), 32),
      spanId: hex(count, 16),
      traceFlags: TraceFlags.SAMPLED,
    };
    const span = new RecordedSpan(name, own, above?.spanId, options);
    if (kept.size < limit) kept.set(own.spanId, span);
    else dropped += 1;
    return span;
  };

  const tracer: Tracer = {
    startSpan,
    startActiveSpan<F extends (span: Span) => unknown>(
      name: string,
      ...rest: [F] | [SpanOptions, F] | [SpanOptions, Context, F]
    ): ReturnType<F> {
      const work = rest.at(-1) as F;
      const options = rest.length > 1 ? (rest[0] as SpanOptions) : {};
      const within = rest.length > 2 ? (rest[1] as Context) : contexts.active();
      const span = startSpan(name, options, within);
      return contexts.with(trace.setSpan(within, span), () => work(span) as ReturnType<F>);
    },
  };

  return {
    provider: { getTracer: () => tracer },
    spans: () => [...kept.values()].map((span) => span.read((id) => kept.get(id)?.name)),
    get dropped() {
      return dropped;
    },
  };
}

class RecordedSpan implements Span {
  readonly #own: SpanContext;
  readonly #above: string | undefined;
  readonly #start: number | undefined;
  readonly #attributes: Attributes;
  readonly #events: MemoryEvent[] = [];
  readonly #links: string[];
  #name: string;
  #status: SpanStatus = { code: SpanStatusCode.UNSET };
  #end: number | undefined;
  #ends = 0;

  constructor(name: string, own: SpanContext, above: string | undefined, options: SpanOptions) {
    this.#name = name;
    this.#own = own;
    this.#above = above;
    this.#start = toMs(options.startTime);
    this.#attributes = { ...options.attributes };
    this.#links = (options.links ?? []).map((link) => link.context.spanId);
  }

  get name(): string {
    return this.#name;
  }

  spanContext(): SpanContext {
    return this.#own;
  }

  isRecording(): boolean {
    return this.#ends === 0;
  }

  setAttribute(key: string, value: Attributes[string]): this {
    return this.setAttributes({ [key]: value });
  }

  setAttributes(attributes: Attributes): this {
    if (this.isRecording()) Object.assign(this.#attributes, attributes);
    return this;
  }

  addEvent(name: string, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): this {
    if (!this.isRecording()) return this;
    const timed = isTime(attributesOrTime);
    const at = toMs(timed ? attributesOrTime : time);
    this.#events.push({ name, at, attributes: timed ? {} : { ...attributesOrTime } });
    return this;
  }

  addLink(link: Link): this {
    return this.addLinks([link]);
  }

  addLinks(links: Link[]): this {
    if (this.isRecording()) this.#links.push(...links.map((link) => link.context.spanId));
    return this;
  }

  setStatus(status: SpanStatus): this {
    if (this.isRecording()) this.#status = status;
    return this;
  }

  updateName(name: string): this {
    if (this.isRecording()) this.#name = name;
    return this;
  }

  end(time?: TimeInput): void {
    if (this.isRecording()) this.#end = toMs(time);
    this.#ends += 1;
  }

  /** The class of what was thrown; its message may hold anything. */
  recordException(exception: unknown, time?: TimeInput): void {
    const type = exception instanceof Error ? exception.name : typeof exception;
    this.addEvent('exception', { 'exception.type': type }, time);
  }

  read(nameOf: (id: string) => string | undefined): MemorySpan {
    const { code, message } = this.#status;
    return {
      id: this.#own.spanId,
      name: this.#name,
      parent: this.#above === undefined ? null : (nameOf(this.#above) ?? this.#above),
      parentId: this.#above ?? null,
      ended: this.#ends > 0,
      ends: this.#ends,
      start: this.#start,
      end: this.#end,
      status: code === SpanStatusCode.ERROR ? 'error' : code === SpanStatusCode.OK ? 'ok' : 'unset',
      message,
      attributes: { ...this.#attributes },
      events: [...this.#events],
      links: [...this.#links],
    };
  }
}

const hex = (value: number, length: number): string => value.toString(16).padStart(length, '0');

const isTime = (value: unknown): value is TimeInput =>
  typeof value === 'number' || value instanceof Date || Array.isArray(value);

function toMs(time: TimeInput | undefined): number | undefined {
  if (time === undefined) return undefined;
  if (typeof time === 'number') return time;
  return time instanceof Date ? time.getTime() : time[0] * 1000 + time[1] / 1_000_000;
}
