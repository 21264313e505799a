/**
 * @module `llm.generation` and `playout.line`: one span for each reply of the model and each line of ours. How much
 * was heard is known only after the reply was made, so a span is held back until then and ended at its true time.
 */
import type { SpanContext } from '@opentelemetry/api';
import type { CallContext, CallEvent, Generation } from '../machines/call/vocabulary.ts';
import { otel } from './api.ts';
import type { OpenSpan, SpanBook } from './spans.ts';
import type { CallStep } from './step.ts';

export interface GenerationParents {
  /** The call's own span: for lines of ours. */
  readonly call: OpenSpan;
  /** The model's connection: for its replies. */
  session(): OpenSpan | undefined;
  describe(): Record<string, string>;
  /** What the vendor counted for a reply, if it has said so. */
  usage?(gen: number): Readonly<Record<string, number>> | undefined;
}

export interface GenerationSpans {
  step(step: CallStep): void;
  /** Where a live generation's span is, for links to it. */
  contextOf(gen: number): SpanContext | undefined;
}

interface Tracked {
  readonly gen: number;
  readonly span: OpenSpan;
  readonly ours: boolean;
  /** Everything had arrived, or it broke or was cut. */
  doneAt: number | undefined;
  reason: string | undefined;
}

export function createGenerationSpans(book: SpanBook, parents: GenerationParents): GenerationSpans {
  const tracked = new Map<number, Tracked>();

  const begin = (step: CallStep, gen: number, request: number | undefined): void => {
    const entry = find(step.context, gen);
    const ours = step.source !== 'session';
    const parent = ours ? parents.call : (parents.session() ?? parents.call);
    const span = book.start(ours ? 'playout.line' : 'llm.generation', step.at, {
      parent,
      ...(ours ? {} : { kind: otel().SpanKind.CLIENT }),
      attributes: {
        'offhook.gen': gen,
        ...(request === undefined ? {} : { 'offhook.request': request }),
        ...(entry ? { 'offhook.kind': entry.kind } : {}),
        ...(ours ? {} : parents.describe()),
      },
    });
    tracked.set(gen, { gen, span, ours, doneAt: undefined, reason: entry ? undefined : 'refused' });
  };

  const close = (entry: Tracked, at: number): void => {
    tracked.delete(entry.gen);
    const usage = entry.ours ? undefined : parents.usage?.(entry.gen);
    entry.span.set({ 'offhook.reason': entry.reason ?? 'dropped', ...usageOf(usage) });
    // A line of ours arrives at once: what takes time is to play it.
    entry.span.end(entry.ours ? at : (entry.doneAt ?? at));
  };

  return {
    contextOf: (gen) => tracked.get(gen)?.span.context,
    step(step) {
      const { event, context, over } = step;
      if (event.type === 'gen.started') begin(step, event.gen, event.request);
      const named = 'gen' in event && event.gen !== undefined ? tracked.get(event.gen) : undefined;
      if (named) note(named, event, step.at);
      for (const entry of tracked.values()) {
        if (entry.doneAt === undefined && isIn(context.cutting, entry.gen)) {
          entry.doneAt = step.at;
          entry.reason = 'cut';
        }
        if (over || !find(context, entry.gen)) close(entry, step.at);
      }
    },
  };
}

/** What a fact says of its generation. */
function note(entry: Tracked, event: CallEvent, at: number): void {
  const { span } = entry;
  const ended = (reason: string): void => {
    entry.doneAt ??= at;
    entry.reason ??= reason;
  };
  switch (event.type) {
    case 'gen.audio':
      span.set({ 'offhook.first_audio_ms': at - span.at });
      break;
    case 'gen.done':
      span.set({ 'offhook.audio_ms': event.audioMs, 'offhook.tools': event.tools });
      if (event.reason === 'failed') span.fail('failed');
      ended(event.reason);
      break;
    case 'gen.failed':
      span.fail(event.code);
      ended('failed');
      break;
    case 'gen.stalled':
      span.fail('stalled');
      ended('stalled');
      break;
    case 'playout.drained':
      span.set({ 'offhook.heard_ms': event.playedMs, 'offhook.heard_method': event.method });
      break;
    case 'playout.cut':
      span.set({
        'offhook.heard_ms': event.playedMs,
        'offhook.heard_method': event.method,
        'offhook.cut': true,
      });
      break;
    default:
  }
}

const isIn = (list: readonly Generation[], gen: number): boolean => list.some((entry) => entry.gen === gen);

/** A generation that may still be heard, or whose cut is still to be confirmed. */
function find(context: CallContext, gen: number): Generation | undefined {
  return [...context.gens, ...context.cutting].find((entry) => entry.gen === gen);
}

function usageOf(usage: Readonly<Record<string, number>> | undefined): Record<string, number> {
  const named: Record<string, number> = {};
  for (const key of ['input_tokens', 'output_tokens']) {
    const count = usage?.[key];
    if (count !== undefined) named[`gen_ai.usage.${key}`] = count;
  }
  return named;
}
