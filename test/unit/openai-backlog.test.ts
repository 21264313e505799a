/**
 * A model that reads more slowly than a caller speaks: what it is told would come ever later, and be held here ever
 * longer. A burst is none of that.
 */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { chunkOfBytes } from '../../src/audio/chunk.ts';
import { createVirtualClock, type VirtualClock } from '../../src/testing/virtual-clock.ts';
import { type Wire, type Wires, watchWires } from '../matrix/wires.ts';
import { type FakeEndpoint, openConnection, startFake } from './openai-fake.ts';

let clock: VirtualClock;
let wires: Wires;
let fake: FakeEndpoint;
let most: number;

beforeEach(async () => {
  clock = createVirtualClock();
  wires = watchWires(() => clock);
  fake = await startFake();
  most = 0;
  wires.onWrite = () => (most = Math.max(most, ...wires.all.map(({ held }) => held)));
});
afterEach(async () => {
  wires.close();
  await fake.stop();
});

type Session = ReturnType<typeof openConnection>;

async function connect() {
  const session = openConnection(clock, { baseUrl: fake.baseUrl });
  await clock.runUntil(() => session.facts.length > 0, 5_000);
  expect(session.facts.splice(0)).toEqual([{ type: 'session.ready' }]);
  return { session, wire: wires.find('model') as Wire };
}

/** The caller speaks for `ms`; the model has something to say all the while, so that no ping is missed. */
async function speak(session: Session, ms: number): Promise<void> {
  for (let at = 0; at < ms; at += 20) {
    session.connection.feed(chunkOfBytes(new Uint8Array(160)));
    if (at % 1_000 === 0) fake.send({ type: 'rate_limits.updated', rate_limits: [] });
    await clock.run(20);
  }
}

it('is lost, as one who may not have heard, before it is a quarter of a minute behind', async () => {
  const { session, wire } = await connect();
  wire.slow(4_000);
  await speak(session, 15_000);
  expect(session.facts).toEqual([{ type: 'session.lost', code: 'backlog', retryable: true, deaf: true }]);
  expect(most).toBeGreaterThan(60_000);
  expect(most).toBeLessThan(70_000);
  expect(wire.open).toBe(false);
});

it('is not lost over one burst of a minute, of which it is told what fits', async () => {
  const { session, wire } = await connect();
  wire.slow(40_000);
  for (let frame = 0; frame < 3_000; frame += 1) session.connection.feed(chunkOfBytes(new Uint8Array(160)));
  expect(most).toBeLessThan(70_000);
  await speak(session, 15_000);
  expect(session.facts).toEqual([]);
  expect(wire.held).toBeLessThan(2_000);
  session.connection.close();
});

it('is not lost while it keeps up', async () => {
  const { session, wire } = await connect();
  wire.slow(20_000);
  await speak(session, 20_000);
  expect(session.facts).toEqual([]);
  session.connection.close();
});
