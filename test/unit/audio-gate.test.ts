/**
 * The first words of a call are lost when the session is not up yet, and leak when the call has moved on.
 * The gates keep what may still be wanted, in order and bounded, and drop the rest, counted.
 */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Chunk, chunkOfBase64, chunkOfBytes } from '../../src/audio/chunk.ts';
import { createHearGate, createSpeakGate } from '../../src/audio/gate.ts';
import { createChunkRing } from '../../src/audio/ring.ts';

const frame = (n: number, gen = 0): Chunk => chunkOfBytes(new Uint8Array(160), gen, n * 20);

function hearing(ringMs?: number) {
  const heard: number[] = [];
  const gate = createHearGate({
    pass: (chunk) => heard.push(chunk.at / 20),
    ...(ringMs === undefined ? {} : { ringMs }),
  });
  return { gate, heard };
}

describe('the hear gate', () => {
  it('starts closed and passes only while live', () => {
    const { gate, heard } = hearing();
    gate.push(frame(1));
    gate.set('live');
    gate.push(frame(2));
    gate.set('drop');
    gate.push(frame(3));
    expect(heard).toEqual([2]);
    expect({ ...gate.counters }).toEqual({ passed: 1, dropped: 2, held: 0 });
  });

  it('passes what it kept, in order, before the next live chunk', () => {
    const { gate, heard } = hearing();
    gate.set('buffer');
    for (let n = 0; n < 5; n += 1) gate.push(frame(n));
    expect(heard).toEqual([]);
    gate.set('live');
    expect(heard).toEqual([0, 1, 2, 3, 4]);
    gate.push(frame(5));
    expect(heard).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('keeps four seconds and drops the oldest beyond them', () => {
    const { gate, heard } = hearing();
    gate.set('buffer');
    for (let n = 0; n < 205; n += 1) gate.push(frame(n));
    expect({ ...gate.counters }).toEqual({ passed: 0, dropped: 5, held: 200 });
    gate.set('live');
    expect(heard[0]).toBe(5);
    expect(heard.length).toBe(200);
  });

  it('forgets what it kept when it is closed', () => {
    const { gate, heard } = hearing();
    gate.set('buffer');
    gate.push(frame(0));
    gate.set('drop');
    gate.set('live');
    expect(heard).toEqual([]);
    expect(gate.counters.dropped).toBe(1);
  });

  it('copies what it keeps, for the message it came in will be written over', () => {
    const message = Buffer.from('{"payload":"AAAA"}');
    const kept: Chunk[] = [];
    const gate = createHearGate({ pass: (chunk) => kept.push(chunk) });
    gate.set('buffer');
    gate.push(chunkOfBase64(message.subarray(12, 16)));
    message.fill(0x58);
    gate.set('live');
    expect(Buffer.from(kept[0]!.base64!).toString('latin1')).toBe('AAAA');
  });

  it('keeps the order when a consumer pushes or sets it from within', () => {
    const heard: number[] = [];
    const gate = createHearGate({
      pass: (chunk) => {
        const n = chunk.at / 20;
        heard.push(n);
        if (n === 1) gate.push(frame(3));
        if (n === 2) gate.set('buffer');
      },
    });
    gate.set('buffer');
    gate.push(frame(1));
    gate.push(frame(2));
    gate.set('live');
    expect(heard).toEqual([1, 2]);
    expect(gate.counters.held).toBe(1);
    gate.set('live');
    expect(heard).toEqual([1, 2, 3]);
  });

  it('loses one chunk, not the order, to a consumer that throws', () => {
    const heard: number[] = [];
    const gate = createHearGate({
      pass: (chunk) => {
        if (chunk.at === 0) throw new Error('broken consumer');
        heard.push(chunk.at / 20);
      },
    });
    gate.set('buffer');
    gate.push(frame(0));
    gate.push(frame(1));
    expect(() => gate.set('live')).toThrow('broken consumer');
    gate.push(frame(2));
    expect(heard).toEqual([1, 2]);
  });
});

describe('the speak gate', () => {
  it('starts by holding, and drops the newest beyond thirty seconds', () => {
    const said: number[] = [];
    const gate = createSpeakGate({ pass: (chunk) => said.push(chunk.at / 20) });
    expect(gate.mode).toBe('hold');
    for (let n = 0; n < 1502; n += 1) gate.push(frame(n, 1));
    expect({ ...gate.counters }).toEqual({ passed: 0, dropped: 2, held: 1500 });
    gate.set('live');
    expect(said.length).toBe(1500);
    expect(said[0]).toBe(0);
    expect(said[1499]).toBe(1499);
  });

  it('forgets the held generations that were cut and keeps the earlier ones', () => {
    const said: number[] = [];
    const gate = createSpeakGate({ pass: (chunk) => said.push(chunk.gen) });
    for (const gen of [1, 2, 3, 2, 1]) gate.push(frame(0, gen));
    gate.discard(2);
    expect(gate.counters.held).toBe(2);
    gate.push(frame(0, 4));
    gate.set('live');
    expect(said).toEqual([1, 1, 4]);
    expect(gate.counters.dropped).toBe(3);
  });
});

describe('every gate', () => {
  it('passes in order, at most once, and accounts for every chunk', () => {
    const step = fc.constantFrom('push', 'push', 'push', 'drop', 'buffer', 'live');
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const { gate, heard } = hearing(100);
        let pushed = 0;
        for (const action of steps) {
          if (action === 'push') gate.push(frame((pushed += 1)));
          else gate.set(action);
          expect(gate.counters.held).toBeLessThanOrEqual(5);
          expect(gate.counters.passed + gate.counters.dropped + gate.counters.held).toBe(pushed);
        }
        expect(heard).toEqual([...new Set(heard)].sort((a, b) => a - b));
        expect(heard.length).toBe(gate.counters.passed);
      }),
      { seed: 2 },
    );
  });
});

describe('the ring', () => {
  it('grows, wraps around and knows how much it holds', () => {
    const ring = createChunkRing();
    for (let n = 0; n < 20; n += 1) ring.push(frame(n));
    for (let n = 0; n < 15; n += 1) ring.shift();
    for (let n = 20; n < 100; n += 1) ring.push(frame(n));
    expect(ring.ms).toBe(85 * 20);
    expect(ring.remove((chunk) => chunk.at % 40 === 0)).toBe(42);
    expect(ring.shift()?.at).toBe(15 * 20);
    expect(ring.shift()?.at).toBe(17 * 20);
    expect(ring.clear()).toBe(41);
    expect(ring.ms).toBe(0);
    expect(ring.shift()).toBeUndefined();
  });
});
