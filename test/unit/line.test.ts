/**
 * The line carries both voices past everything that may go wrong beside them: a tap that throws, a session that is
 * not there yet, a greeting made before anybody can hear it, and a cut in the middle of all that.
 */
import { describe, expect, it } from 'vitest';
import { bytesOf, chunkOfBytes } from '../../src/audio/chunk.ts';
import { createLine, type LineOptions, tap } from '../../src/runtime/assemble/line.ts';
import { createFakeCall } from './assemble-parts.ts';

interface Fact {
  readonly type: string;
  readonly gen?: number;
}

function openLine(options: Partial<LineOptions> = {}) {
  const call = createFakeCall();
  const facts: Fact[] = [];
  const heard: number[] = [];
  const keys: string[] = [];
  const line = createLine(call.parts, {
    gain: { in: 1, out: 1 },
    pressed: (key) => void keys.push(key),
    heard: () => {},
    transferRequest: () => undefined,
    legFact: () => {},
    ...options,
  });
  const port = line.open({ call: call.parts.id }, (fact) => void facts.push(fact));
  line.listener = (chunk) => void heard.push(bytesOf(chunk)[0]!);
  let at = 0;
  return {
    ...call,
    line,
    facts,
    /** First byte of every frame that the session got. */
    heard,
    keys,
    order: (order: { type: string; [key: string]: unknown }) => port.order?.(order),
    port,
    /** The caller says frames of 20 ms, told apart by their bytes. */
    speakUp: (...names: number[]): void => {
      for (const name of names) {
        call.leg.sink.audio(chunkOfBytes(new Uint8Array(160).fill(name), 0, at));
        at += 20;
      }
    },
    /** The agent says `ms` of a generation. */
    say: (gen: number, ms: number) => line.speak(chunkOfBytes(new Uint8Array(ms * 8), gen)),
    startMedia: () => call.leg.sink.fact({ type: 'leg.mediaStarted', epoch: 1 }),
    echoAll: (): void => {
      for (const entry of call.leg.log) {
        if (entry.startsWith('mark ')) call.leg.sink.mark(entry.slice(5));
      }
    },
    typesOf: (gen: number) => facts.filter((fact) => fact.gen === gen).map(({ type }) => type),
  };
}

describe('a tap that throws', () => {
  it('is detached and counted, and both voices go on', () => {
    const { parts, line, counters, complaints, heard, speakUp, order, say, leg } = openLine();
    const failures: string[] = [];
    const calls = { caller: 0, agent: 0, second: 0 };
    const failed = (name: string): void => void failures.push(name);
    const burst = (): never => {
      throw new Error('the disk is full');
    };
    tap(parts, line.taps.caller$, 'meter', () => (calls.caller += 1) && burst(), failed);
    tap(parts, line.taps.caller$, 'second', () => (calls.second += 1), failed);
    tap(parts, line.taps.agent$, 'recorder', () => (calls.agent += 1) && burst(), failed);
    line.steer('live', 'live');
    order({ type: 'begin', gen: 1 });
    speakUp(1, 2, 3);
    say(1, 100);
    say(1, 100);
    expect(heard).toEqual([1, 2, 3]);
    expect(leg.played.length).toBe(2);
    expect(calls).toEqual({ caller: 1, agent: 1, second: 3 });
    expect(failures).toEqual(['meter', 'recorder']);
    expect(counters.tapErrors).toBe(2);
    expect(complaints).toEqual(Array<string>(2).fill('an audio tap failed and was detached'));
  });

  it('is released with the call', () => {
    const { parts, line, speakUp } = openLine();
    let seen = 0;
    tap(
      parts,
      line.taps.caller$,
      'meter',
      () => (seen += 1),
      () => {},
    );
    speakUp(1);
    parts.scope.close();
    line.taps.caller$.next(chunkOfBytes(new Uint8Array(160)));
    expect(seen).toBe(1);
  });
});

describe("the caller's voice", () => {
  it('waits for the session and reaches it once and in order, then live', () => {
    const { line, heard, speakUp } = openLine();
    speakUp(1, 2);
    line.steer('buffer', 'hold');
    speakUp(3, 4, 5);
    expect(heard).toEqual([]);
    line.steer('live', 'hold');
    expect(heard).toEqual([3, 4, 5]);
    speakUp(6);
    line.steer('live', 'live');
    speakUp(7);
    expect(heard).toEqual([3, 4, 5, 6, 7]);
  });

  it('keeps its order when a frame comes while the ring is being emptied', () => {
    const { line, heard, speakUp } = openLine();
    line.steer('buffer', 'hold');
    speakUp(1, 2, 3);
    line.listener = (chunk) => {
      if (heard.push(bytesOf(chunk)[0]!) === 1) speakUp(4);
    };
    line.steer('live', 'hold');
    expect(heard).toEqual([1, 2, 3, 4]);
  });

  it('is kept for four seconds at most, the newest of it', () => {
    const { line, heard, speakUp } = openLine();
    line.steer('buffer', 'hold');
    for (let frame = 0; frame < 250; frame += 1) speakUp(frame);
    line.steer('live', 'hold');
    expect(heard).toEqual(Array.from({ length: 200 }, (_, frame) => frame + 50));
  });

  it('says how long it is, and which keys were pressed without naming them to the chart', () => {
    const { line, facts, keys, parts, leg, speakUp } = openLine();
    speakUp(1, 2, 3);
    expect(line.heardMs).toBe(60);
    for (const key of ['7', '*', '#']) leg.sink.digit(key);
    expect(facts).toEqual([
      { type: 'digits.key', class: 'digit', n: 1 },
      { type: 'digits.key', class: 'star', n: 2 },
      { type: 'digits.key', class: 'hash', n: 3 },
    ]);
    expect(keys).toEqual(['7', '*', '#']);
    expect(parts.record.takeKeys()).toBe('7*#');
  });
});

describe('a greeting made while it rings', () => {
  it('is held, finished while held, played at the answer and drained by its own mark', () => {
    const { order, say, line, leg, typesOf, startMedia, echoAll, clock } = openLine();
    order({ type: 'begin', gen: 1 });
    for (let n = 0; n < 5; n += 1) say(1, 170);
    order({ type: 'finish', gen: 1 });
    clock.advance(5000);
    expect(leg.log).toEqual([]);
    expect(typesOf(1)).toEqual([]);
    startMedia();
    line.steer('live', 'live');
    expect(leg.played.reduce((sum, { ms }) => sum + ms, 0)).toBe(850);
    expect(leg.log.at(-1)).toMatch(/^mark g1\./);
    clock.advance(849);
    expect(typesOf(1)).toEqual([]);
    clock.advance(1);
    echoAll();
    expect(typesOf(1)).toEqual(['playout.drained']);
  });

  it('goes on live where it was not finished yet', () => {
    const { order, say, line, leg, typesOf, startMedia, echoAll, clock } = openLine();
    order({ type: 'begin', gen: 1 });
    say(1, 160);
    startMedia();
    line.steer('live', 'live');
    say(1, 40);
    order({ type: 'finish', gen: 1 });
    clock.advance(200);
    echoAll();
    expect(leg.played.map(({ ms }) => ms)).toEqual([160, 40]);
    expect(typesOf(1)).toEqual(['playout.drained']);
  });

  it('is gone when it is cut: nothing of it is played, or reported as heard', () => {
    const { order, say, line, leg, facts, typesOf, startMedia } = openLine();
    order({ type: 'begin', gen: 1 });
    say(1, 400);
    order({ type: 'finish', gen: 1 });
    order({ type: 'flush', gen: 1, by: 'runtime' });
    expect(facts).toEqual([{ type: 'playout.cut', gen: 1, playedMs: 0, method: 'exact' }]);
    order({ type: 'begin', gen: 2 });
    say(2, 100);
    startMedia();
    line.steer('live', 'live');
    expect(leg.played.map(({ gen }) => gen)).toEqual([2]);
    // It was taken out of what is held, and did not first have to be played to be refused.
    expect(line.playout.counters.stale).toBe(0);
    expect(typesOf(1)).toEqual(['playout.cut']);
  });

  it('is finished and drained although a later reply was cut while both were held', () => {
    const { order, say, line, leg, typesOf, startMedia, echoAll, clock } = openLine();
    for (const gen of [1, 2]) {
      order({ type: 'begin', gen });
      say(gen, 200);
      order({ type: 'finish', gen });
    }
    order({ type: 'flush', gen: 2, by: 'runtime' });
    startMedia();
    line.steer('live', 'live');
    clock.advance(200);
    echoAll();
    expect(leg.played.map(({ gen }) => gen)).toEqual([1]);
    expect(typesOf(1)).toEqual(['playout.drained']);
    expect(typesOf(2)).toEqual(['playout.cut']);
  });

  it('of two held replies each drains by its own mark, in order', () => {
    const { order, say, line, typesOf, facts, startMedia, echoAll, clock } = openLine();
    for (const gen of [1, 2]) {
      order({ type: 'begin', gen });
      say(gen, 130);
      order({ type: 'finish', gen });
    }
    startMedia();
    line.steer('live', 'live');
    clock.advance(300);
    echoAll();
    expect(facts.filter(({ type }) => type === 'playout.drained')).toMatchObject([
      { gen: 1, playedMs: 130, method: 'mark' },
      { gen: 2, playedMs: 130, method: 'mark' },
    ]);
    expect(typesOf(2)).toEqual(['playout.drained']);
  });
});

describe('a cut', () => {
  it('clears the carrier first and drops what still comes', () => {
    const { order, say, line, leg, facts, startMedia, clock } = openLine();
    startMedia();
    line.steer('live', 'live');
    order({ type: 'begin', gen: 1 });
    say(1, 600);
    clock.advance(250);
    facts.length = 0;
    const before = leg.log.length;
    order({ type: 'flush', gen: 1, by: 'voice' });
    say(1, 200);
    expect(leg.log.slice(before)).toEqual(['clear']);
    expect(facts).toEqual([{ type: 'playout.cut', gen: 1, playedMs: 250, method: 'estimated' }]);
  });
});

describe('one of our own lines', () => {
  it('passes a gate that is shut, as a generation with words', () => {
    const { order, line, leg, facts, parts, startMedia } = openLine();
    startMedia();
    line.steer('drop', 'drop');
    order({ type: 'play', line: 'apology', request: 7 });
    const started = facts.at(-1)!;
    expect(started).toMatchObject({ type: 'gen.started', request: 7 });
    order({ type: 'begin', gen: started.gen! });
    expect(facts.slice(-2).map(({ type }) => type)).toEqual(['gen.audio', 'gen.done']);
    const ms = leg.played.reduce((sum, chunk) => sum + chunk.ms, 0);
    expect(facts.at(-1)).toMatchObject({ audioMs: ms, tools: 0 });
    expect(ms).toBeGreaterThan(500);
    expect(parts.record.entries).toMatchObject([{ role: 'assistant', kind: 'apology' }]);
  });

  it('is still there to be begun when what was said before it is cut', () => {
    const { order, say, line, leg, facts, startMedia } = openLine();
    startMedia();
    line.steer('live', 'live');
    order({ type: 'begin', gen: 1 });
    say(1, 600);
    order({ type: 'play', line: 'apology', request: 7 });
    const { gen } = facts.at(-1)!;
    order({ type: 'flush', gen: 1, by: 'voice' });
    const before = leg.played.length;
    order({ type: 'begin', gen });
    expect(leg.played.length).toBeGreaterThan(before);
    expect(leg.played.slice(before).every((chunk) => chunk.gen === gen)).toBe(true);
    // It was given a voice: the chart waits for its end, and is told of it.
    order({ type: 'finish', gen });
    expect(line.playout.ledger(gen!)?.sentMs).toBeGreaterThan(500);
  });
});

describe('frames that stop coming', () => {
  it('are missed after two seconds, once, and noticed when they are back', () => {
    const { clock, facts, speakUp, startMedia } = openLine();
    startMedia();
    speakUp(1);
    clock.advance(1000);
    facts.length = 0;
    clock.advance(10_000);
    speakUp(2);
    clock.advance(1000);
    expect(facts).toEqual([
      { type: 'media.stalled', epoch: 1 },
      { type: 'media.flowing', epoch: 1 },
    ]);
  });
});

it('closing releases the leg, the taps and every timer', () => {
  const { clock, parts, line, leg, startMedia, order, say } = openLine();
  let completed = 0;
  const observer = { complete: () => void (completed += 1) };
  line.taps.caller$.subscribe(observer);
  line.taps.agent$.subscribe(observer);
  line.taps.cleared$.subscribe(observer);
  startMedia();
  line.steer('live', 'live');
  order({ type: 'begin', gen: 1 });
  say(1, 100);
  order({ type: 'finish', gen: 1 });
  expect(clock.pending).toBe(2);
  parts.scope.close();
  expect(leg.log.at(-1)).toBe('close');
  expect(completed).toBe(3);
  expect(clock.pending).toBe(0);
});
