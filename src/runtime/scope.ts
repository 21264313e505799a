/**
 * @module What one call owns outside its actors: sockets, timers, files. A chart that fails leaves its children
 * running, so nothing here depends on any actor: closing the scope closes everything registered in it, once.
 */
import type { Logger } from './logger.ts';

export interface Scope {
  readonly closed: boolean;
  /** Things registered and not yet released. */
  readonly open: number;
  /** Registers a disposer; run at once if the scope is closed already. @returns releases it early, once. */
  own(name: string, dispose: () => void): () => void;
  /** Runs every disposer, last registered first. One that throws is logged and does not stop the others. */
  close(): void;
}

export function createScope(logger: Logger, call: string): Scope {
  return new CallScope(logger, call);
}

interface Owned {
  readonly name: string;
  readonly dispose: () => void;
}

class CallScope implements Scope {
  readonly #logger: Logger;
  readonly #call: string;
  readonly #owned = new Set<Owned>();
  #closed = false;

  constructor(logger: Logger, call: string) {
    this.#logger = logger;
    this.#call = call;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get open(): number {
    return this.#owned.size;
  }

  own(name: string, dispose: () => void): () => void {
    const owned: Owned = { name, dispose };
    if (this.#closed) {
      this.#run(owned);
      return () => {};
    }
    this.#owned.add(owned);
    return () => this.#release(owned);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // One that is being released may have released another already.
    for (const owned of [...this.#owned].reverse()) this.#release(owned);
  }

  #release(owned: Owned): void {
    if (this.#owned.delete(owned)) this.#run(owned);
  }

  #run({ name, dispose }: Owned): void {
    try {
      dispose();
    } catch (error) {
      this.#logger.error({ call: this.#call, what: name, error: nameOf(error) }, 'could not release');
    }
  }
}

/** An error's class or code: what may be logged of an error whose message may hold anything. */
export function nameOf(error: unknown): string {
  if (error instanceof Error) return (error as { code?: unknown }).code?.toString() ?? error.name;
  return typeof error;
}
