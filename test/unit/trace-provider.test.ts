/** Who gets the spans: the user's provider, a collector, or nobody; and what is said when the SDK is not installed. */
import { isSpanContextValid, trace } from '@opentelemetry/api';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createMemoryTracing } from '../../src/trace/memory.ts';
import { createTracing } from '../../src/trace/provider.ts';

vi.mock('@opentelemetry/exporter-trace-otlp-grpc', () => {
  throw new Error("Cannot find package '@opentelemetry/exporter-trace-otlp-grpc'");
});

afterEach(() => vi.unstubAllEnvs());

describe('createTracing', () => {
  it('records nothing unless it is told where to', async () => {
    vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', '');
    const { tracer, shutdown } = await createTracing();
    expect(isSpanContextValid(tracer.startSpan('a').spanContext())).toBe(false);
    await shutdown();
  });

  it('gives the spans to the provider of the process, also to one that is registered later', async () => {
    vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', '');
    const tracing = await createTracing();
    expect(tracing.isOn()).toBe(false);
    const memory = createMemoryTracing();
    trace.setGlobalTracerProvider(memory.provider);
    try {
      expect(tracing.isOn()).toBe(true);
      tracing.tracer.startSpan('a').end();
      const { tracer, isOn } = await createTracing();
      expect(isOn()).toBe(true);
      tracer.startSpan('b').end();
    } finally {
      trace.disable();
    }
    expect(tracing.isOn()).toBe(false);
    expect(memory.spans()).toMatchObject([{ name: 'a' }, { name: 'b' }]);
  });

  it("gives the spans to the user's provider, endpoint or not, and leaves it running", async () => {
    const memory = createMemoryTracing();
    const shutdown = vi.fn<() => void>();
    const tracerProvider = Object.assign(memory.provider, { shutdown });
    const tracing = await createTracing({ tracerProvider, endpoint: 'http://127.0.0.1:4317' });
    tracing.tracer.startSpan('a').end();
    await tracing.shutdown();
    expect(memory.spans()).toMatchObject([{ name: 'a', ended: true }]);
    expect(shutdown).not.toHaveBeenCalled();
  });

  it('names the command where the SDK is missing', async () => {
    vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', ' http://127.0.0.1:4317 ');
    await expect(createTracing()).rejects.toMatchObject({
      code: 'OFFHOOK_DEPENDENCY_MISSING',
      message: expect.stringContaining(
        'npm install @opentelemetry/sdk-trace @opentelemetry/exporter-trace-otlp-grpc @opentelemetry/resources',
      ) as string,
    });
  });

  it.each(['127.0.0.1:4317', 'grpc://127.0.0.1:4317', 'http://', 'collector'])(
    'refuses the endpoint %s before it loads anything',
    async (endpoint) => {
      await expect(createTracing({ endpoint })).rejects.toMatchObject({ code: 'OFFHOOK_OPTION_INVALID' });
    },
  );
});
