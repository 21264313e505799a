/**
 * @module `llm.session`: one span for each connection to the model, from the order to open it until it is closed or
 * lost. Read from where the session chart stands, so that no way out of a connection is missed.
 */
import type { SessionContext } from '../machines/session/vocabulary.ts';
import type { SessionDescription } from '../providers/contract.ts';
import type { ChartStep } from '../runtime/switchboard.ts';
import { otel } from './api.ts';
import type { OpenSpan, SpanBook } from './spans.ts';

export interface SessionSpans {
  /** The connection that is up or being made. */
  readonly current: OpenSpan | undefined;
  step(step: ChartStep): void;
  /** The call's chart has ended, and its session was stopped with it: the order to close may not have been read. */
  stop(at: number): void;
}

export function createSessionSpans(
  book: SpanBook,
  call: OpenSpan,
  description: () => SessionDescription | undefined,
): SessionSpans {
  let current: { number: number; span: OpenSpan } | undefined;

  const begin = (number: number, at: number): void => {
    const about = description();
    const span = book.start('llm.session', at, {
      parent: call,
      kind: otel().SpanKind.CLIENT,
      attributes: { 'offhook.connection': number, ...describeModel(about) },
    });
    current = { number, span };
  };

  return {
    get current() {
      return current?.span;
    },
    stop(at) {
      current?.span.end(at);
      current = undefined;
    },
    step({ at, event, after }) {
      const context = after.context as SessionContext;
      const number = after.matches({ upkeep: 'connected' }) ? context.connection : 0;
      if (current && current.number !== number) {
        if (!after.matches({ upkeep: 'closed' })) current.span.fail(context.lastCode);
        current.span.end(at);
        current = undefined;
      }
      if (number > 0 && !current) begin(number, at);
      if (event.type === 'session.ready' && current) {
        current.span.set({ 'offhook.ready_ms': at - current.span.at });
      }
    },
  };
}

/** What the semantic conventions have to say about a model; nothing of what it was told. */
export function describeModel(about: SessionDescription | undefined): Record<string, string> {
  if (!about) return {};
  return {
    'gen_ai.system': about.system,
    'gen_ai.request.model': about.model,
    ...(about.voice === undefined ? {} : { 'gen_ai.request.voice': about.voice }),
  };
}
