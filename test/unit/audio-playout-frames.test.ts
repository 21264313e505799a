/**
 * A mark closes the carrier's current frame with silence: placed between two deltas of 170 ms it put 10 ms of
 * nothing into the middle of a word, several times a second. Marks stand on the edges of frames instead, and a delta
 * is split there without being decoded. The carrier here is the exchange's own queue, played in virtual time.
 */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { base64Of, bytesOf, type Chunk, chunkOfBase64, chunkOfBytes } from '../../src/audio/chunk.ts';
import { createPlayout, type PlayoutCapabilities, type PlayoutFact } from '../../src/audio/playout.ts';
import { createPlayoutQueue } from '../../src/exchange/playout-queue.ts';
import { createVirtualClock } from '../../src/testing/virtual-clock.ts';

/** What the carrier got, in order: audio, or a mark with how far the last frame was from its edge. */
type Sent = { chunk: Chunk } | { mark: string; padded: number };

function createCarrier({
  marks = 'echo-on-clear',
  latency = 0,
}: Partial<{ marks: PlayoutCapabilities['marks']; latency: number }> = {}) {
  const clock = createVirtualClock();
  const queue = createPlayoutQueue();
  const sent: Sent[] = [];
  const facts: PlayoutFact[] = [];
  const frame = new Uint8Array(160);
  const echoPlayed = (): void => {
    for (let name = queue.takeMark(clock.now()); name !== undefined; name = queue.takeMark(clock.now())) {
      const echo = name;
      clock.setTimeout(() => playout.echoed(echo), latency);
    }
  };
  const playout = createPlayout({
    clock,
    can: { marks, clear: true, pacing: 'carrier' },
    play(chunk) {
      sent.push({ chunk });
      queue.push(bytesOf({ ...chunk }), clock.now());
      return true;
    },
    mark(name) {
      const before = queue.padded;
      queue.mark(name);
      sent.push({ mark: name, padded: queue.padded - before });
      echoPlayed();
    },
    clear: () => void queue.clear(),
    fact: (fact) => void facts.push(fact),
    mediaNow: () => clock.now(),
  });
  const tick = (): void => {
    echoPlayed();
    queue.take(frame, clock.now());
    clock.setTimeout(tick, 20);
  };
  tick();
  playout.mediaStarted(1);
  playout.begin(1);
  return { clock, playout, queue, sent, facts };
}

const base64 = (length: number, seed = 0): Chunk =>
  chunkOfBase64(base64Of(chunkOfBytes(Uint8Array.from({ length }, (_, n) => (n * 7 + seed * 31) & 0xff))), 1);
const chunksOf = (sent: Sent[]): Chunk[] => sent.flatMap((item) => ('chunk' in item ? [item.chunk] : []));
const marksOf = (sent: Sent[]) => sent.flatMap((item) => ('mark' in item ? [item] : []));

/** The longest stretch of audio without a mark, in ms. */
function longestStretch(sent: Sent[]): number {
  let longest = 0;
  let since = 0;
  for (const item of sent) {
    since = 'mark' in item ? 0 : since + item.chunk.ms;
    longest = Math.max(longest, since);
  }
  return longest;
}

const sizes = (min: number) => fc.array(fc.integer({ min, max: 12_000 }), { minLength: 1, maxLength: 30 });

describe('marks in mid-speech', () => {
  it('pad nothing and split little for the deltas of a realtime model', () => {
    const { playout, queue, sent } = createCarrier();
    for (let n = 0; n < 40; n += 1) playout.push(base64([170, 130, 190, 110, 150][n % 5]! * 8, n));
    expect(queue.padded).toBe(0);
    expect(longestStretch(sent)).toBeLessThanOrEqual(400);
    expect(chunksOf(sent).length).toBeLessThan(50);
    playout.finish(1);
    expect(queue.padded).toBeLessThan(160);
  });

  it('stand on the edge of a frame, whatever the chunks', () => {
    fc.assert(
      fc.property(sizes(1), fc.boolean(), (lengths, decoded) => {
        const { playout, queue, sent } = createCarrier();
        lengths.forEach((length, n) => {
          const chunk = base64(length, n);
          playout.push(decoded ? chunkOfBytes(bytesOf(chunk), 1) : chunk);
        });
        expect(queue.padded).toBe(0);
        expect(marksOf(sent).every((mark) => mark.padded === 0)).toBe(true);
      }),
      { numRuns: 200, seed: 11 },
    );
  });

  it('come every 600 ms at least where chunks have 60 ms or more, without decoding any', () => {
    fc.assert(
      fc.property(sizes(480), (lengths) => {
        const { playout, sent } = createCarrier();
        const pushed = lengths.map((length, n) => base64(length, n));
        for (const chunk of pushed) playout.push(chunk);
        expect(longestStretch(sent)).toBeLessThanOrEqual(600);
        expect(chunksOf(sent).every((chunk) => chunk.base64 && !chunk.bytes)).toBe(true);
        expect(pushed.every((chunk) => !chunk.bytes)).toBe(true);
      }),
      { numRuns: 200, seed: 12 },
    );
  });

  it('come nearly as often where small chunks never offer an edge that base64 can be cut at', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 479 }), fc.integer({ min: 1, max: 479 }), (first, each) => {
        const { playout, queue, sent } = createCarrier();
        playout.push(base64(first));
        for (let n = 0; n * each < 24_000; n += 1) playout.push(base64(each, n));
        expect(longestStretch(sent)).toBeLessThanOrEqual(680);
        expect(queue.padded).toBe(0);
      }),
      { numRuns: 200, seed: 13 },
    );
  });

  it('leave the audio as it was', () => {
    fc.assert(
      fc.property(sizes(1), (lengths) => {
        const { playout, sent } = createCarrier();
        const pushed = lengths.map((length, n) => base64(length, n));
        for (const chunk of pushed) playout.push(chunk);
        const decode = (chunk: Chunk) =>
          Buffer.from(Buffer.from(base64Of(chunk)).toString('latin1'), 'base64');
        const whole = Buffer.concat(pushed.map(decode));
        expect(Buffer.concat(chunksOf(sent).map(decode)).equals(whole)).toBe(true);
        expect(chunksOf(sent).reduce((sum, { ms }) => sum + ms, 0)).toBe(whole.length / 8);
        expect(playout.ledger(1)?.generatedMs).toBe(whole.length / 8);
      }),
      { numRuns: 200, seed: 14 },
    );
  });

  it('are not thought of where the carrier has none: every chunk goes out whole', () => {
    const { playout, sent } = createCarrier({ marks: 'none' });
    for (const length of [1360, 12_000, 7]) playout.push(base64(length));
    expect(chunksOf(sent).map(({ ms }) => ms * 8)).toEqual([1360, 12_000, 7]);
    expect(marksOf(sent)).toEqual([]);
  });
});

describe('where frames begin anew', () => {
  it('after a clear', () => {
    const { clock, playout, queue, sent } = createCarrier();
    playout.push(base64(1000));
    clock.advance(20);
    playout.flush(1);
    playout.begin(2);
    const before = sent.length;
    for (let n = 0; n < 9; n += 1) playout.push({ ...base64(1600, n), gen: 2 });
    expect(queue.padded).toBe(0);
    expect(chunksOf(sent.slice(before)).length).toBe(9);
  });

  it('at the end of every generation, and of one that another follows before it was finished', () => {
    const { playout, queue, sent } = createCarrier();
    for (let gen = 1; gen <= 6; gen += 1) {
      playout.begin(gen);
      for (let n = 0; n < 5; n += 1) playout.push({ ...base64(1001, n), gen });
      if (gen % 2 === 0) playout.finish(gen);
    }
    for (const gen of [1, 3, 5]) playout.finish(gen);
    const padding = marksOf(sent).filter((mark) => mark.padded > 0);
    expect(padding.map((mark) => mark.mark.split('.')[0])).toEqual(['g1', 'g2', 'g3', 'g4', 'g5', 'g6']);
    expect(queue.padded).toBe(padding.reduce((sum, mark) => sum + mark.padded, 0));
    // Nothing was pushed between a tail and its order to finish: no second mark for it.
    expect(sent.at(-1)).toBe(padding.at(-1));
  });

  it('drains each of several generations by its own mark, in order', () => {
    const { clock, playout, facts } = createCarrier({ latency: 30 });
    playout.begin(2);
    playout.push(base64(1001));
    playout.push({ ...base64(4001), gen: 2 });
    playout.finish(1);
    playout.finish(2);
    clock.advance(400);
    expect(facts).toMatchObject([{ type: 'playout.drained', gen: 1, playedMs: 125, method: 'mark' }]);
    clock.advance(2000);
    expect(facts).toMatchObject([
      { gen: 1 },
      { type: 'playout.drained', gen: 2, playedMs: 500, method: 'mark' },
    ]);
  });

  it('where the line ran dry: one pad a gap, and none in the speech after it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 481, max: 4000 }), fc.integer({ min: 0, max: 900 }), (first, wait) => {
        const { clock, playout, queue } = createCarrier();
        playout.push(base64(first));
        clock.advance(wait);
        playout.push(base64(2001));
        const atGap = queue.padded;
        for (let n = 0; n < 12; n += 1) playout.push(base64(1360, n));
        clock.advance(500);
        // The carrier looks once in 20 ms: within one look of the edge it may not have closed the frame yet.
        const dry = wait >= first / 8 - 20 - 20;
        expect(queue.padded - atGap).toBe(0);
        expect(atGap).toBeLessThanOrEqual(dry ? 159 : 0);
      }),
      { numRuns: 300, seed: 15 },
    );
  });
});

describe('an echo behind a gap', () => {
  it('is no sign of a carrier that plays late', () => {
    const { clock, playout } = createCarrier({ latency: 40 });
    playout.push(base64(1600));
    clock.advance(1000);
    // The mark before the second chunk stands behind a queue that has been empty for 800 ms.
    playout.push(base64(1600, 1));
    clock.advance(100);
    expect(playout.ledger(1)?.heardMs).toBeGreaterThanOrEqual(200 + 100 - 40 - 20);
    playout.flush(1);
  });
});
