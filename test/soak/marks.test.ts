/** Marked audio shows each thing that can happen to it on the way, to the millisecond. */
import { describe, expect, test } from 'vitest';
import { isVoiced } from '../../src/exchange/voice.ts';
import { callOf, createFollower, type Fate, MOST_CALLS, utteranceOf, writeMarks } from './marks.ts';

const CALL = 199;
const speech = writeMarks(CALL, 3, 400, (at) => at < 200);
const ms = (from: number, to: number): Uint8Array => speech.subarray(from * 8, to * 8);

function fateOf(...pieces: Uint8Array[]): Fate {
  const follower = createFollower(CALL, 3);
  for (const piece of pieces) follower.follow(piece);
  return follower.fate(400);
}
const WHOLE: Fate = { arrived: 400, lost: 0, early: 0, late: 0, repeated: 0, foreign: 0 };

describe('of marked audio it is seen', () => {
  test.each([
    ['that it came whole', [ms(0, 400)], WHOLE],
    ['that it came in pieces', [ms(0, 1), ms(1, 130), ms(130, 400)], WHOLE],
    ['that a piece is missing', [ms(0, 100), ms(120, 400)], { ...WHOLE, arrived: 380, lost: 20 }],
    ['that its beginning is missing', [ms(5, 400)], { ...WHOLE, arrived: 395, lost: 5, early: 5 }],
    ['that its end is missing', [ms(0, 399)], { ...WHOLE, arrived: 399, lost: 1, late: 1 }],
    ['that nothing came', [], { ...WHOLE, arrived: 0, lost: 400, late: 400 }],
    ['that a piece came twice', [ms(0, 100), ms(80, 100), ms(100, 400)], { ...WHOLE, repeated: 20 }],
    [
      'that two pieces changed places',
      [ms(0, 100), ms(120, 140), ms(100, 120), ms(140, 400)],
      { ...WHOLE, arrived: 380, lost: 20, repeated: 20 },
    ],
    ['that it is of another call', [ms(0, 400), writeMarks(198, 3, 20)], { ...WHOLE, foreign: 20 }],
    ['that it is of another utterance', [writeMarks(CALL, 2, 20), ms(0, 400)], { ...WHOLE, foreign: 20 }],
    ['that it is no such audio', [ms(0, 400), new Uint8Array(16).fill(0xff)], { ...WHOLE, foreign: 2 }],
    [
      'that it was cut in the middle of a millisecond',
      [speech.subarray(0, 12), speech.subarray(12)],
      { ...WHOLE, arrived: 1, lost: 399, late: 399, foreign: 400 },
    ],
  ])('%s', (_what, pieces, fate) => expect(fateOf(...pieces)).toEqual(fate));

  test('which utterance it is of', () => {
    expect(utteranceOf(CALL, speech)).toBe(3);
    expect(utteranceOf(CALL - 1, speech)).toBe(-1);
    for (const byte of [0x00, 0x7f, 0xff]) expect(utteranceOf(CALL, new Uint8Array(8).fill(byte))).toBe(-1);
  });

  test('which call it is of, and that it is of none', () => {
    expect(callOf(speech)).toBe(CALL);
    for (const byte of [0x00, 0x7f, 0xff])
      expect(callOf(new Uint8Array(8).fill(byte))).toBeGreaterThanOrEqual(MOST_CALLS);
  });

  test('more than was sent', () => {
    const follower = createFollower(CALL, 3);
    follower.follow(speech);
    expect(follower.fate(390)).toEqual({ ...WHOLE, foreign: 10 });
  });
});

test('voice is voice and silence is silence to those who listen by energy', () => {
  for (const call of [0, 1, MOST_CALLS - 1]) {
    const audio = writeMarks(call, 15, 0x10000, (at) => at % 200 < 100);
    for (let frame = 0; frame * 160 < audio.length; frame += 1) {
      expect(isVoiced(audio, frame * 160, frame * 160 + 160)).toBe(frame % 10 < 5);
    }
  }
});
