/**
 * @module What one call owns outside its actors: sockets, timers, files. A chart that fails leaves its children
 * running, so nothing here depends on any actor: closing the scope closes everything registered in it, once.
 */
import type { Logger } from './logger.ts';

export interface Scope {
  /** Aborts when the scope closes. */
  readonly signal: AbortSignal;
  readonly closed: boolean;
  /** Things registered and not yet released. */
  readonly open: number;
  /** Registers a disposer; run at once if the scope is closed already. @returns releases it early, once. */
  own(name: string, dispose: () => void): () => void;
  /** Runs every disposer, last registered first. One that throws is logged and does not stop the others. */
  close(): void;
}

export function createScope(logger: Logger, call: string): Scope {
  const controller = new AbortController();
  const disposers = new Map<number, { name: string; dispose: () => void }>();
  let next = 0;
  const run = (name: string, dispose: () => void): void => {
    try {
      dispose();
    } catch (error) {
      logger.error({ call, what: name, error: nameOf(error) }, 'could not release');
    }
  };
  return {
    signal: controller.signal,
    get closed() {
      return controller.signal.aborted;
    },
    get open() {
      return disposers.size;
    },
    own(name, dispose) {
      if (controller.signal.aborted) {
        run(name, dispose);
        return () => {};
      }
      const key = (next += 1);
      disposers.set(key, { name, dispose });
      return () => {
        if (disposers.delete(key)) run(name, dispose);
      };
    },
    close() {
      if (controller.signal.aborted) return;
      controller.abort();
      for (const [key, { name, dispose }] of [...disposers].reverse()) {
        // One that is being released may have released this one already.
        if (disposers.delete(key)) run(name, dispose);
      }
    },
  };
}

/** An error's class or code: what may be logged of an error whose message may hold anything. */
export function nameOf(error: unknown): string {
  if (error instanceof Error) return (error as { code?: unknown }).code?.toString() ?? error.name;
  return typeof error;
}
