/**
 * Spans of a call reach a collector over OTLP/gRPC, through the vendor's own exporter and a real socket. Nothing is
 * waited for but the delivery itself: the exporter's batch timer never gets to fire.
 */
import {
  Server,
  ServerCredentials,
  status,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { afterEach, expect, it, vi } from 'vitest';
import { createTracing } from '../../src/trace/provider.ts';
import type { Logger } from '../../src/runtime/logger.ts';
import { createRig } from '../unit/trace-rig.ts';
import { readTraces } from './otlp-wire.ts';

const bytes = (value: Buffer): Buffer => value;
const SERVICE: ServiceDefinition = {
  Export: {
    path: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
    requestStream: false,
    responseStream: false,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
  },
};

const running: Server[] = [];

afterEach(() => {
  vi.unstubAllEnvs();
  for (const server of running.splice(0)) server.forceShutdown();
});

/** A collector that keeps what it is sent, or refuses it. */
async function collect(refusal?: status): Promise<{ url: string; bodies: Buffer[] }> {
  const bodies: Buffer[] = [];
  const server = new Server();
  const service: UntypedServiceImplementation = {
    Export: (call: { request: Buffer }, reply: (error: object | null, body?: Buffer) => void) => {
      bodies.push(call.request);
      if (refusal === undefined) reply(null, Buffer.alloc(0));
      else reply({ code: refusal });
    },
  };
  server.addService(SERVICE, service);
  running.push(server);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return { url: `http://127.0.0.1:${port}`, bodies };
}

it('delivers the spans of a call, under one service, with the times of the call', async () => {
  const { url, bodies } = await collect();
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', url);
  vi.stubEnv('OTEL_RESOURCE_ATTRIBUTES', 'deployment.environment.name=test');
  const { tracer, shutdown } = await createTracing({ version: '9.9.9' });
  const rig = createRig({ tracer });
  rig.clock.advance(1_000);
  rig.open();
  const gen = rig.begin();
  rig.model({ type: 'tool.call', gen, call: 'c1', name: 'check_order' });
  rig.clock.advance(250);
  rig.tool('c1', true);
  rig.done(gen, 0, 1);
  rig.hangup();
  expect(rig.trace.open).toBe(0);
  await shutdown();
  await shutdown();

  expect(bodies).toHaveLength(1);
  const { resource, scope, spans } = readTraces(bodies[0]!);
  expect(resource).toMatchObject({ 'service.name': 'offhook', 'deployment.environment.name': 'test' });
  expect(scope).toEqual({ name: 'offhook', version: '9.9.9' });
  expect(spans.map((span) => span.name).sort()).toEqual([
    'call',
    'llm.generation',
    'llm.session',
    'tool.call',
  ]);
  const [call, session, generation, tool] = ['call', 'llm.session', 'llm.generation', 'tool.call'].map(
    (name) => spans.find((span) => span.name === name)!,
  );
  expect(call!.parentId).toBe('');
  expect(session!.parentId).toBe(call!.id);
  expect(generation!.parentId).toBe(session!.id);
  expect(tool!.parentId).toBe(call!.id);
  expect(tool!.links).toEqual([generation!.id]);
  expect(new Set(spans.map((span) => span.traceId)).size).toBe(1);
  expect(call!.startMs).toBe(rig.clock.epoch);
  expect(call!.endMs).toBe(rig.clock.epoch + 1_250);
  expect([tool!.startMs, tool!.endMs]).toEqual([rig.clock.epoch + 1_000, rig.clock.epoch + 1_250]);
  expect(call!.attributes).toMatchObject({ 'call.id': 'CA1', 'call.status': 'completed' });
  expect(tool!.attributes).toMatchObject({ 'tool.name': 'check_order', 'tool.source': 'local' });
  expect(call!.events).toContain('the other side hung up');
});

it('keeps every event of a long call, where the SDK would keep the last 128', async () => {
  const { url, bodies } = await collect();
  const { tracer, shutdown } = await createTracing({ endpoint: url });
  const rig = createRig({ tracer });
  rig.open();
  for (let n = 0; n < 200; n += 1) {
    rig.model({ type: 'voice.start' });
    rig.model({ type: 'voice.stop' });
  }
  rig.hangup();
  await shutdown();
  const { spans } = readTraces(bodies[0]!);
  expect(spans.find((span) => span.name === 'call')?.events.length).toBeGreaterThan(400);
});

it('ends quietly where the collector refuses, and says so in the log', async () => {
  const { url, bodies } = await collect(status.PERMISSION_DENIED);
  const warn = vi.fn<Logger['warn']>();
  const logger: Logger = { debug() {}, info() {}, warn, error() {} };
  const { tracer, shutdown } = await createTracing({ endpoint: url, logger });
  tracer.startSpan('call').end();
  await shutdown();
  expect(bodies).toHaveLength(1);
  expect(warn).toHaveBeenCalledOnce();
  expect(JSON.stringify(warn.mock.calls)).not.toContain(url);
});
