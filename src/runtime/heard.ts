/**
 * @module How much of a text was heard, from how much of its audio was: the text that history and transcripts keep.
 * A realtime model gives no word times, so this is an estimate by share of speech, and is labelled as one.
 */

export interface HeardText {
  add(text: string): void;
  whole(): string;
  /**
   * The part heard after `playedMs` of `generatedMs` of audio, ending at a word that had begun.
   */
  heard(playedMs: number, generatedMs: number): string;
}

export function createHeardText(): HeardText {
  let text = '';
  return {
    add(delta) {
      text += delta;
    },
    whole: () => text.trim(),
    heard(playedMs, generatedMs) {
      const whole = text.trim();
      if (playedMs <= 0 || whole === '') return '';
      if (playedMs >= generatedMs) return whole;
      return cutAtWord(whole, playedMs / generatedMs);
    },
  };
}

/** Cuts after the word that contains the point at `share` of the text's spoken weight. */
function cutAtWord(text: string, share: number): string {
  const words = text.split(/(?<=\s)/u);
  const total = words.reduce((sum, word) => sum + weigh(word), 0);
  const limit = total * share;
  let spoken = 0;
  let kept = '';
  for (const word of words) {
    // A word of which less than half was spoken was not heard.
    if (spoken + weigh(word) / 2 > limit) break;
    spoken += weigh(word);
    kept += word;
  }
  return kept.trimEnd();
}

/** How long a word takes to say, in units of one Latin letter: digits are words, punctuation is a pause. */
function weigh(word: string): number {
  let weight = 0;
  for (const letter of word) {
    if (/\p{Script=Hangul}|\p{Script=Han}|\p{Script=Katakana}|\p{Script=Hiragana}/u.test(letter))
      weight += 2.5;
    else if (/\p{N}/u.test(letter)) weight += 4;
    else if (/[.,;:!?。、！？]/u.test(letter)) weight += 3;
    else if (/\p{L}/u.test(letter)) weight += 1;
    else weight += 0.5;
  }
  return weight;
}
