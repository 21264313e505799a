/**
 * @module `tool.call` and `call.transfer`: work that the call waits for while others do it. Both are read from what
 * the chart remembers, so that work which nobody finishes is ended with the state that gave it up.
 */
import type { SpanContext } from '@opentelemetry/api';
import type { OpenSpan, SpanBook } from './spans.ts';
import type { CallStep } from './step.ts';

export interface StepSpans {
  step(step: CallStep): void;
}

export interface ToolSpanOptions {
  readonly call: OpenSpan;
  generation(gen: number): SpanContext | undefined;
  source(name: string): string;
}

/** Links instead of parents, since a tool outlives the reply that called it, and the connection too. */
export function createToolSpans(book: SpanBook, options: ToolSpanOptions): StepSpans {
  const running = new Map<string, OpenSpan>();
  const end = (call: string, span: OpenSpan, at: number, ok: boolean, reason?: string): void => {
    running.delete(call);
    span.set({
      'tool.ok': ok,
      'tool.duration_ms': at - span.at,
      ...(reason === undefined ? {} : { 'offhook.reason': reason }),
    });
    span.end(at);
  };
  return {
    step(step) {
      const { event } = step;
      const runs = step.context.tools.filter((run) => run.status === 'running');
      if (event.type === 'tool.call' && runs.some((run) => run.call === event.call)) {
        const span = book.start('tool.call', step.at, {
          parent: options.call,
          link: options.generation(event.gen),
          attributes: {
            'tool.name': event.name,
            'tool.source': options.source(event.name),
            'offhook.gen': event.gen,
          },
        });
        running.set(event.call, span);
      }
      if (event.type === 'tool.done') {
        const span = running.get(event.call);
        if (span && !event.ok) span.fail('failed');
        if (span) end(event.call, span, step.at, event.ok);
      }
      for (const [call, span] of running) {
        if (step.over) end(call, span, step.at, false, 'hangup');
        else if (!runs.some((run) => run.call === call)) {
          span.fail('lost');
          end(call, span, step.at, false, 'lost');
        }
      }
    },
  };
}

export interface TransferSpanOptions {
  readonly call: OpenSpan;
  /** Puts an event on a span, within the call's limit. */
  event(span: OpenSpan, name: string, at: number): void;
  /** Why the chart moved in this step. */
  why(): string | undefined;
}

const PROGRESS: ReadonlySet<string> = new Set(['target.answered', 'target.accepted', 'transfer.bridged']);

/** From the request until its result, the agent's return, or the end of the call: one at a time. */
export function createTransferSpans(book: SpanBook, options: TransferSpanOptions): StepSpans {
  let open: { request: string; span: OpenSpan } | undefined;
  const end = (at: number, result: string, error?: string): void => {
    if (!open) return;
    open.span.set({ 'transfer.result': result, 'transfer.duration_ms': at - open.span.at });
    if (error !== undefined) open.span.fail(error);
    open.span.end(at);
    open = undefined;
  };
  return {
    step(step) {
      const { event } = step;
      const { transfer, outcome } = step.context;
      if (event.type === 'transfer.requested' && transfer?.request === event.request && !open) {
        const attributes = { 'transfer.id': event.request, 'transfer.after': event.after };
        open = {
          request: event.request,
          span: book.start('call.transfer', step.at, { parent: options.call, attributes }),
        };
      }
      if (!open) return;
      const named = 'request' in event && event.request === open.request;
      if (named && PROGRESS.has(event.type)) options.event(open.span, event.type, step.at);
      if (named && event.type === 'transfer.completed') return end(step.at, 'completed');
      if (named && event.type === 'transfer.failed') return end(step.at, 'failed', event.reason);
      if (!transfer) return end(step.at, 'returned', options.why() ?? 'returned');
      if (!step.going) end(step.at, outcome.status === 'transferred' ? 'transferred' : 'ended');
      return undefined;
    },
  };
}
