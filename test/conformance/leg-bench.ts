/**
 * @module A transport, a network with callers at its far end, and the legs that ring: what the leg suite works with.
 * One at a time, opened before each test and proven closed after it.
 */
import { expect } from 'vitest';
import { bytesOf, type Chunk } from '../../src/audio/chunk.ts';
import { type CallerScript, type ExchangeCall, goSilent } from '../../src/exchange/index.ts';
import { createRandom } from '../../src/runtime/ids.ts';
import { silentLogger } from '../../src/runtime/logger.ts';
import { openSockets } from '../../src/testing/settle.ts';
import { createVirtualClock, type VirtualClock } from '../../src/testing/virtual-clock.ts';
import type { Leg, LegFact, Transport, TransportHost } from '../../src/transport/contract.ts';
import { type OrderWatch, watchOrder } from './leg-order.ts';

/** A network with somebody at its far end. */
export interface LegBench {
  readonly transport: Transport;
  /** What the transport survived. */
  readonly counters: { readonly malformed: number; readonly unknown: number; readonly dropped: number };
  /** Messages of ours that the network did not understand. */
  readonly misunderstood: () => number;
  dial(script: CallerScript): ExchangeCall;
  close(): Promise<void>;
}

/** Connects a transport to `host` and puts a network behind it; all on `clock`. */
export type OpenBench = (clock: VirtualClock, host: TransportHost) => Promise<LegBench>;

/** A leg with everything it has delivered. */
export interface Followed {
  readonly leg: Leg;
  readonly facts: LegFact[];
  readonly chunks: Chunk[];
  readonly marks: { name: string; at: number }[];
  readonly keys: string[];
  /** What the listener does on hearing a fact. */
  react: (fact: LegFact) => void;
  readonly order: OrderWatch;
}

/** Bytes of 20 ms. */
export const FRAME = 160;
const SILENT: CallerScript = [goSilent()];

export let clock: VirtualClock;
export let bench: LegBench;
let rung: Followed[];

export const run = (ms: number): Promise<void> => clock.run(ms);

function follow(leg: Leg): Followed {
  const order = watchOrder(leg.info, {
    fact: (fact) => {
      followed.facts.push(fact);
      followed.react(fact);
    },
    audio: (chunk) => void followed.chunks.push(chunk),
    mark: (name) => void followed.marks.push({ name, at: clock.now() }),
    digit: (key) => void followed.keys.push(key),
  });
  const followed: Followed = { leg, facts: [], chunks: [], marks: [], keys: [], react: () => {}, order };
  leg.start(order.sink);
  return followed;
}

function createHost(): TransportHost {
  return {
    clock,
    logger: silentLogger,
    random: createRandom(7),
    incoming: (leg) => void rung.push(follow(leg)),
  };
}

/** A call that rings here. */
export async function ring(script: CallerScript = SILENT): Promise<{ call: ExchangeCall; line: Followed }> {
  const before = rung.length;
  const call = bench.dial(script);
  await clock.runUntil(() => rung.length > before, 5_000);
  return { call, line: rung.at(-1)! };
}

/** The same, taken, with media flowing. */
export async function talk(script: CallerScript = SILENT): Promise<{ call: ExchangeCall; line: Followed }> {
  const ringing = await ring(script);
  ringing.line.leg.accept();
  await clock.runUntil(() => typesOf(ringing.line).includes('leg.mediaStarted'), 5_000);
  return ringing;
}

export const typesOf = ({ facts }: Followed): string[] => facts.map(({ type }) => type);
/** Which transfers have their result, in the order of the results. */
export const resultsOf = ({ facts }: Followed): string[] =>
  facts.flatMap((fact) =>
    fact.type === 'transfer.completed' || fact.type === 'transfer.failed' ? [fact.request] : [],
  );
export const heardBy = ({ chunks }: Followed): Buffer => Buffer.concat(chunks.map(bytesOf));
export const count = ({ facts }: Followed, type: LegFact['type']): number =>
  facts.filter((fact) => fact.type === type).length;
export const find = ({ facts }: Followed, type: LegFact['type']): LegFact | undefined =>
  facts.find((fact) => fact.type === type);

/** Audio that cannot be mistaken for silence, or for other audio: `seed` is in every byte's stream. */
export function noise(bytes: number, seed: number): Buffer {
  const random = createRandom(seed);
  return Buffer.from(Array.from({ length: bytes }, () => Math.floor(random() * 0x7e)));
}

/** The leg's life is over: each of its last words came once, the platform's at the very end. */
export function expectOver(line: Followed, hangup: Partial<Extract<LegFact, { type: 'leg.hangup' }>>): void {
  expect(find(line, 'leg.hangup')).toEqual({ type: 'leg.hangup', ...hangup });
  expect(typesOf(line).slice(-2)).toEqual(['leg.hangup', 'leg.ended']);
  expect(count(line, 'leg.mediaStarted')).toBe(1);
}

/** Opens one bench; ids and audio are the same every time. */
export async function openRig(openBench: OpenBench): Promise<void> {
  clock = createVirtualClock();
  rung = [];
  bench = await openBench(clock, createHost());
}

/** Closes it. @throws AssertionError if a timer or a socket is left, or a leg told something out of order */
export async function closeRig(): Promise<void> {
  for (const { leg } of rung) leg.close();
  const closing = Promise.all([bench.transport.close(), bench.close()]);
  await run(0);
  await closing;
  await run(0);
  expect({ timers: clock.pending, sockets: openSockets() }).toEqual({ timers: 0, sockets: 0 });
  expect(rung.flatMap(({ order }) => order.broken)).toEqual([]);
}
