/**
 * @module Text for a terminal: colours where they are wanted, times, and lines broken at words. Pure.
 */
import { stripVTControlCharacters, styleText } from 'node:util';

export type Style = Parameters<typeof styleText>[0];
/** Puts a style on text, or leaves it as it is where there are no colours. */
export type Paint = (style: Style, text: string) => string;

/** Creates a painter. @param color false makes one that paints nothing */
export function createPaint(color: boolean): Paint {
  // The stream was judged already, by who knows where the text goes.
  return color ? (style, text) => styleText(style, text, { validateStream: false }) : (_style, text) => text;
}

/** `01:02.345` from milliseconds; hours only where there are some. */
export function formatElapsed(ms: number): string {
  const whole = Math.max(0, Math.round(ms));
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  const clock = `${two((whole / 60_000) % 60)}:${two((whole / 1000) % 60)}.${String(whole % 1000).padStart(3, '0')}`;
  return whole >= 3_600_000 ? `${two(whole / 3_600_000)}:${clock}` : clock;
}

/** `14:03:07.250` of the local day, from a Unix time in milliseconds. */
export function formatTimeOfDay(unixMs: number): string {
  const date = new Date(unixMs);
  const [hours, minutes, seconds] = [date.getHours(), date.getMinutes(), date.getSeconds()].map((value) =>
    String(value).padStart(2, '0'),
  );
  return `${hours}:${minutes}:${seconds}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

/** Columns that text takes: Hangul, Han and kana take two. */
export function widthOf(text: string): number {
  let columns = 0;
  for (const letter of stripVTControlCharacters(text)) {
    columns += /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60]/u.test(letter) ? 2 : 1;
  }
  return columns;
}

/** Breaks text at spaces into lines of at most `width` columns; a longer word stays whole. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter((part) => part !== '')) {
    if (line !== '' && widthOf(line) + 1 + widthOf(word) > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  if (line !== '' || lines.length === 0) lines.push(line);
  return lines;
}

/** Fills up with spaces to `width` columns. */
export function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}
