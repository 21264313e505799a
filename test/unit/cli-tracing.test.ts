/**
 * The demo's spans reach two tracers: both have to see the same tree, though each has ids of its own.
 */
import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { createTeeProvider } from '../../src/cli/tee-tracing.ts';
import { createMemoryTracing, type MemorySpan } from '../../src/trace/memory.ts';

const shapeOf = (spans: readonly MemorySpan[]): unknown =>
  spans.map(({ name, parent, ended, end, status, attributes, events, links }) => ({
    name,
    parent,
    ended,
    end,
    status,
    attributes,
    events,
    links: links.map((id) => spans.find((span) => span.id === id)?.name),
  }));

test('two tracers get one tree: parents, links, events, attributes and ends', () => {
  const [first, second] = [createMemoryTracing(), createMemoryTracing()];
  // Ids of the second run ahead, so that no id of one is right for the other by chance.
  second.provider.getTracer('x').startSpan('before').end(0);
  const tee = createTeeProvider(first.provider.getTracer('x'), second.provider.getTracer('x'));
  const tracer = tee.getTracer('offhook');
  const call = tracer.startSpan('call', { startTime: 1, attributes: { a: 1 } }, ROOT_CONTEXT);
  const under = trace.setSpan(ROOT_CONTEXT, call);
  const generation = tracer.startSpan('generation', { startTime: 2 }, under);
  // What is handed on may be the bare context of a span, too.
  const below = trace.setSpanContext(ROOT_CONTEXT, generation.spanContext());
  const links = [{ context: generation.spanContext() }];
  const tool = tracer.startSpan('tool', { startTime: 3, links }, below);
  tool
    .setAttribute('tool.name', 'check_order')
    .addEvent('began', { n: 1 }, 3)
    .setStatus({ code: 2, message: 'no' });
  tool.addLink({ context: call.spanContext() });
  tool.end(4);
  generation.end(5);
  call.updateName('the call').setAttributes({ b: 2 });
  call.end(6);
  expect(call.isRecording()).toBe(false);
  expect(shapeOf(second.spans().slice(1))).toEqual(shapeOf(first.spans()));
  expect(shapeOf(first.spans())).toMatchObject([
    { name: 'the call', parent: null, ended: true, end: 6, attributes: { a: 1, b: 2 } },
    { name: 'generation', parent: 'the call', ended: true },
    { name: 'tool', parent: 'generation', status: 'error', links: ['generation', 'the call'] },
  ]);
});
