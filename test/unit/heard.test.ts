/**
 * @module How much of a reply was heard, from how much of its audio was played: within two words for speech that
 * moves evenly, in English and in Korean, and exact where there is nothing to estimate.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createHeardText } from '../../src/runtime/heard.ts';

function heard(text: string, playedMs: number, generatedMs = 10_000): string {
  const heardText = createHeardText();
  heardText.add(text);
  return heardText.heard(playedMs, generatedMs);
}

const wordsOf = (text: string): string[] => text.split(/\s+/u).filter((word) => word !== '');

const ENGLISH =
  'Your order left the warehouse this morning and should reach you by Thursday afternoon. If nobody is at home, ' +
  'the driver will leave it with a neighbour and put a card through your door. Is there anything else I can do?';
const KOREAN =
  '고객님의 주문은 오늘 아침에 창고를 떠났고 목요일 오후까지는 도착할 예정입니다. 댁에 아무도 안 계시면 기사님이 이웃에게 ' +
  '맡기고 문에 쪽지를 남겨 드릴 겁니다. 더 도와드릴 일이 있을까요?';

/** Time each word takes when every letter takes the same: Latin letters, or Hangul syllables. */
function speak(text: string, perLetter: number): { generatedMs: number; startOf: number[]; endOf: number[] } {
  const startOf: number[] = [];
  const endOf: number[] = [];
  let at = 0;
  for (const word of wordsOf(text)) {
    startOf.push(at);
    at += (word.length + 0.5) * perLetter;
    endOf.push(at);
  }
  return { generatedMs: at, startOf, endOf };
}

describe('the part of a text that was heard', () => {
  for (const [language, text, perLetter] of [
    ['English', ENGLISH, 65],
    ['Korean', KOREAN, 160],
  ] as const) {
    test(`is right within two words at every moment, in ${language}`, () => {
      const { generatedMs, endOf } = speak(text, perLetter);
      const words = wordsOf(text);
      for (let playedMs = 0; playedMs <= generatedMs; playedMs += 20) {
        const estimate = wordsOf(heard(text, playedMs, generatedMs)).length;
        const truth = endOf.filter((end) => end <= playedMs).length;
        expect(Math.abs(estimate - truth), `at ${playedMs} of ${generatedMs} ms`).toBeLessThanOrEqual(2);
      }
      expect(wordsOf(heard(text, generatedMs, generatedMs))).toEqual(words);
    });
  }

  test('is nothing when nothing was played, and all when all was', () => {
    expect(heard(ENGLISH, 0)).toBe('');
    expect(heard(ENGLISH, -5)).toBe('');
    expect(heard(ENGLISH, 10_000)).toBe(ENGLISH);
    expect(heard(ENGLISH, 12_000)).toBe(ENGLISH);
    expect(heard('', 500)).toBe('');
    expect(heard('  \n ', 500)).toBe('');
    expect(heard(ENGLISH, 100, 0)).toBe(ENGLISH);
  });

  test('counts a word once half of it was spoken', () => {
    expect(heard('abcdefgh abcdefgh', 2_400)).toBe('');
    expect(heard('abcdefgh abcdefgh', 2_600)).toBe('abcdefgh');
    expect(heard('abcdefgh abcdefgh', 7_400)).toBe('abcdefgh');
    expect(heard('abcdefgh abcdefgh', 7_800)).toBe('abcdefgh abcdefgh');
  });

  test('knows that digits take longer to say than letters', () => {
    // Two thirds of the way, by letters, would be past the number; spoken out, it is still being said.
    const text = 'it is 20250101 now okay then';
    expect(heard(text, 4_000)).toBe('it is');
  });

  test('knows that a Hangul syllable takes longer than a Latin letter', () => {
    expect(heard('안녕하세요 thank you', 4_000)).toBe('안녕하세요');
    expect(heard('thank you 안녕하세요', 4_000)).toBe('thank you');
  });

  test('is always a beginning of the text, ends at a word, and only ever grows', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }), { maxLength: 12 }),
        fc.integer({ min: 1, max: 10_000 }),
        (parts, generatedMs) => {
          const text = parts.join(' ');
          const words = wordsOf(text.trim());
          let before = '';
          for (let step = 0; step <= 10; step += 1) {
            const part = heard(text, (generatedMs * step) / 10, generatedMs);
            expect(text.trim().startsWith(part)).toBe(true);
            expect(part.startsWith(before)).toBe(true);
            expect(wordsOf(part)).toEqual(words.slice(0, wordsOf(part).length));
            before = part;
          }
          expect(before).toBe(text.trim());
        },
      ),
      { seed: 2, numRuns: 200 },
    );
  });

  test('is made of pieces as they come, also within a word', () => {
    const heardText = createHeardText();
    for (const piece of ['Hel', 'lo ', 'th', 'ere']) heardText.add(piece);
    expect(heardText.whole()).toBe('Hello there');
    expect(heardText.heard(5_500, 10_000)).toBe('Hello');
  });
});
