/**
 * @module Where spans go: to the user's provider, else over OTLP/gRPC if `OTEL_EXPORTER_OTLP_ENDPOINT` is set, else
 * to whatever the process has registered, by default nothing. The exporter's batches and deadlines run on real
 * timers, the only ones beside our clock; a program in virtual time brings a provider with a SimpleSpanProcessor.
 */
import type { Tracer, TracerProvider } from '@opentelemetry/api';
import type { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import type { Resource } from '@opentelemetry/resources';
import type {
  BatchSpanProcessor,
  SpanExporter,
  TracerProvider as SdkProvider,
} from '@opentelemetry/sdk-trace';
import { readEnv } from '../env.ts';
import { OffhookError } from '../errors.ts';
import { type Logger, silentLogger } from '../runtime/logger.ts';
import { nameOf } from '../runtime/scope.ts';
import { trackWork } from '../runtime/work.ts';
import { hasGlobalProvider, otel } from './api.ts';
import { MAX_SPAN_EVENTS } from './call-trace.ts';

/** The name of the instrumentation scope. */
export const TRACER_NAME = 'offhook';

/**
 * A collector stands beside the program and answers in milliseconds. One that is gone must not hold up the end of
 * the program for the SDK's half minute.
 */
const EXPORT_TIMEOUT = 5_000;

export interface TracingSetup {
  /** The user's own; it is never shut down here. Beats the endpoint. */
  readonly tracerProvider?: TracerProvider;
  /** `http://host:4317` or `https://…`. Default: the variable OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly endpoint?: string;
  /** Version of the instrumentation scope. */
  readonly version?: string;
  readonly logger?: Logger;
}

export interface Tracing {
  readonly tracer: Tracer;
  /** Whether anybody takes the spans; in a process that registers a provider only later, from then on. */
  readonly isOn: () => boolean;
  /** Delivers what is left, for at most 5 s, and never rejects. Idempotent. */
  readonly shutdown: () => Promise<void>;
}

/** What is used of the three optional packages. */
interface OtelSdk {
  readonly BatchSpanProcessor: typeof BatchSpanProcessor;
  readonly TracerProvider: typeof SdkProvider;
  readonly OTLPTraceExporter: typeof OTLPTraceExporter;
  readonly resource: () => Resource;
}

/**
 * Prepares tracing once per agent. Loads the OpenTelemetry SDK only where it sends the spans itself; headers and
 * certificates are then taken from the standard OTEL_EXPORTER_OTLP_* variables by the exporter.
 * @throws OffhookError OFFHOOK_DEPENDENCY_MISSING if the SDK is not installed, OFFHOOK_OPTION_INVALID for an endpoint
 * that is no URL.
 */
export async function createTracing(setup: TracingSetup = {}): Promise<Tracing> {
  const { tracerProvider, version, logger = silentLogger } = setup;
  const endpoint = setup.endpoint ?? readEnv('OTEL_EXPORTER_OTLP_ENDPOINT');
  if (tracerProvider) {
    // Now, and not when the first call comes.
    otel();
    const tracer = tracerProvider.getTracer(TRACER_NAME, version);
    return { tracer, isOn: () => true, shutdown: () => Promise.resolve() };
  }
  if (endpoint === undefined) return traceGlobally(version);
  checkEndpoint(endpoint);
  otel();
  const sdk = await loadSdk();
  const exporter = new sdk.OTLPTraceExporter({ url: endpoint, timeoutMillis: EXPORT_TIMEOUT });
  const processor = new sdk.BatchSpanProcessor({ exporter, exportTimeoutMillis: EXPORT_TIMEOUT });
  const provider = new sdk.TracerProvider({
    resource: sdk.resource(),
    spanProcessors: [processor],
    // The SDK keeps 128 events of a span by default, which is the last minutes of a call.
    spanLimits: { eventCountLimit: MAX_SPAN_EVENTS },
  });
  let down: Promise<void> | undefined;
  return {
    tracer: provider.getTracer(TRACER_NAME, version),
    isOn: () => true,
    shutdown: () => (down ??= trackWork(shutDown(provider, exporter, logger))),
  };
}

function traceGlobally(version: string | undefined): Tracing {
  if (hasGlobalProvider()) otel();
  return {
    get tracer() {
      return otel().trace.getTracer(TRACER_NAME, version);
    },
    isOn: hasGlobalProvider,
    shutdown: () => Promise.resolve(),
  };
}

async function shutDown(provider: SdkProvider, exporter: SpanExporter, logger: Logger): Promise<void> {
  try {
    await provider.shutdown();
  } catch (error) {
    logger.warn({ error: nameOf(error) }, 'the last spans could not be delivered');
    // After a failed flush the SDK leaves its exporter, and with it the connection, open.
    await exporter.shutdown().catch(() => undefined);
  }
}

function checkEndpoint(endpoint: string): void {
  if (/^https?:\/\//i.test(endpoint) && URL.canParse(endpoint)) return;
  throw new OffhookError('OFFHOOK_OPTION_INVALID', 'The OTLP endpoint is not an http:// or https:// URL.', {
    expected: 'An address such as http://127.0.0.1:4317.',
    hint: 'Correct OTEL_EXPORTER_OTLP_ENDPOINT, or unset it to send no spans.',
  });
}

async function importSdk(): Promise<OtelSdk> {
  const [sdk, exporter, resources] = await Promise.all([
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-grpc'),
    import('@opentelemetry/resources'),
  ]);
  return {
    BatchSpanProcessor: sdk.BatchSpanProcessor,
    TracerProvider: sdk.TracerProvider,
    OTLPTraceExporter: exporter.OTLPTraceExporter,
    resource: () =>
      resources
        .defaultResource()
        .merge(resources.resourceFromAttributes({ 'service.name': TRACER_NAME }))
        // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES have the last word.
        .merge(resources.detectResources({ detectors: [resources.envDetector] })),
  };
}

function loadSdk(): Promise<OtelSdk> {
  return trackWork(importSdk()).catch((cause: unknown) => {
    throw new OffhookError(
      'OFFHOOK_DEPENDENCY_MISSING',
      'OTEL_EXPORTER_OTLP_ENDPOINT needs OpenTelemetry: npm install @opentelemetry/sdk-trace ' +
        '@opentelemetry/exporter-trace-otlp-grpc @opentelemetry/resources',
      { cause },
    );
  });
}
