/**
 * @module Transfers of one call that wait for the platform's word, by the id they have on the wire
 * (clawops.md §2.7, correlation rules 1 to 3). A result is taken once; what belongs to nothing is nobody's.
 */
import type { TransferRequest } from '../contract.ts';

interface Pending {
  readonly request: TransferRequest;
  bridged: boolean;
}

export class PendingTransfers {
  readonly #pending = new Map<string, Pending>();

  get size(): number {
    return this.#pending.size;
  }

  /** True while one of them takes the media away for good. */
  get takesMedia(): boolean {
    for (const { request } of this.#pending.values()) if (request.after === 'terminate') return true;
    return false;
  }

  add(wireId: string, request: TransferRequest): void {
    this.#pending.set(wireId, { request, bridged: false });
  }

  has(wireId: string): boolean {
    return this.#pending.has(wireId);
  }

  /** Notes the bridge; the request's own id the first time, undefined if it is unknown or was noted before. */
  bridge(wireId: string | undefined): string | undefined {
    const found = this.#find(wireId);
    if (!found || found[1].bridged) return undefined;
    found[1].bridged = true;
    return found[1].request.request;
  }

  /** Takes a result; the request's own id, undefined if it is unknown or has its result. */
  settle(wireId: string | undefined): string | undefined {
    const found = this.#find(wireId);
    if (!found) return undefined;
    this.#pending.delete(found[0]);
    return found[1].request.request;
  }

  /** Gives all of them up; their own ids, and whether a bridge was reported. */
  drain(): readonly { request: string; bridged: boolean }[] {
    const given = [...this.#pending.values()].map(({ request, bridged }) => ({
      request: request.request,
      bridged,
    }));
    this.#pending.clear();
    return given;
  }

  /** By id; without one only where there is no doubt. */
  #find(wireId: string | undefined): [string, Pending] | undefined {
    if (wireId === undefined) {
      const [only] = this.#pending;
      return this.#pending.size === 1 ? only : undefined;
    }
    const pending = this.#pending.get(wireId);
    return pending && [wireId, pending];
  }
}
