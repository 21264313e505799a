/**
 * Recordings drift, collapse silence, and hold what was generated rather than what was heard. Here every frame lies
 * where the carrier's clock puts it, the agent where it was played, and what was cut or private is not in the file.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { type Chunk, chunkOfBase64, chunkOfBytes } from '../../src/audio/chunk.ts';
import { decode, encode } from '../../src/audio/g711.ts';
import { createPlayout } from '../../src/audio/playout.ts';
import { createRecorder, type Recorder, type RecorderOptions } from '../../src/audio/recorder.ts';
import { readWav } from '../../src/audio/wav.ts';
import { createVirtualClock } from '../../src/testing/virtual-clock.ts';

const folder = mkdtempSync(join(tmpdir(), 'offhook-recorder-'));
afterAll(() => rmSync(folder, { recursive: true }));
let recordings = 0;

function recorder(options: Partial<RecorderOptions> = {}) {
  recordings += 1;
  const directory = join(folder, `r${recordings}`);
  return { directory, recorder: createRecorder({ directory, callId: 'CA1', codec: 'ulaw', ...options }) };
}

/** A G.711 level that survives the law: the sample it decodes to. */
const level = (value: number): number => decode('ulaw', encode('ulaw', Int16Array.of(value)))[0]!;
const pcm = (ms: number, value: number): Uint8Array => encode('ulaw', new Int16Array(ms * 8).fill(value));
const callerAt = (at: number, value: number, ms = 20): Chunk => chunkOfBytes(pcm(ms, value), 0, at);
const agent = (ms: number, value: number): Chunk => chunkOfBytes(pcm(ms, value), 1);

const tracks = (directory: string, kind: 'in' | 'out' | 'mix', call = 'CA1'): Int16Array[] =>
  readWav(readFileSync(join(directory, `${call}_${kind}.wav`))).channels;

/** The audio as runs of one level: [from ms, level]. */
function runs(track: Int16Array): [number, number][] {
  const seen: [number, number][] = [];
  track.forEach((sample, index) => {
    if (seen.at(-1)?.[1] !== sample) seen.push([index / 8, sample]);
  });
  return seen;
}

/** Silent caller frames from `from` to `until`: the passing of media time. */
function pass(to: Recorder, from: number, until: number, value = 0): void {
  for (let at = from; at < until; at += 20) to.caller(callerAt(at, value));
}

describe('the caller', () => {
  it('lies where the carrier puts each frame, gaps silent, duplicates and overlaps dropped', () => {
    const { directory, recorder: to } = recorder();
    to.caller(callerAt(5000, 1000));
    to.caller(callerAt(5020, 2000));
    to.caller(callerAt(5020, 3000));
    to.caller(callerAt(5030, 4000));
    to.caller(callerAt(5000, 5000));
    to.caller(callerAt(8000, 1000));
    const summary = to.close();
    expect(runs(tracks(directory, 'in')[0]!)).toEqual([
      [0, level(1000)],
      [20, level(2000)],
      [40, level(4000)],
      [50, 0],
      [3000, level(1000)],
    ]);
    expect(summary).toMatchObject({ durationMs: 3020, mediaMs: 3020, driftMs: 0 });
    for (const kind of ['in', 'out', 'mix'] as const)
      expect(tracks(directory, kind)[0]!.length).toBe(3020 * 8);
  });

  it('survives an hour without frames and a broken timestamp', () => {
    const { directory, recorder: to } = recorder();
    to.caller(callerAt(0, 1000));
    to.caller(callerAt(3_600_000, 2000));
    to.caller(callerAt(9e15, 3000));
    to.caller(callerAt(Number.NaN, 3000));
    expect(to.close()).toMatchObject({ durationMs: 3_600_020, driftMs: 0 });
    expect(statSync(join(directory, 'CA1_mix.wav')).blocks * 512).toBeLessThan(200_000);
    expect(tracks(directory, 'in')[0]!.at(-1)).toBe(level(2000));
  });

  it('is as long as its media time for any frames, with every file of one length', () => {
    const frame = fc.record({
      step: fc.oneof(fc.integer({ min: -60, max: 80 }), fc.constant(0), fc.integer({ min: 0, max: 4000 })),
      ms: fc.integer({ min: 1, max: 60 }),
    });
    fc.assert(
      fc.property(fc.array(frame, { minLength: 1, maxLength: 60 }), (frames) => {
        const { directory, recorder: to } = recorder();
        const expected: number[] = [];
        let next = 0;
        for (const [n, { step, ms }] of frames.entries()) {
          const at = n === 0 ? 0 : Math.max(0, next + step);
          const value = level(200 + n * 90);
          to.caller(callerAt(at, value, ms));
          next = at + ms;
          while (expected.length < at * 8) expected.push(0);
          while (expected.length < next * 8) expected.push(value);
        }
        const { driftMs, mediaMs } = to.close();
        expect(driftMs).toBe(0);
        expect(mediaMs).toBe(expected.length / 8);
        expect(runs(tracks(directory, 'in')[0]!)).toEqual(runs(Int16Array.from(expected)));
        expect(tracks(directory, 'mix').map((track) => track.length)).toEqual([
          expected.length,
          expected.length,
        ]);
      }),
      { numRuns: 40, seed: 5 },
    );
  });
});

describe('the agent', () => {
  it('lies where it was played, however early it was sent', () => {
    const { directory, recorder: to } = recorder();
    for (let n = 0; n < 100; n += 1) to.agent(agent(20, 3000), n * 20);
    pass(to, 0, 3000, 500);
    to.agent(agent(100, 6000), 3200);
    pass(to, 3000, 4000, 500);
    expect(to.close().durationMs).toBe(4000);
    expect(runs(tracks(directory, 'out')[0]!)).toEqual([
      [0, level(3000)],
      [2000, 0],
      [3200, level(6000)],
      [3300, 0],
    ]);
    const [left, right] = tracks(directory, 'mix');
    expect(left).toEqual(tracks(directory, 'in')[0]);
    expect(right).toEqual(tracks(directory, 'out')[0]);
  });

  it('keeps a greeting sent before the first frame, wherever the axis begins', () => {
    const { directory, recorder: to } = recorder();
    to.agent(agent(40, 3000), 0);
    to.agent(agent(40, 4000), 40);
    pass(to, 90_000, 90_200);
    to.close();
    expect(runs(tracks(directory, 'out')[0]!)).toEqual([
      [0, level(3000)],
      [40, level(4000)],
      [80, 0],
    ]);
  });

  it('is not in the file beyond a clear, nor in the second before now', () => {
    const { directory, recorder: to } = recorder();
    to.caller(callerAt(0, 0));
    to.agent(agent(10_000, 3000), 0);
    pass(to, 20, 3000);
    expect(tracks(directory, 'out')[0]!.length).toBeLessThanOrEqual(2000 * 8);
    to.cleared(2500);
    pass(to, 3000, 5000);
    to.agent(agent(500, 6000), 4800);
    to.cleared(4900);
    pass(to, 5000, 7000);
    to.close();
    expect(runs(tracks(directory, 'out')[0]!)).toEqual([
      [0, level(3000)],
      [2500, 0],
      [4800, level(6000)],
      [4900, 0],
    ]);
  });

  it('is forgotten when it is cleared before the first frame', () => {
    const { directory, recorder: to } = recorder();
    to.agent(agent(100, 3000), 0);
    to.agent(agent(100, 3000), 100);
    to.cleared(60);
    pass(to, 0, 400);
    to.close();
    expect(runs(tracks(directory, 'out')[0]!)).toEqual([
      [0, level(3000)],
      [60, 0],
    ]);
  });

  it('ends where the caller cut it, by the ledger of the same call', () => {
    const { directory, recorder: to } = recorder();
    const clock = createVirtualClock();
    const playout = createPlayout({
      clock,
      can: { marks: 'none', clear: true, pacing: 'carrier' },
      play: () => true,
      mark() {},
      clear() {},
      fact() {},
      placed: (chunk, atMs) => to.agent(chunk, atMs),
      cleared: (atMs) => to.cleared(atMs),
      mediaNow: () => clock.now(),
    });
    playout.mediaStarted(1);
    playout.begin(1);
    for (let at = 0; at < 3000; at += 20) {
      to.caller(callerAt(at, 0));
      if (at === 200) for (let n = 0; n < 10; n += 1) playout.push(agent(200, 3000));
      if (at === 1300) playout.flush(1);
      clock.advance(20);
    }
    to.close();
    expect(runs(tracks(directory, 'out')[0]!)).toEqual([
      [0, 0],
      [200, level(3000)],
      [1300, 0],
    ]);
  });
});

describe('privacy', () => {
  it('is silence of the same length with cues, for both sides', () => {
    const { directory, recorder: to } = recorder();
    to.agent(agent(3000, 3000), 0);
    pass(to, 0, 1000, 800);
    to.pause();
    to.pause();
    pass(to, 1000, 1500, 900);
    to.away(true);
    to.resume();
    pass(to, 1500, 2000, 950);
    to.away(false);
    to.cue('note');
    pass(to, 2000, 2400, 800);
    expect(to.close()).toMatchObject({ durationMs: 2400, driftMs: 0 });
    expect(runs(tracks(directory, 'in')[0]!)).toEqual([
      [0, level(800)],
      [1000, 0],
      [2000, level(800)],
    ]);
    expect(runs(tracks(directory, 'out')[0]!)).toEqual([
      [0, level(3000)],
      [1000, 0],
      [2000, level(3000)],
    ]);
    expect(JSON.parse(readFileSync(join(directory, 'CA1_cues.json'), 'utf8'))).toEqual({
      call: 'CA1',
      rate: 8000,
      durationMs: 2400,
      cues: [
        { atMs: 1000, name: 'paused' },
        { atMs: 1500, name: 'away' },
        { atMs: 1500, name: 'resumed' },
        { atMs: 2000, name: 'back' },
        { atMs: 2000, name: 'note' },
      ],
    });
  });

  it('holds from the beginning, and for more than one pause', () => {
    const { directory, recorder: to } = recorder();
    to.pause();
    to.agent(agent(100, 3000), 0);
    pass(to, 0, 100, 800);
    to.resume();
    pass(to, 100, 200, 800);
    to.pause();
    pass(to, 200, 300, 800);
    to.resume();
    pass(to, 300, 3000, 800);
    to.close();
    expect(runs(tracks(directory, 'in')[0]!)).toEqual([
      [0, 0],
      [100, level(800)],
      [200, 0],
      [300, level(800)],
    ]);
    expect(runs(tracks(directory, 'out')[0]!)).toEqual([[0, 0]]);
  });
});

describe('the files', () => {
  it.each([
    ['../../etc/passwd', /^_.._etc_passwd-[0-9a-f]{8}_in\.wav$/],
    ['.hidden', /^hidden-[0-9a-f]{8}_in\.wav$/],
    ['', /^call-[0-9a-f]{8}_in\.wav$/],
    ['x'.repeat(400), /^x{100}-[0-9a-f]{8}_in\.wav$/],
    ['CA_01.b-2', /^CA_01\.b-2_in\.wav$/],
  ])('of call %j stay in the directory', (callId, expected) => {
    const { directory, recorder: to } = recorder({ callId });
    to.caller(callerAt(0, 1000));
    const { files } = to.close();
    expect(files.length).toBe(4);
    const names = readdirSync(directory);
    expect(names.length).toBe(4);
    expect(names.some((name) => expected.test(name))).toBe(true);
  });

  it('do not exist without media', () => {
    const { recorder: to } = recorder();
    to.pause();
    to.agent(agent(20, 1000), 0);
    expect(to.close()).toEqual({ files: [], durationMs: 0, mediaMs: 0, driftMs: 0 });
    expect(to.close().files).toEqual([]);
  });

  it('that cannot be written are reported once and never throw', () => {
    const errors: string[] = [];
    const blocked = join(folder, 'blocked');
    writeFileSync(blocked, '');
    const to = createRecorder({
      directory: blocked,
      callId: 'CA2',
      codec: 'ulaw',
      onError: (error) => errors.push(error.code),
    });
    pass(to, 0, 3000);
    to.agent(agent(20, 1000), 2500);
    to.cleared(0);
    to.cue('note');
    expect(to.close().files).toEqual([]);
    expect(errors).toEqual(['OFFHOOK_TAP_FAILED']);
  });

  it('take base64 that is a view into a message, in either law', () => {
    const { directory, recorder: to } = recorder({ codec: 'alaw' });
    const text = Buffer.from(Buffer.from(encode('alaw', new Int16Array(160).fill(1000))).toString('base64'));
    const message = Buffer.concat([Buffer.from('{"p":"'), text]);
    to.agent(chunkOfBase64(message.subarray(6), 1), 0);
    to.caller(chunkOfBase64(message.subarray(6), 0, 0));
    message.fill(0);
    to.close();
    const heard = decode('alaw', encode('alaw', Int16Array.of(1000)))[0];
    expect(runs(tracks(directory, 'mix')[0]!)).toEqual([[0, heard]]);
    expect(runs(tracks(directory, 'mix')[1]!)).toEqual([[0, heard]]);
  });
});
