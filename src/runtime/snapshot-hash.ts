/**
 * @module The 64-bit hash of a chart's snapshot that the event log holds: where the chart stands and what it
 * remembers. Parts that did not change since the last snapshot are not read again.
 */
import type { AnyMachineSnapshot, AnyStateNode } from 'xstate';

/** Two 32-bit lanes; the hash of a whole is the sum of its parts, so that each can be replaced by itself. */
interface Part {
  readonly value: unknown;
  readonly low: number;
  readonly high: number;
}

/** Hashes the snapshots of one chart, one after the other: 16 hex digits, the same for the same snapshot. */
export interface SnapshotHasher {
  hash(snapshot: AnyMachineSnapshot): string;
}

const nodeParts = new WeakMap<AnyStateNode, Part>();

/** In place of the value of a member that was not hashed yet. */
const UNREAD = Symbol('unread');

/**
 * Creates a hasher. Contexts are replaced and never changed in place, so a member that is the same value is not
 * written out again: of some thirty members an event changes two or three.
 */
export function createSnapshotHasher(): SnapshotHasher {
  return new PartsHasher();
}

/** Members by their place, in four flat lists: a call has two hashers, and objects would take 5 KB of it. */
class PartsHasher implements SnapshotHasher {
  #keys: string[] = [];
  #values: unknown[] = [];
  #lows: number[] = [];
  #highs: number[] = [];
  #status = hashPart('', UNREAD);

  hash(snapshot: AnyMachineSnapshot): string {
    if (this.#status.value !== snapshot.status) {
      this.#status = hashPart(`status:${snapshot.status}`, snapshot.status);
    }
    let { low, high } = this.#status;
    for (const node of snapshot._nodes as readonly AnyStateNode[]) {
      let part = nodeParts.get(node);
      if (!part) nodeParts.set(node, (part = hashPart(`state:${node.id}`, undefined)));
      low = (low + part.low) | 0;
      high = (high + part.high) | 0;
    }
    const context = snapshot.context as Readonly<Record<string, unknown>>;
    let place = 0;
    for (const key in context) {
      if (this.#keys[place] !== key) this.#forget(context);
      const value = context[key];
      if (this.#values[place] !== value) this.#read(place, key, value);
      low = (low + this.#lows[place]!) | 0;
      high = (high + this.#highs[place]!) | 0;
      place += 1;
    }
    return hex(high) + hex(low);
  }

  /** Members have other places than before. */
  #forget(context: Readonly<Record<string, unknown>>): void {
    this.#keys = Object.keys(context);
    this.#values = this.#keys.map(() => UNREAD);
    this.#lows = this.#keys.map(() => 0);
    this.#highs = this.#keys.map(() => 0);
  }

  #read(place: number, key: string, value: unknown): void {
    const part = hashPart(`${key}:${JSON.stringify(value)}`, value);
    this.#values[place] = value;
    this.#lows[place] = part.low;
    this.#highs[place] = part.high;
  }
}

/** Hashes one snapshot by itself. */
export function hashSnapshot(snapshot: AnyMachineSnapshot): string {
  return createSnapshotHasher().hash(snapshot);
}

/** FNV-1a in two lanes with different primes, each finished by MurmurHash3's mixer so that sums of it stay uniform. */
function hashPart(text: string, value: unknown): Part {
  let low = 0x811c9dc5;
  let high = 0x9747b28c;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ code, 0x5bd1e995);
  }
  return { value, low: mix(low), high: mix(high ^ text.length) };
}

function mix(lane: number): number {
  let mixed = Math.imul(lane ^ (lane >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

const hex = (lane: number): string => (lane >>> 0).toString(16).padStart(8, '0');
