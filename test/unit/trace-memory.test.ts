/** The recorder that needs no SDK keeps to the OpenTelemetry API: what libraries do to spans must show in it. */
import { ROOT_CONTEXT, SpanStatusCode, trace } from '@opentelemetry/api';
import { describe, expect, it } from 'vitest';
import { createMemoryTracing } from '../../src/trace/memory.ts';

const start = (limit?: number) => {
  const memory = createMemoryTracing(limit);
  return { memory, tracer: memory.provider.getTracer('test') };
};

describe('createMemoryTracing', () => {
  it('keeps spans in order, with the name of what is above them', () => {
    const { memory, tracer } = start();
    const root = tracer.startSpan('root', { attributes: { a: 1 }, startTime: [1_700_000_000, 500_000_000] });
    const child = tracer.startSpan('child', { startTime: new Date(7) }, trace.setSpan(ROOT_CONTEXT, root));
    child.setAttribute('b', 'two').setAttributes({ c: true });
    child.addEvent('timed', [2, 0]);
    child.addEvent('described', { d: 4 }, 3_000);
    child.addLink({ context: root.spanContext() });
    child.setStatus({ code: SpanStatusCode.ERROR, message: 'why' });
    child.end(9);
    expect(child.spanContext().traceId).toBe(root.spanContext().traceId);
    expect(memory.spans()).toMatchObject([
      {
        name: 'root',
        parent: null,
        parentId: null,
        ended: false,
        ends: 0,
        start: 1_700_000_000_500,
        attributes: { a: 1 },
      },
      {
        name: 'child',
        parent: 'root',
        parentId: root.spanContext().spanId,
        ended: true,
        ends: 1,
        start: 7,
        end: 9,
        status: 'error',
        message: 'why',
        attributes: { b: 'two', c: true },
        events: [
          { name: 'timed', at: 2_000, attributes: {} },
          { name: 'described', at: 3_000, attributes: { d: 4 } },
        ],
        links: [root.spanContext().spanId],
      },
    ]);
  });

  it('changes nothing after the end, and shows a second end', () => {
    const { memory, tracer } = start();
    const span = tracer.startSpan('once');
    span.end(1);
    span.setAttribute('late', 1);
    span.addEvent('late');
    span.updateName('late');
    span.setStatus({ code: SpanStatusCode.ERROR });
    span.end(2);
    expect(span.isRecording()).toBe(false);
    expect(memory.spans()).toMatchObject([
      { name: 'once', end: 1, ends: 2, status: 'unset', attributes: {}, events: [] },
    ]);
  });

  it('gives valid ids, the same in every run, and roots a trace of their own', () => {
    const ids = () => {
      const { tracer } = start();
      const root = tracer.startSpan('a');
      const other = tracer.startSpan('b', { root: true }, trace.setSpan(ROOT_CONTEXT, root));
      return [root.spanContext(), other.spanContext()];
    };
    const [a, b] = ids();
    expect(trace.isSpanContextValid(a!)).toBe(true);
    expect(a!.traceId).not.toBe(b!.traceId);
    expect(ids()).toEqual([a, b]);
  });

  it('runs work within a span in each of the three ways', () => {
    const { memory, tracer } = start();
    const root = tracer.startSpan('root');
    const within = trace.setSpan(ROOT_CONTEXT, root);
    expect(tracer.startActiveSpan('one', (span) => span.isRecording())).toBe(true);
    expect(tracer.startActiveSpan('two', { attributes: { x: 1 } }, () => 2)).toBe(2);
    expect(tracer.startActiveSpan('three', {}, within, () => 'x')).toBe('x');
    expect(memory.spans().map((span) => [span.name, span.parent])).toEqual([
      ['root', null],
      ['one', null],
      ['two', null],
      ['three', 'root'],
    ]);
  });

  it('keeps the class of what was thrown, and not its words', () => {
    const { memory, tracer } = start();
    tracer.startSpan('a').recordException(new TypeError('07055551234'));
    expect(memory.spans()[0]?.events).toMatchObject([{ attributes: { 'exception.type': 'TypeError' } }]);
    expect(JSON.stringify(memory.spans())).not.toContain('0705');
  });

  it('is bounded', () => {
    const { memory, tracer } = start(2);
    for (let n = 0; n < 5; n += 1) tracer.startSpan(`s${n}`).end();
    expect(memory.spans().map((span) => span.name)).toEqual(['s0', 's1']);
    expect(memory.dropped).toBe(3);
  });
});
