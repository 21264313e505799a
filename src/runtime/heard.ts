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
  return new SpokenText();
}

class SpokenText implements HeardText {
  #text = '';

  add(delta: string): void {
    this.#text += delta;
  }

  whole(): string {
    return this.#text.trim();
  }

  heard(playedMs: number, generatedMs: number): string {
    const whole = this.whole();
    if (playedMs <= 0 || whole === '') return '';
    if (playedMs >= generatedMs) return whole;
    return cutAtWord(whole, playedMs / generatedMs);
  }
}

/** Cuts after the word that contains the point at `share` of the text's spoken weight. */
function cutAtWord(text: string, share: number): string {
  const limit = weigh(text, 0, text.length) * share;
  let spoken = 0;
  let kept = 0;
  while (kept < text.length) {
    const end = endOfWord(text, kept);
    const weight = weigh(text, kept, end);
    // A word of which less than half was spoken was not heard.
    if (spoken + weight / 2 > limit) break;
    spoken += weight;
    kept = end;
  }
  return text.slice(0, kept).trimEnd();
}

const SPACE = /\s/gu;

/** Past the white space behind the word that begins at `from`. */
function endOfWord(text: string, from: number): number {
  SPACE.lastIndex = from;
  return SPACE.test(text) ? SPACE.lastIndex : text.length;
}

/** How long a stretch takes to say, in units of one Latin letter: digits are words, punctuation is a pause. */
function weigh(text: string, from: number, to: number): number {
  let weight = 0;
  for (let at = from; at < to;) {
    const letter = text.codePointAt(at)!;
    weight += ASCII[letter] ?? weightOf(String.fromCodePoint(letter));
    at += letter > 0xffff ? 2 : 1;
  }
  return weight;
}

function weightOf(letter: string): number {
  if (/\p{Script=Hangul}|\p{Script=Han}|\p{Script=Katakana}|\p{Script=Hiragana}/u.test(letter)) return 2.5;
  if (/\p{N}/u.test(letter)) return 4;
  if (/[.,;:!?。、！？]/u.test(letter)) return 3;
  return /\p{L}/u.test(letter) ? 1 : 0.5;
}

/** A barge-in weighs a whole answer while the caller waits; four expressions a letter took as long as the charts. */
const ASCII = Array.from({ length: 128 }, (_, code) => weightOf(String.fromCharCode(code)));
