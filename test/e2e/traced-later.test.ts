/**
 * An agent without a tracer provider of its own gives its calls to that of the process, whenever it was registered: the
 * API of OpenTelemetry is loaded no earlier than that.
 */
import { trace } from '@opentelemetry/api';
import { afterEach, expect, test, vi } from 'vitest';
import { hangUp, waitForAgent } from '../../src/exchange/index.ts';
import { createMemoryTracing } from '../../src/trace/memory.ts';
import { openWorld } from '../world.ts';

afterEach(() => {
  trace.disable();
  vi.unstubAllEnvs();
});

test('calls are traced from the moment on that a provider is registered', async () => {
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', '');
  await using world = await openWorld({ agent: { tracing: {} } });
  const callOnce = async (): Promise<string> => {
    const call = world.dial([waitForAgent(), hangUp()]);
    await world.drive(call.ended);
    return call.id;
  };
  const memory = createMemoryTracing();
  await callOnce();
  trace.setGlobalTracerProvider(memory.provider);
  const traced = await callOnce();
  const calls = memory.spans().filter(({ name }) => name === 'call');
  expect(calls.map(({ ended, attributes }) => ({ ended, id: attributes['call.id'] }))).toEqual([
    { ended: true, id: traced },
  ]);
});
