/**
 * @module The demo's tracing: its spans are kept for the report, and go to the user's collector as well where one is
 * set up.
 */
import { readEnv } from '../env.ts';
import type { TracerProvider } from '@opentelemetry/api';
import { createMemoryTracing, type MemorySpan } from '../trace/memory.ts';
import { createTracing, TRACER_NAME } from '../trace/provider.ts';
import { createTeeProvider } from './tee-tracing.ts';

export interface DemoTracing {
  readonly provider: TracerProvider;
  spans(): MemorySpan[];
  /** Delivers what is left. */
  shutdown(): Promise<void>;
}

/**
 * Creates the demo's tracing. @param virtual in virtual time nothing is sent: a collector lives in real time
 * @throws OffhookError as `createTracing`, for a collector that cannot be sent to
 */
export async function createDemoTracing(virtual: boolean): Promise<DemoTracing> {
  const memory = createMemoryTracing();
  const spans = (): MemorySpan[] => memory.spans();
  if (virtual || readEnv('OTEL_EXPORTER_OTLP_ENDPOINT') === undefined) {
    return { provider: memory.provider, spans, shutdown: () => Promise.resolve() };
  }
  const remote = await createTracing();
  const provider = createTeeProvider(memory.provider.getTracer(TRACER_NAME), remote.tracer);
  return { provider, spans, shutdown: () => remote.shutdown() };
}
