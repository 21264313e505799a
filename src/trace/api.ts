/**
 * @module The OpenTelemetry API, loaded where somebody is there to take spans. Its fifty files are otherwise a part of
 * every start, for calls that nobody traces.
 */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type * as opentelemetry from '@opentelemetry/api';

type Api = typeof opentelemetry;

let loaded: Api | undefined;

/** At once, since a provider may be registered just before a call. */
export function otel(): Api {
  loaded ??= load('@opentelemetry/api');
  return loaded;
}

function load(name: string): Api {
  const require = createRequire(import.meta.url);
  try {
    // The very copy that `import` gives to everybody else.
    return require(fileURLToPath(import.meta.resolve(name))) as Api;
  } catch {
    // Somebody is importing it at this moment. The other copy works with that one.
    return require(name) as Api;
  }
}

/** Where all copies of the API, of whatever minor version, meet. */
const REGISTRY = Symbol.for('opentelemetry.js.api.1');

/** Whether the process has registered a tracer provider. */
export function hasGlobalProvider(): boolean {
  const registry = (globalThis as Record<symbol, { readonly trace?: unknown } | undefined>)[REGISTRY];
  return registry?.trace !== undefined;
}
