/**
 * A model that is minutes ahead of the line: what it said is recorded where it is played, and meanwhile lies on the
 * disk and not in memory. With a spill a track reads exactly as without one.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { chunkOfBytes } from '../../src/audio/chunk.ts';
import { decode } from '../../src/audio/g711.ts';
import { createRecorder } from '../../src/audio/recorder.ts';
import { createRecorderSpill, type RecorderSpill } from '../../src/audio/recorder-spill.ts';
import { createRecorderTrack } from '../../src/audio/recorder-track.ts';
import { readWav } from '../../src/audio/wav.ts';
import { createRandom } from '../../src/runtime/ids.ts';

const folder = mkdtempSync(join(tmpdir(), 'offhook-spill-'));
afterAll(() => rmSync(folder, { recursive: true }));

const SECOND = 8_000;
const noise = (bytes: number, seed: number): Uint8Array => {
  const random = createRandom(seed);
  return Uint8Array.from({ length: bytes }, () => Math.floor(random() * 256));
};

/** A spill that says what lies in it. */
function watched(spill: RecorderSpill) {
  let most = 0;
  return {
    spill: {
      get start() {
        return spill.start;
      },
      get end() {
        return spill.end;
      },
      put(start, bytes) {
        spill.put(start, bytes);
        most = Math.max(most, spill.end - spill.start);
      },
      take: (until, give) => spill.take(until, give),
      cut: (start) => spill.cut(start),
      close: () => spill.close(),
    } satisfies RecorderSpill,
    get most() {
      return most;
    },
  };
}

it('reads as if all of it had been in memory, whatever is placed, cut and placed again', () => {
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        place: fc.integer({ min: 0, max: 30 * SECOND }),
        length: fc.integer({ min: 1, max: 5 * SECOND }),
      }),
    },
    { weight: 3, arbitrary: fc.record({ read: fc.integer({ min: 1, max: 4 * SECOND }) }) },
    { weight: 1, arbitrary: fc.record({ cut: fc.integer({ min: 0, max: 20 * SECOND }) }) },
  );
  let spilled = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), (steps) => {
      const spill = createRecorderSpill(join(folder, 'property.tmp'));
      const watch = watched(spill);
      const track = createRecorderTrack('ulaw', watch.spill);
      const plain = createRecorderTrack('ulaw');
      let base = 0;
      let queue = 0;
      for (const [seed, given] of steps.entries()) {
        if ('place' in given) {
          // As a line plays: behind what was placed last, or after a pause.
          queue = Math.max(queue, base + (seed % 3 === 0 ? given.place : 0));
          const bytes = noise(given.length, seed);
          track.place(queue, bytes);
          plain.place(queue, bytes);
          queue += given.length;
        } else if ('cut' in given) {
          track.cut(base + given.cut);
          plain.cut(base + given.cut);
          queue = Math.min(queue, base + given.cut);
        } else {
          const [one, other] = [new Int16Array(given.read), new Int16Array(given.read)];
          track.read(one);
          plain.read(other);
          expect(Buffer.from(one.buffer).equals(Buffer.from(other.buffer))).toBe(true);
          base += given.read;
        }
        expect(track.end).toBe(plain.end);
      }
      spill.close();
      spilled = Math.max(spilled, watch.most);
    }),
    { numRuns: 150, seed: 3 },
  );
  expect(spilled, 'nothing was far ahead').toBeGreaterThan(20 * SECOND);
});

it('three minutes given at once are recorded where they play, after a cut too, and no file is left', () => {
  const recorder = createRecorder({ directory: folder, callId: 'CA1', codec: 'ulaw' });
  const caller = (at: number): void => recorder.caller(chunkOfBytes(new Uint8Array(160).fill(0xff), 0, at));
  const said = noise(180 * SECOND, 1);
  const after = noise(2 * SECOND, 2);
  caller(0);
  for (let at = 0; at < said.length; at += 1_360) {
    recorder.agent(chunkOfBytes(said.subarray(at, at + 1_360), 1), 20 + at / 8);
  }
  for (let at = 20; at < 100_000; at += 20) caller(at);
  recorder.cleared(100_000);
  recorder.agent(chunkOfBytes(after, 2), 100_000);
  for (let at = 100_000; at < 105_000; at += 20) caller(at);
  recorder.close();
  const [out] = readWav(readFileSync(join(folder, 'CA1_out.wav'))).channels;
  const expected = new Int16Array(105 * SECOND);
  expected.set(decode('ulaw', said.subarray(0, 100 * SECOND - 160)), 160);
  expected.set(decode('ulaw', after), 100 * SECOND);
  expect(
    Buffer.from(out!.buffer, out!.byteOffset, out!.byteLength).equals(Buffer.from(expected.buffer)),
  ).toBe(true);
  expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
});

it('a disk that is full ends the recording, once reported, and throws at nobody', () => {
  const errors: string[] = [];
  const recorder = createRecorder({
    directory: folder,
    callId: 'CA2',
    codec: 'ulaw',
    onError: ({ code }) => errors.push(code),
  });
  recorder.caller(chunkOfBytes(new Uint8Array(160), 0, 0));
  // Nobody can write to a folder as if it were a file.
  mkdirSync(join(folder, 'CA2_ahead.tmp'));
  for (let at = 0; at < 60_000; at += 100) recorder.agent(chunkOfBytes(new Uint8Array(800), 1), at);
  recorder.close();
  expect(errors).toEqual(['OFFHOOK_TAP_FAILED']);
});
