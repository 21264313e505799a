/**
 * The trace of a call, drawn by the real charts: which spans there are, under what, from when to when. A trace that
 * tells of another time than the call's own, or that leaves a span open for ever, is worse than none.
 */
import { ROOT_CONTEXT, trace as api, type Tracer } from '@opentelemetry/api';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { describe, expect, it } from 'vitest';
import { createVirtualClock } from '../../src/testing/virtual-clock.ts';
import { createCallTrace, MAX_SPAN_EVENTS } from '../../src/trace/call-trace.ts';
import type { MemorySpan } from '../../src/trace/memory.ts';
import { createRig, DESCRIPTION, FROM, type Rig, TO, treeOf } from './trace-rig.ts';

const EPOCH = createVirtualClock().epoch;
const period = (span: MemorySpan) => [(span.start ?? 0) - EPOCH, (span.end ?? 0) - EPOCH];

/** What holds of every call that came to its end by itself. */
function expectClosed(rig: Rig): void {
  expect(rig.over).toBe(true);
  expect(rig.trace.open).toBe(0);
  expect(rig.trace.faults).toBe(0);
  for (const span of rig.spans()) {
    expect({ name: span.name, ends: span.ends, message: span.message }).not.toMatchObject({
      message: 'unfinished',
    });
    expect({ name: span.name, ends: span.ends }).toEqual({ name: span.name, ends: 1 });
    expect(span.end).toBeGreaterThanOrEqual(span.start ?? Number.NaN);
  }
}

/** Answered at 1,000 ms, and the model speaks from then on. */
function speaking(options: Parameters<typeof createRig>[0] = {}): { rig: Rig; gen: number } {
  const rig = createRig(options);
  rig.clock.advance(1_000);
  rig.open();
  const gen = rig.begin();
  rig.model({ type: 'gen.audio', gen });
  return { rig, gen };
}

describe('the span tree', () => {
  it('of a call with a greeting, a tool and a caller who hangs up', () => {
    const rig = createRig({ policy: { greeting: 'open' }, toolSource: () => 'mcp' });
    rig.clock.advance(1_000);
    rig.open();
    const greeting = rig.begin();
    rig.clock.advance(300);
    rig.model({ type: 'gen.audio', gen: greeting });
    rig.clock.advance(200);
    rig.done(greeting, 1_200);
    rig.clock.advance(1_000);
    rig.drained(greeting, 1_200);
    rig.model({ type: 'turn.committed', turn: 't1', chars: 9 });
    const asks = rig.begin();
    rig.model({ type: 'tool.call', gen: asks, call: 'c1', name: 'check_order' });
    rig.done(asks, 0, 1);
    rig.clock.advance(2_000);
    rig.tool('c1', true);
    const answer = rig.begin();
    rig.model({ type: 'gen.audio', gen: answer });
    rig.done(answer, 700);
    rig.clock.advance(700);
    rig.drained(answer, 700);
    rig.hangup();

    expectClosed(rig);
    expect(treeOf(rig.spans())).toEqual([
      '- > call',
      'call > llm.session',
      'llm.session > llm.generation',
      'llm.session > llm.generation',
      'call > tool.call',
      'llm.session > llm.generation',
    ]);
    const [first, second] = rig.named('llm.generation');
    expect(period(first!)).toEqual([1_000, 1_500]);
    expect(first!.attributes).toEqual({
      'offhook.gen': 1,
      'offhook.request': 1,
      'offhook.kind': 'greeting',
      'gen_ai.system': 'openai',
      'gen_ai.request.model': 'gpt-realtime-2',
      'gen_ai.request.voice': 'marin',
      'offhook.first_audio_ms': 300,
      'offhook.audio_ms': 1_200,
      'offhook.tools': 0,
      'offhook.reason': 'completed',
      'offhook.heard_ms': 1_200,
      'offhook.heard_method': 'mark',
    });
    const tool = rig.only('tool.call');
    expect(period(tool)).toEqual([2_500, 4_500]);
    expect(tool.links).toEqual([second!.id]);
    expect(tool.attributes).toEqual({
      'tool.name': 'check_order',
      'tool.source': 'mcp',
      'offhook.gen': 2,
      'tool.ok': true,
      'tool.duration_ms': 2_000,
    });
    expect(tool.status).toBe('unset');
    const session = rig.only('llm.session');
    expect(period(session)).toEqual([0, 5_200]);
    expect(session.attributes).toMatchObject({ 'offhook.connection': 1, 'offhook.ready_ms': 1_000 });
    expect(session.status).toBe('unset');
    const call = rig.only('call');
    expect(period(call)).toEqual([0, 5_200]);
    expect(call.attributes).toEqual({
      'call.id': 'CA1',
      'call.direction': 'inbound',
      'call.transport': 'clawops',
      'call.status': 'completed',
      'call.ended_by': 'caller',
      'call.reason': 'hangup',
      'call.duration_ms': 4_200,
    });
    expect(call.status).toBe('unset');
  });

  it('keeps how much was heard of a reply that was cut, and when it was cut', () => {
    const { rig } = speaking();
    rig.clock.advance(400);
    rig.heard(260);
    rig.model({ type: 'voice.start' });
    rig.clock.advance(100);
    const span = rig.only('llm.generation');
    expect(period(span)).toEqual([1_000, 1_400]);
    expect(span.attributes).toMatchObject({
      'offhook.reason': 'cut',
      'offhook.cut': true,
      'offhook.heard_ms': 260,
      'offhook.heard_method': 'exact',
    });
    rig.hangup();
    expectClosed(rig);
  });

  it('tells a reply that was complete when it was cut from one that was not', () => {
    const { rig, gen } = speaking();
    rig.clock.advance(100);
    rig.done(gen, 5_000);
    rig.clock.advance(900);
    rig.heard(990);
    rig.model({ type: 'voice.start' });
    const span = rig.only('llm.generation');
    expect(period(span)).toEqual([1_000, 1_100]);
    expect(span.attributes).toMatchObject({
      'offhook.reason': 'completed',
      'offhook.cut': true,
      'offhook.heard_ms': 990,
    });
  });

  it('has lines of ours under the call, for as long as they play', () => {
    const rig = createRig();
    rig.clock.advance(1_000);
    rig.leg({ type: 'leg.answered' });
    rig.clock.advance(4_000);
    rig.clock.advance(900);
    rig.drained(1, 900);
    const line = rig.only('playout.line');
    expect(line.parent).toBe('call');
    expect(period(line)).toEqual([5_000, 5_900]);
    expect(line.attributes).toMatchObject({ 'offhook.kind': 'one-moment', 'offhook.heard_ms': 900 });
    expect(line.attributes).not.toHaveProperty('gen_ai.system');
    rig.hangup();
    expectClosed(rig);
  });

  it('has one session for each connection, and replies under their own', () => {
    const { rig } = speaking();
    rig.clock.advance(500);
    rig.model({ type: 'session.lost', code: 'closed_1006', retryable: true });
    rig.clock.advance(250);
    rig.model({ type: 'session.ready' });
    const second = rig.begin();
    rig.model({ type: 'gen.failed', gen: second, code: 'server_error' });
    rig.hangup();
    expectClosed(rig);
    const sessions = rig.named('llm.session');
    expect(sessions.map((span) => [span.status, span.message, ...period(span)])).toEqual([
      ['error', 'closed_1006', 0, 1_500],
      ['unset', undefined, 1_750, 1_750],
    ]);
    const generations = rig.named('llm.generation');
    expect(generations.map((span) => span.parentId)).toEqual(sessions.map((span) => span.id));
    expect(generations[1]).toMatchObject({ status: 'error', message: 'server_error' });
  });

  it('names a connection that never got ready', () => {
    const rig = createRig();
    rig.clock.advance(10_000);
    expect(rig.named('llm.session')[0]).toMatchObject({ status: 'error', message: 'OFFHOOK_SESSION_FAILED' });
  });

  it('takes no notice of what is stale', () => {
    const { rig, gen } = speaking();
    rig.model({ type: 'tool.call', gen, call: 'c1', name: 'check_order' });
    rig.leg({ type: 'gen.started', gen });
    rig.done(gen, 1_000, 1);
    rig.clock.advance(500);
    rig.model({ type: 'gen.started', gen });
    rig.model({ type: 'tool.call', gen, call: 'c1', name: 'check_order' });
    rig.done(gen, 9_000);
    rig.drained(gen);
    rig.drained(gen, 5);
    rig.model({ type: 'gen.failed', gen, code: 'late' });
    rig.hangup();
    expectClosed(rig);
    expect(rig.named('playout.line')).toEqual([]);
    expect(rig.named('tool.call')).toHaveLength(1);
    expect(rig.only('llm.generation')).toMatchObject({
      status: 'unset',
      attributes: { 'offhook.heard_ms': 1_000 },
    });
  });

  it('marks a stalled reply and a tool that failed', () => {
    const { rig, gen } = speaking();
    rig.model({ type: 'tool.call', gen, call: 'c1', name: 'check_order' });
    rig.model({ type: 'gen.stalled', gen });
    rig.tool('c1', false);
    rig.hangup();
    expectClosed(rig);
    expect(rig.only('llm.generation')).toMatchObject({ status: 'error', message: 'stalled' });
    expect(rig.only('tool.call')).toMatchObject({
      status: 'error',
      message: 'failed',
      attributes: { 'tool.ok': false },
    });
  });

  it('has what the vendor counted for a reply', () => {
    const usage = { input_tokens: 120, output_tokens: 34, 'input_token_details.audio_tokens': 100 };
    const { rig, gen } = speaking({ usage: () => usage });
    rig.done(gen);
    rig.drained(gen);
    const { attributes } = rig.only('llm.generation');
    expect(attributes).toMatchObject({ 'gen_ai.usage.input_tokens': 120, 'gen_ai.usage.output_tokens': 34 });
    expect(Object.keys(attributes).filter((key) => key.includes('details'))).toEqual([]);
  });
});

describe('a transfer', () => {
  const REQUEST = { type: 'transfer.requested', request: 'r1', after: 'return' };

  function transferring(after: 'return' | 'terminate' = 'return'): Rig {
    const { rig } = speaking();
    rig.clock.advance(500);
    rig.send({ ...REQUEST, after });
    return rig;
  }

  it('lasts from the request to the result, with its steps', () => {
    const rig = transferring();
    rig.clock.advance(2_000);
    rig.leg({ type: 'target.answered', request: 'r1' });
    rig.leg({ type: 'transfer.bridged', request: 'r1' });
    rig.clock.advance(3_000);
    rig.leg({ type: 'transfer.completed', request: 'r1' });
    const span = rig.only('call.transfer');
    expect(span.parent).toBe('call');
    expect(period(span)).toEqual([1_500, 6_500]);
    expect(span.events.map((event) => [event.name, (event.at ?? 0) - EPOCH])).toEqual([
      ['target.answered', 3_500],
      ['transfer.bridged', 3_500],
    ]);
    expect(span.attributes).toEqual({
      'transfer.id': 'r1',
      'transfer.after': 'return',
      'transfer.result': 'completed',
      'transfer.duration_ms': 5_000,
    });
    rig.hangup();
    expectClosed(rig);
  });

  it('that fails says why', () => {
    const rig = transferring();
    rig.leg({ type: 'transfer.failed', request: 'r1', reason: 'busy' });
    expect(rig.only('call.transfer')).toMatchObject({ ended: true, status: 'error', message: 'busy' });
  });

  it('that nobody answers ends when the agent is back', () => {
    const rig = transferring();
    rig.clock.advance(65_000);
    expect(rig.only('call.transfer')).toMatchObject({
      ended: true,
      status: 'error',
      message: 'the target does not answer',
      attributes: { 'transfer.result': 'returned' },
    });
  });

  it('that nobody answers keeps that reason where the session was lost meanwhile', () => {
    const rig = transferring();
    rig.model({ type: 'session.lost', code: 'closed_1006', retryable: false });
    rig.clock.advance(65_000);
    expect(rig.only('call.transfer').message).toBe('the target does not answer');
  });

  it('that handed the caller over ends with the call, and is no error', () => {
    const rig = transferring('terminate');
    rig.leg({ type: 'leg.mediaStopped', epoch: 1, expected: true });
    rig.clock.advance(5_000);
    rig.hangup();
    expectClosed(rig);
    expect(rig.only('call.transfer')).toMatchObject({
      status: 'unset',
      attributes: { 'transfer.result': 'transferred' },
    });
    expect(rig.only('call').attributes).toMatchObject({ 'call.status': 'transferred' });
  });

  it('that the caller does not wait for ends with the call', () => {
    const rig = transferring();
    rig.hangup();
    expectClosed(rig);
    expect(rig.only('call.transfer').attributes).toMatchObject({ 'transfer.result': 'ended' });
  });

  it('refuses what the model begins meanwhile, and the trace says so', () => {
    const rig = transferring();
    rig.clock.advance(100);
    rig.begin();
    const refused = rig.named('llm.generation')[1]!;
    expect(period(refused)).toEqual([1_600, 1_600]);
    expect(refused.attributes).toMatchObject({ 'offhook.reason': 'refused' });
    rig.hangup();
    expectClosed(rig);
  });
});

describe('events of the call', () => {
  it('are the reasons of its transitions, at their time, with what set them off', () => {
    const { rig } = speaking();
    rig.clock.advance(250);
    rig.model({ type: 'voice.start' });
    const events = rig.only('call').events;
    expect(events).toContainEqual({
      name: 'barge-in: the caller has the floor',
      at: EPOCH + 1_250,
      attributes: {
        'offhook.chart': 'call',
        'offhook.state': 'live.dialogue.conversing.listening',
        'offhook.event': 'voice.start',
      },
    });
    expect(events).toContainEqual({
      name: 'it answers',
      at: EPOCH + 1_000,
      attributes: {
        'offhook.chart': 'session',
        'offhook.state': 'upkeep.connected.ready',
        'offhook.event': 'session.ready',
      },
    });
  });

  it('name a request that was refused, which has no span', () => {
    const rig = createRig({ policy: { greeting: 'open' } });
    rig.open();
    rig.model({ type: 'gen.failed', request: rig.requests[0]!, code: 'rate_limit' });
    expect(rig.only('call').events).toContainEqual({
      name: 'request refused',
      at: EPOCH,
      attributes: { 'offhook.request': 1, 'offhook.code': 'rate_limit' },
    });
  });

  it('are bounded, and what is beyond is counted', () => {
    const { rig } = speaking();
    for (let n = 0; n < MAX_SPAN_EVENTS; n += 1) {
      rig.model({ type: 'voice.start' });
      rig.model({ type: 'voice.stop' });
    }
    rig.hangup();
    expectClosed(rig);
    const { events, attributes } = rig.only('call');
    expect(events).toHaveLength(MAX_SPAN_EVENTS);
    expect(attributes['offhook.events_dropped']).toBeGreaterThan(MAX_SPAN_EVENTS);
  });
});

describe('privacy', () => {
  const spoken = (rig: Rig): string => JSON.stringify(rig.spans());

  it('keeps numbers out', () => {
    const { rig } = speaking();
    rig.hangup();
    expect(spoken(rig)).not.toContain(FROM);
    expect(spoken(rig)).not.toContain(TO);
  });

  it('puts them under a pii key when opened', () => {
    const { rig } = speaking({ pii: true });
    rig.hangup();
    expect(rig.only('call').attributes).toMatchObject({ 'call.pii.from': FROM, 'call.pii.to': TO });
    for (const span of rig.spans()) {
      for (const [key, value] of Object.entries(span.attributes)) {
        if (value === FROM || value === TO) expect(key.split('.')).toContain('pii');
      }
    }
  });
});

describe('the end', () => {
  it('closes the tree even where everything is over within one step', () => {
    const { rig, gen } = speaking();
    rig.model({ type: 'tool.call', gen, call: 'c1', name: 'check_order' });
    rig.leg({ type: 'leg.ended', status: 'completed', durationMs: 1 });
    rig.leg({ type: 'leg.hangup', by: 'caller', status: 'completed' });
    expectClosed(rig);
    expect(rig.only('tool.call').attributes).toMatchObject({ 'tool.ok': false, 'offhook.reason': 'hangup' });
    expect(rig.only('llm.generation').attributes).toMatchObject({ 'offhook.reason': 'cut' });
  });

  it('ends a tool that may finish after the caller has gone', () => {
    const { rig, gen } = speaking();
    rig.model({ type: 'tool.call', gen, call: 'c1', name: 'book' });
    rig.hangup();
    expect(rig.over).toBe(false);
    rig.clock.advance(3_000);
    rig.tool('c1', true);
    expectClosed(rig);
    expect(period(rig.only('tool.call'))).toEqual([1_000, 4_000]);
    expect(period(rig.only('llm.session'))).toEqual([0, 1_000]);
  });

  it('marks what a call that was torn down left open', () => {
    const { rig } = speaking();
    rig.clock.advance(100);
    rig.trace.end({ status: 'failed', endedBy: 'runtime', reason: 'fault' });
    rig.trace.end({ status: 'completed', endedBy: 'caller', reason: 'hangup' });
    rig.hangup();
    expect(rig.trace.open).toBe(0);
    expect(rig.only('call')).toMatchObject({ ends: 1, status: 'error', message: 'fault' });
    expect(rig.only('llm.session')).toMatchObject({ ends: 1, status: 'error', message: 'unfinished' });
    expect(rig.only('llm.generation')).toMatchObject({ ends: 1, status: 'error', message: 'unfinished' });
    expect(rig.spans().map((span) => (span.end ?? 0) - EPOCH)).toEqual([1_100, 1_100, 1_100]);
  });

  it('counts from the answer, and prefers the duration it is given', () => {
    const unanswered = createRig({ direction: 'outbound' });
    unanswered.clock.advance(3_000);
    unanswered.leg({ type: 'leg.hangup', by: 'platform', status: 'busy' });
    unanswered.leg({ type: 'leg.ended', status: 'busy', durationMs: 0 });
    expectClosed(unanswered);
    expect(unanswered.only('call').attributes).toMatchObject({
      'call.duration_ms': 0,
      'call.status': 'busy',
    });
    const { rig } = speaking();
    rig.trace.end({ status: 'completed', endedBy: 'agent', reason: 'agent', duration: 77 });
    expect(rig.only('call').attributes).toMatchObject({ 'call.duration_ms': 77 });
  });
});

describe('a tracer', () => {
  it('of the SDK gets the times of the call, though its clock started in 1970', async () => {
    const exporter = new InMemorySpanExporter();
    const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
    const { rig, gen } = speaking({ tracer: provider.getTracer('test'), epoch: 0 });
    rig.clock.advance(1_234.567);
    rig.done(gen);
    rig.drained(gen);
    rig.hangup();
    const spans = exporter.getFinishedSpans();
    expect(spans.map((span) => span.name)).toEqual(['llm.generation', 'llm.session', 'call']);
    const [generation, session, call] = spans;
    expect(call!.startTime).toEqual([0, 0]);
    expect(generation!.startTime).toEqual([1, 0]);
    expect(generation!.endTime[0]).toBe(2);
    expect(generation!.endTime[1] / 1_000_000).toBeCloseTo(234.567, 3);
    expect(generation!.parentSpanContext?.spanId).toBe(session!.spanContext().spanId);
    expect(session!.parentSpanContext?.spanId).toBe(call!.spanContext().spanId);
    expect(call!.parentSpanContext).toBeUndefined();
    expect(new Set(spans.map((span) => span.spanContext().traceId)).size).toBe(1);
    await provider.shutdown();
  });

  it('that throws does not disturb the call', () => {
    const fail = (): never => {
      throw new Error('broken');
    };
    const context = { traceId: '1'.repeat(32), spanId: '1'.repeat(16), traceFlags: 1 };
    const span = api.wrapSpanContext(context);
    const broken = Object.assign(Object.create(span) as typeof span, {
      setAttributes: fail,
      addEvent: fail,
      setStatus: fail,
      end: fail,
    });
    const tracers: Tracer[] = [
      { startSpan: fail, startActiveSpan: fail },
      { startSpan: () => broken, startActiveSpan: fail },
    ];
    for (const tracer of tracers) {
      const { rig } = speaking({ tracer });
      rig.hangup();
      expect(rig.over).toBe(true);
      expect(rig.trace.faults).toBeGreaterThan(0);
      expect(rig.trace.open).toBe(0);
    }
  });

  it('that records nothing is given nothing', () => {
    const trace = createCallTrace({
      tracer: api.getTracer('nobody registered one'),
      call: { id: 'CA1', from: FROM, to: TO, direction: 'inbound' },
      clock: createVirtualClock(),
      description: () => DESCRIPTION,
      pii: true,
    });
    expect(trace.watcher).toEqual({});
    trace.end({ status: 'completed', endedBy: 'caller', reason: 'hangup' });
    expect(trace.open).toBe(0);
  });

  it('is never asked for the context that happens to be active', () => {
    const seen: unknown[] = [];
    const tracer: Tracer = {
      startSpan(_name, _options, context) {
        seen.push(context);
        return api.wrapSpanContext({ traceId: '1'.repeat(32), spanId: '1'.repeat(16), traceFlags: 1 });
      },
      startActiveSpan: () => {
        throw new Error('not used');
      },
    };
    const { rig } = speaking({ tracer });
    rig.hangup();
    expect(seen[0]).toBe(ROOT_CONTEXT);
    expect(seen).not.toContain(undefined);
  });
});
