/**
 * What a call keeps for its length: an object that V8 takes for a dictionary costs 400 bytes and a slow look-up at every
 * use, and a literal with getters is one. A hundred calls at once have a hundred of each.
 */
import { setFlagsFromString } from 'node:v8';
import { runInThisContext } from 'node:vm';
import { afterEach, expect, test } from 'vitest';
import { createHearGate, createSpeakGate } from '../../src/audio/gate.ts';
import { addAudio, createGeneration, freeze, heardBy } from '../../src/audio/playout-ledger.ts';
import { createChunkRing } from '../../src/audio/ring.ts';
import { createLine } from '../../src/runtime/assemble/line.ts';
import { createProgress } from '../../src/runtime/assemble/progress.ts';
import { createFakeCall } from './assemble-parts.ts';

setFlagsFromString('--allow-natives-syntax');
const isFast = runInThisContext('(object) => %HasFastProperties(object)') as (object: object) => boolean;

const nothing = (): void => {};
const call = createFakeCall();
afterEach(() => call.parts.scope.close());

test('is no dictionary', () => {
  const line = createLine(call.parts, {
    gain: { in: 1, out: 1 },
    pressed: nothing,
    heard: nothing,
    transferRequest: () => undefined,
    legFact: nothing,
  });
  const kept = {
    line,
    playout: line.playout,
    taps: line.taps,
    progress: createProgress({ turn: nothing, bargeIn: nothing, sessionLost: nothing, entered: nothing }),
    clock: call.parts.clock,
    scope: call.parts.scope,
    record: call.parts.record,
    hear: createHearGate({ pass: nothing }),
    speak: createSpeakGate({ pass: nothing }),
    ring: createChunkRing(),
  };
  const dictionaries = Object.entries(kept).filter(([, object]) => !isFast(object));
  expect(dictionaries.map(([name]) => name)).toEqual([]);
  expect(isFast({ a: 1 })).toBe(true);
  // The test can fail: this is what it is about.
  const literal = (value: number): object => ({
    get a() {
      return value;
    },
  });
  literal(0);
  expect(isFast(literal(1))).toBe(false);
});

test('where a generation has played is forgotten once no more of it can be heard', () => {
  const entry = createGeneration(1);
  addAudio(entry, 0, 100);
  addAudio(entry, 300, 100);
  expect(entry.runs).toHaveLength(2);
  freeze(entry, 350);
  addAudio(entry, 600, 100);
  expect(entry.runs).toEqual([]);
  expect(heardBy(entry, 1000)).toBe(150);
});
