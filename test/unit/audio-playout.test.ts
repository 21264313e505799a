/**
 * What did the caller hear? Bytes sent are not bytes heard, echoes of marks lie after a clear and while the caller
 * is away, and a carrier may never answer. The ledger is checked against a carrier that plays in virtual time.
 */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Chunk, chunkOfBytes } from '../../src/audio/chunk.ts';
import { createPlayout, type PlayoutCapabilities, type PlayoutFact } from '../../src/audio/playout.ts';
import { createVirtualClock } from '../../src/testing/virtual-clock.ts';

interface Carrier {
  /** Drops audio for as long as this says so. */
  drops?: () => boolean;
  marks?: PlayoutCapabilities['marks'];
  clear?: boolean;
  /** Never echoes a mark. */
  mute?: boolean;
  /** Delay of an echo, in ms. */
  latency?: number;
}

/** A line with a queue that plays in real time, and its ledger. */
function createLine({
  marks = 'echo-on-clear',
  clear = true,
  mute = false,
  latency = 0,
  drops = () => false,
}: Carrier = {}) {
  const clock = createVirtualClock();
  const facts: PlayoutFact[] = [];
  const log: string[] = [];
  const placed: [gen: number, at: number][] = [];
  const spans: { at: number; ms: number }[] = [];
  const heard = new Map<number, number>();
  let queue: ({ gen: number; ms: number } | { name: string })[] = [];
  let playing = false;

  const echo = (name: string): void => {
    if (mute) return;
    if (latency === 0) playout.echoed(name);
    else clock.setTimeout(() => playout.echoed(name), latency);
  };
  /** Plays a millisecond at a time, so that a clear finds exactly what was heard. */
  const next = (): void => {
    for (;;) {
      const item = queue[0];
      playing = item !== undefined;
      if (!item) return;
      if ('name' in item) {
        queue.shift();
        echo(item.name);
        continue;
      }
      if (item.ms > 0) {
        clock.setTimeout(() => {
          item.ms -= 1;
          if (queue[0] === item) heard.set(item.gen, (heard.get(item.gen) ?? 0) + 1);
          next();
        }, 1);
        return;
      }
      queue.shift();
    }
  };
  const playout = createPlayout({
    clock,
    can: { marks, clear, pacing: 'carrier' },
    play(chunk) {
      if (drops()) return false;
      log.push(`play ${chunk.gen}`);
      queue.push({ gen: chunk.gen, ms: chunk.ms });
      if (!playing) next();
      return true;
    },
    mark(name) {
      log.push(`mark ${name}`);
      queue.push({ name });
      if (!playing) next();
    },
    clear() {
      log.push('clear');
      const pending = queue.filter((item) => 'name' in item);
      const sounding = queue.length > 0 && playing;
      queue = [];
      if (!sounding) playing = false;
      if (marks === 'echo-on-clear') for (const mark of pending) echo(mark.name);
    },
    fact(fact) {
      log.push(fact.type);
      facts.push(fact);
    },
    placed(chunk, atMs) {
      placed.push([chunk.gen, atMs]);
      spans.push({ at: atMs, ms: chunk.ms });
    },
    cleared: (atMs) => log.push(`cleared ${atMs}`),
    mediaNow: () => clock.now(),
  });
  const say = (gen: number, ms: number, frame = 20): void => {
    for (let sent = 0; sent < ms; sent += frame) playout.push(audio(gen, Math.min(frame, ms - sent)));
  };
  const count = (start: string): number => log.filter((line) => line.startsWith(start)).length;
  return { clock, playout, facts, log, placed, spans, heard, say, count };
}

const audio = (gen: number, ms: number): Chunk => chunkOfBytes(new Uint8Array(ms * 8), gen);

describe('playing', () => {
  it('forwards at once, marks every 200 ms and the tail, and drains at the echo of the tail', () => {
    const { clock, playout, facts, log, say } = createLine();
    playout.mediaStarted(1);
    playout.begin(1);
    say(1, 500);
    expect(log.filter((line) => line.startsWith('mark'))).toEqual(['mark g1.1.1', 'mark g1.2.1']);
    playout.finish(1);
    expect(log.at(-1)).toBe('mark g1.3.1');
    expect(playout.remainingMs()).toBe(500);
    clock.advance(499);
    expect(facts).toEqual([]);
    expect(playout.ledger(1)).toEqual({ generatedMs: 500, sentMs: 500, heardMs: 499 });
    clock.advance(1);
    expect(facts).toEqual([{ type: 'playout.drained', gen: 1, playedMs: 500, method: 'mark' }]);
    expect(clock.pending).toBe(0);
  });

  it.each([20, 50, 120, 160, 200])('never sends more than 200 ms between marks of %i ms chunks', (frame) => {
    const { playout, log, say } = createLine();
    playout.mediaStarted(1);
    playout.begin(1);
    say(1, frame * 30, frame);
    let since = 0;
    for (const line of log) {
      since = line.startsWith('mark') ? 0 : since + frame;
      expect(since).toBeLessThanOrEqual(200);
    }
  });

  it('marks before a chunk that would overrun, and splits a long one on an edge of a frame', () => {
    const { playout, log } = createLine();
    playout.mediaStarted(1);
    playout.begin(1);
    for (const ms of [20, 190, 450, 450]) playout.push(audio(1, ms));
    // 20 | 190 and the next edge in the 450 | the rest of it | an edge in the next 450, its open end.
    expect(log.join(' ')).toBe(
      'play 1 mark g1.1.1 play 1 play 1 mark g1.2.1 play 1 mark g1.3.1 play 1 mark g1.4.1 play 1',
    );
  });

  it('drains a generation without audio at once', () => {
    const { playout, facts, log } = createLine();
    playout.begin(1);
    playout.finish(1);
    expect(facts).toEqual([{ type: 'playout.drained', gen: 1, playedMs: 0, method: 'mark' }]);
    expect(log).toEqual(['playout.drained']);
  });

  it('drains at once when the last echo came before the generation was done', () => {
    const { clock, playout, facts, say } = createLine();
    playout.mediaStarted(1);
    playout.begin(1);
    say(1, 400);
    clock.advance(700);
    playout.finish(1);
    expect(facts).toEqual([{ type: 'playout.drained', gen: 1, playedMs: 400, method: 'mark' }]);
  });

  it('plays generations one behind the other', () => {
    const { clock, playout, facts, placed, say } = createLine();
    playout.mediaStarted(1);
    playout.begin(1);
    playout.begin(2);
    say(1, 300, 100);
    playout.finish(1);
    say(2, 200, 100);
    playout.finish(2);
    expect(placed.map(([, at]) => at)).toEqual([0, 100, 200, 300, 400]);
    clock.advance(350);
    expect(playout.ledger(1)?.heardMs).toBe(300);
    expect(playout.ledger(2)?.heardMs).toBe(50);
    clock.advance(150);
    expect(facts.map((fact) => fact.gen)).toEqual([1, 2]);
  });

  it('counts the line running dry within a generation, not between two', () => {
    const { clock, playout, placed, say } = createLine();
    playout.mediaStarted(1);
    playout.begin(1);
    say(1, 100);
    clock.advance(110);
    say(1, 100, 100);
    expect(playout.counters.underruns).toBe(0);
    clock.advance(150);
    say(1, 100, 100);
    expect(playout.counters.underruns).toBe(1);
    expect(placed.at(-1)).toEqual([1, 260]);
    playout.finish(1);
    clock.advance(1000);
    playout.begin(2);
    say(2, 100);
    expect(playout.counters.underruns).toBe(1);
  });
});

describe('a carrier that does not echo', () => {
  it('drains two seconds after the audio must have ended, as an estimate', () => {
    const { clock, playout, facts, say } = createLine({ mute: true });
    playout.mediaStarted(1);
    playout.begin(1);
    say(1, 1000);
    clock.advance(400);
    playout.finish(1);
    clock.advance(2599);
    expect(facts).toEqual([]);
    clock.advance(1);
    expect(facts).toEqual([{ type: 'playout.drained', gen: 1, playedMs: 1000, method: 'estimated' }]);
    expect(playout.counters.estimated).toBe(1);
    expect(clock.pending).toBe(0);
  });

  it('keeps one timer for all generations', () => {
    const { clock, playout, facts } = createLine({ mute: true });
    playout.mediaStarted(1);
    for (const gen of [1, 2, 3]) {
      playout.begin(gen);
      playout.push(audio(gen, 0.125));
      playout.finish(gen);
    }
    clock.advance(100);
    expect(clock.pending).toBe(1);
    clock.advance(2000);
    expect(facts.map((fact) => fact.gen)).toEqual([1, 2, 3]);
  });

  it('goes by time alone where there are no marks', () => {
    const { clock, playout, facts, say, count } = createLine({ marks: 'none' });
    playout.mediaStarted(1);
    playout.begin(1);
    say(1, 300);
    playout.finish(1);
    clock.advance(300);
    expect(facts).toEqual([{ type: 'playout.drained', gen: 1, playedMs: 300, method: 'estimated' }]);
    expect(count('mark')).toBe(0);
    expect(playout.counters.estimated).toBe(0);
    playout.begin(2);
    say(2, 300);
    clock.advance(120);
    playout.flush(2);
    expect(facts.at(-1)).toEqual({ type: 'playout.cut', gen: 2, playedMs: 120, method: 'estimated' });
  });

  it('waits longer for one that plays late, as long as its echoes go on', () => {
    const { clock, playout, facts } = createLine({ mute: true });
    playout.mediaStarted(1);
    playout.begin(1);
    for (let n = 0; n < 5; n += 1) playout.push(audio(1, 200));
    playout.finish(1);
    clock.advance(2500);
    playout.echoed('g1.1.1');
    expect(playout.remainingMs()).toBe(800);
    clock.advance(2000);
    expect(facts).toEqual([]);
    clock.advance(800);
    expect(facts).toEqual([{ type: 'playout.drained', gen: 1, playedMs: 1000, method: 'estimated' }]);
  });
});

describe('cutting', () => {
  it('freezes first, clears once, then reports every later generation in order', () => {
    const { clock, playout, facts, log, say } = createLine();
    playout.mediaStarted(1);
    for (const gen of [1, 2, 3]) playout.begin(gen);
    say(1, 1000);
    say(2, 200);
    clock.advance(330);
    const before = log.length;
    playout.flush(1);
    expect(log.slice(before)).toEqual(['clear', 'cleared 330', 'playout.cut', 'playout.cut', 'playout.cut']);
    expect(facts).toEqual([
      { type: 'playout.cut', gen: 1, playedMs: 330, method: 'exact' },
      { type: 'playout.cut', gen: 2, playedMs: 0, method: 'estimated' },
      { type: 'playout.cut', gen: 3, playedMs: 0, method: 'exact' },
    ]);
    expect(playout.remainingMs()).toBe(0);
    expect(clock.pending).toBeLessThanOrEqual(1);
  });

  it('believes no echo that a clear brought back', () => {
    const { clock, playout, facts, say } = createLine({ latency: 40 });
    playout.mediaStarted(1);
    playout.begin(1);
    say(1, 1000);
    playout.finish(1);
    clock.advance(250);
    playout.flush(1);
    clock.advance(5000);
    expect(facts).toEqual([{ type: 'playout.cut', gen: 1, playedMs: 210, method: 'exact' }]);
    expect(playout.ledger(1)?.heardMs).toBe(210);
    expect(clock.pending).toBe(0);
  });

  it('drops and counts what still comes of a cut, finished or unknown generation', () => {
    const { playout, say, count } = createLine();
    playout.mediaStarted(1);
    playout.begin(1);
    playout.begin(2);
    say(1, 20);
    playout.finish(1);
    say(1, 20);
    playout.flush(2);
    say(2, 20);
    say(7, 20);
    expect(playout.counters.stale).toBe(3);
    expect(count('play 2')).toBe(0);
    expect(count('play 7')).toBe(0);
    expect(playout.ledger(2)).toEqual({ generatedMs: 20, sentMs: 0, heardMs: 0 });
  });

  it('lets an earlier generation play on when nothing of the cut one was sent', () => {
    const { clock, playout, facts, say, count } = createLine();
    playout.mediaStarted(1);
    playout.begin(1);
    playout.begin(2);
    say(1, 400);
    playout.finish(1);
    clock.advance(100);
    playout.flush(2);
    expect(count('clear')).toBe(0);
    clock.advance(300);
    expect(facts).toEqual([
      { type: 'playout.cut', gen: 2, playedMs: 0, method: 'exact' },
      { type: 'playout.drained', gen: 1, playedMs: 400, method: 'mark' },
    ]);
  });

  it('cuts an earlier generation too when the clear takes its audio', () => {
    const { clock, playout, facts, say } = createLine();
    playout.mediaStarted(1);
    playout.begin(1);
    playout.begin(2);
    say(1, 400);
    playout.finish(1);
    say(2, 400);
    clock.advance(250);
    playout.flush(2);
    expect(facts).toEqual([
      { type: 'playout.cut', gen: 1, playedMs: 250, method: 'exact' },
      { type: 'playout.cut', gen: 2, playedMs: 0, method: 'estimated' },
    ]);
  });

  it('never orders a clear from a carrier that has none', () => {
    const { clock, playout, facts, say, count } = createLine({ clear: false });
    playout.mediaStarted(1);
    playout.begin(1);
    say(1, 400);
    clock.advance(210);
    playout.flush(1);
    expect(count('clear')).toBe(0);
    clock.advance(1000);
    expect(facts).toEqual([{ type: 'playout.cut', gen: 1, playedMs: 210, method: 'exact' }]);
  });

  it('does not count the silence of a gap as heard', () => {
    const { clock, playout, facts, say } = createLine();
    playout.mediaStarted(1);
    playout.begin(1);
    say(1, 200);
    clock.advance(1000);
    say(1, 200);
    clock.advance(50);
    playout.flush(1);
    expect(facts[0]).toMatchObject({ playedMs: 250 });
  });

  it('reports exactly what the caller heard, whatever the chunks and moments', () => {
    const act = fc.record({ wait: fc.integer({ min: 0, max: 700 }), ms: fc.integer({ min: 1, max: 500 }) });
    fc.assert(
      fc.property(
        fc.array(act, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 0, max: 900 }),
        fc.constantFrom<PlayoutCapabilities['marks']>('echo-on-clear', 'drop-on-clear', 'none'),
        (acts, last, marks) => {
          const { clock, playout, facts, heard, spans } = createLine({ marks });
          playout.mediaStarted(1);
          playout.begin(1);
          for (const { wait, ms } of acts) {
            playout.push(audio(1, ms));
            clock.advance(wait);
          }
          clock.advance(last);
          playout.flush(1);
          expect(facts[0]).toMatchObject({ gen: 1, playedMs: heard.get(1) ?? 0 });
          expect(spans.every(({ at }, n) => n === 0 || at >= spans[n - 1]!.at + spans[n - 1]!.ms)).toBe(true);
          expect(spans.reduce((sum, { ms }) => sum + ms, 0)).toBe(acts.reduce((sum, { ms }) => sum + ms, 0));
        },
      ),
      { numRuns: 150, seed: 3 },
    );
  });
});

describe('a line that does not play', () => {
  it('counts nothing as heard before media, and plays what waited when it starts', () => {
    const { clock, playout, facts, placed } = createLine({ mute: true });
    playout.begin(1);
    playout.push(audio(1, 300));
    playout.finish(1);
    clock.advance(10_000);
    expect(facts).toEqual([]);
    expect(playout.ledger(1)?.heardMs).toBe(0);
    playout.mediaStarted(1);
    clock.advance(100);
    expect(playout.ledger(1)?.heardMs).toBe(100);
    playout.echoed('g1.1.0');
    expect(facts).toEqual([{ type: 'playout.drained', gen: 1, playedMs: 300, method: 'mark' }]);
    expect(placed.length).toBe(1);
  });

  it('reports nothing played when it is cut before media', () => {
    const { clock, playout, facts } = createLine();
    playout.begin(1);
    playout.push(audio(1, 300));
    clock.advance(5000);
    playout.flush(1);
    expect(facts).toEqual([{ type: 'playout.cut', gen: 1, playedMs: 0, method: 'exact' }]);
  });

  it('believes no echo while the caller is away, nor later what was sent then', () => {
    const { clock, playout, facts, placed } = createLine({ mute: true });
    playout.mediaStarted(1);
    playout.begin(1);
    playout.push(audio(1, 400));
    clock.advance(150);
    playout.suspend(true);
    playout.echoed('g1.1.1');
    clock.advance(1000);
    playout.push(audio(1, 400));
    playout.echoed('g1.2.1');
    expect(playout.ledger(1)?.heardMs).toBe(150);
    playout.suspend(false);
    clock.advance(1000);
    playout.echoed('g1.2.1');
    expect(playout.ledger(1)?.heardMs).toBe(150);
    expect(placed.length).toBe(1);
    playout.finish(1);
    clock.advance(2000);
    expect(facts).toEqual([{ type: 'playout.drained', gen: 1, playedMs: 150, method: 'estimated' }]);
  });

  it('loses what was queued when the caller goes away, even if nothing is sent meanwhile', () => {
    const { clock, playout, facts, log } = createLine({ mute: true });
    playout.mediaStarted(1);
    playout.begin(1);
    playout.push(audio(1, 400));
    clock.advance(150);
    playout.suspend(true);
    expect(log.at(-1)).toBe('cleared 150');
    expect(playout.remainingMs()).toBe(0);
    clock.advance(1000);
    playout.suspend(false);
    clock.advance(1000);
    playout.flush(1);
    expect(facts).toEqual([{ type: 'playout.cut', gen: 1, playedMs: 150, method: 'estimated' }]);
  });

  it('plays at once after a gap in the media, not behind what was sent into the gap', () => {
    const { clock, playout, placed } = createLine({ mute: true });
    playout.mediaStarted(1);
    playout.mediaStopped();
    playout.begin(1);
    playout.push(audio(1, 400));
    clock.advance(1000);
    playout.mediaStarted(2);
    expect(playout.remainingMs()).toBe(0);
    playout.echoed('g1.1.1');
    playout.begin(2);
    playout.push(audio(2, 100));
    expect(placed).toEqual([[2, 1000]]);
    clock.advance(60);
    expect(playout.ledger(1)?.heardMs).toBe(0);
    expect(playout.ledger(2)?.heardMs).toBe(60);
  });

  it('hears a generation begun after the caller is back', () => {
    const { clock, playout, facts, say } = createLine();
    playout.mediaStarted(1);
    playout.suspend(true);
    clock.advance(5000);
    playout.suspend(false);
    playout.begin(1);
    say(1, 300);
    playout.finish(1);
    clock.advance(300);
    expect(facts).toEqual([{ type: 'playout.drained', gen: 1, playedMs: 300, method: 'mark' }]);
  });

  it('loses what was queued when media stops, and ignores echoes of the earlier epoch', () => {
    const { clock, playout, facts, log } = createLine({ mute: true });
    playout.mediaStarted(1);
    playout.begin(1);
    playout.push(audio(1, 1000));
    playout.finish(1);
    clock.advance(300);
    playout.mediaStopped();
    expect(log.at(-1)).toBe('cleared 300');
    clock.advance(500);
    playout.mediaStarted(2);
    playout.echoed('g1.1.1');
    clock.advance(400);
    expect(playout.ledger(1)?.heardMs).toBe(300);
    expect(playout.remainingMs()).toBe(0);
    playout.begin(2);
    playout.push(audio(2, 260));
    expect(log.at(-1)).toBe('mark g2.4.2');
    clock.advance(2000);
    expect(facts).toEqual([{ type: 'playout.drained', gen: 1, playedMs: 300, method: 'estimated' }]);
  });
});

describe('a line that drops audio', () => {
  it('was sent nothing of it: what follows is what is heard', () => {
    let stands = false;
    const { clock, playout, facts, heard, placed } = createLine({ drops: () => stands });
    playout.mediaStarted(1);
    playout.begin(1);
    playout.push(audio(1, 100));
    stands = true;
    playout.push(audio(1, 400));
    stands = false;
    playout.push(audio(1, 60));
    playout.finish(1);
    expect(playout.ledger(1)).toMatchObject({ generatedMs: 560, sentMs: 160 });
    expect(placed.length).toBe(2);
    clock.advance(160);
    expect(heard.get(1)).toBe(160);
    expect(facts).toEqual([{ type: 'playout.drained', gen: 1, playedMs: 160, method: 'mark' }]);
  });

  it('is not waited for when it took nothing at all', () => {
    const { playout, facts } = createLine({ drops: () => true });
    playout.mediaStarted(1);
    playout.begin(1);
    playout.push(audio(1, 400));
    playout.finish(1);
    expect(facts).toEqual([{ type: 'playout.drained', gen: 1, playedMs: 0, method: 'mark' }]);
  });
});

describe('the memory of the ledger', () => {
  it('stays bounded, and what was forgotten stays over', () => {
    const { playout, say } = createLine();
    for (let gen = 1; gen <= 500; gen += 1) {
      playout.begin(gen);
      playout.finish(gen);
    }
    expect(playout.ledger(1)).toBeUndefined();
    expect(playout.ledger(500)).toBeDefined();
    playout.begin(1);
    say(1, 20);
    expect(playout.counters.stale).toBe(1);
    playout.forget(500);
    expect(playout.ledger(500)).toBeUndefined();
  });

  it('leaves no timer when it is closed', () => {
    const { clock, playout, facts } = createLine({ mute: true });
    playout.mediaStarted(1);
    playout.begin(1);
    playout.push(audio(1, 0.125));
    playout.finish(1);
    clock.advance(10);
    expect(clock.pending).toBe(1);
    playout.close();
    expect(clock.pending).toBe(0);
    playout.flush(1);
    playout.push(audio(1, 20));
    expect(facts).toEqual([]);
  });
});
