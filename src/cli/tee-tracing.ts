/**
 * @module Sends every span to two tracers at once: the demo keeps its own for the report, and a collector that the
 * user has set up gets them as from any agent.
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
  type TimeInput,
  trace,
  type Tracer,
  type TracerProvider,
} from '@opentelemetry/api';

/**
 * Joins two tracers. Ids and contexts are the first one's; parents and links are translated for the second.
 * @param first whose ids are seen from outside
 */
export function createTeeProvider(first: Tracer, second: Tracer): TracerProvider {
  const twins = new Map<string, Span>();

  const translate = (within: Context): Context => {
    const above = trace.getSpanContext(within);
    const twin = above && twins.get(above.spanId);
    return twin ? trace.setSpan(within, twin) : within;
  };
  const translateLinks = (links: readonly Link[]): Link[] =>
    links.map((link) => ({
      ...link,
      context: twins.get(link.context.spanId)?.spanContext() ?? link.context,
    }));

  const startSpan = (name: string, options: SpanOptions = {}, within = contexts.active()): Span => {
    const own = first.startSpan(name, options, within);
    const links = options.links && { links: translateLinks(options.links) };
    const twin = second.startSpan(name, { ...options, ...links }, translate(within));
    twins.set(own.spanContext().spanId, twin);
    return new TeeSpan(own, twin, translateLinks);
  };
  const tracer: Tracer = {
    startSpan,
    startActiveSpan<F extends (span: Span) => unknown>(
      name: string,
      ...rest: [F] | [SpanOptions, F] | [SpanOptions, Context, F]
    ): ReturnType<F> {
      // The overloads put the function last, which a rest parameter cannot say.
      const work = rest.at(-1) as F;
      const options = rest.length > 1 ? (rest[0] as SpanOptions) : {};
      const within = rest.length > 2 ? (rest[1] as Context) : contexts.active();
      const span = startSpan(name, options, within);
      return contexts.with(trace.setSpan(within, span), () => work(span) as ReturnType<F>);
    },
  };
  return { getTracer: () => tracer };
}

class TeeSpan implements Span {
  readonly #own: Span;
  readonly #twin: Span;
  readonly #translate: (links: readonly Link[]) => Link[];

  constructor(own: Span, twin: Span, translate: (links: readonly Link[]) => Link[]) {
    this.#own = own;
    this.#twin = twin;
    this.#translate = translate;
  }

  spanContext(): SpanContext {
    return this.#own.spanContext();
  }

  isRecording(): boolean {
    return this.#own.isRecording() || this.#twin.isRecording();
  }

  setAttribute(key: string, value: Attributes[string]): this {
    return this.setAttributes({ [key]: value });
  }

  setAttributes(attributes: Attributes): this {
    return this.#both((span) => span.setAttributes(attributes));
  }

  addEvent(name: string, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): this {
    return this.#both((span) => span.addEvent(name, attributesOrTime, time));
  }

  addLink(link: Link): this {
    return this.addLinks([link]);
  }

  addLinks(links: Link[]): this {
    this.#own.addLinks(links);
    this.#twin.addLinks(this.#translate(links));
    return this;
  }

  setStatus(status: SpanStatus): this {
    return this.#both((span) => span.setStatus(status));
  }

  updateName(name: string): this {
    return this.#both((span) => span.updateName(name));
  }

  end(time?: TimeInput): void {
    this.#own.end(time);
    this.#twin.end(time);
  }

  recordException(exception: Error, time?: TimeInput): void {
    this.#own.recordException(exception, time);
    this.#twin.recordException(exception, time);
  }

  #both(act: (span: Span) => unknown): this {
    act(this.#own);
    act(this.#twin);
    return this;
  }
}
