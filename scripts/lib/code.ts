/**
 * @module Reads TypeScript just far enough to tell code from words: comments, strings and patterns become blanks of
 * the same length, so that positions and lines stay those of the source.
 */

/** Words after which a slash begins a pattern, not a division. */
const BEFORE_PATTERN = /(?:^|[^\w$.])(?:return|typeof|case|in|of|delete|void|throw|new|await|yield|do|else)$/;

/** `source` with the text of comments, strings, templates and patterns blanked. Quotes stay. */
export function maskCode(source: string): string {
  const out = source.split('');
  const blank = (from: number, to: number): void => {
    for (let at = from; at < to; at += 1) if (out[at] !== '\n') out[at] = ' ';
  };
  /** Open braces; true where closing it goes back into a template. */
  const braces: boolean[] = [];
  let at = 0;
  const skip = (end: number, from = at, to = end): void => {
    blank(from, to);
    at = end;
  };
  const template = (): void => {
    const from = at;
    while (at < source.length && source[at] !== '`' && !source.startsWith('${', at)) {
      at += source[at] === '\\' ? 2 : 1;
    }
    blank(from, Math.min(at, source.length));
    if (source[at] === '$') {
      braces.push(true);
      at += 2;
    } else at += 1;
  };
  while (at < source.length) {
    const char = source[at];
    const two = source.slice(at, at + 2);
    if (two === '//') skip(endOf(source, '\n', at));
    else if (two === '/*') skip(endOf(source, '*/', at + 2) + 2);
    else if (char === "'" || char === '"') {
      const end = endOfQuoted(source, at, char);
      skip(end, at + 1, end - 1);
    } else if (char === '/' && beginsPattern(out, at)) skip(endOfPattern(source, at));
    else {
      at += 1;
      if (char === '`') template();
      else if (char === '{') braces.push(false);
      else if (char === '}' && braces.pop() === true) template();
    }
  }
  return out.join('');
}

function endOf(source: string, mark: string, from: number): number {
  const end = source.indexOf(mark, from);
  return end === -1 ? source.length : end;
}

function endOfQuoted(source: string, from: number, quote: string): number {
  let at = from + 1;
  while (at < source.length && source[at] !== quote && source[at] !== '\n') at += source[at] === '\\' ? 2 : 1;
  return Math.min(at + 1, source.length);
}

function beginsPattern(masked: readonly string[], at: number): boolean {
  const before = masked
    .slice(Math.max(0, at - 40), at)
    .join('')
    .trimEnd();
  const last = before.at(-1);
  return last === undefined || '(,=:[!&|?{};+-*%<>~^'.includes(last) || BEFORE_PATTERN.test(before);
}

function endOfPattern(source: string, from: number): number {
  let inClass = false;
  for (let at = from + 1; at < source.length; at += 1) {
    const char = source[at];
    if (char === '\\') at += 1;
    else if (char === '\n') return from + 1;
    else if (char === '[') inClass = true;
    else if (char === ']') inClass = false;
    else if (char === '/' && !inClass) return at + 1;
  }
  return source.length;
}

/** The line, from 1, that holds position `at`. */
export function lineAt(source: string, at: number): number {
  let line = 1;
  for (let next = source.indexOf('\n'); next !== -1 && next < at; next = source.indexOf('\n', next + 1)) {
    line += 1;
  }
  return line;
}

/** The position of the bracket that closes the one at `from` in masked code, or the end. */
export function closingBracket(masked: string, from: number): number {
  let depth = 0;
  for (let at = from; at < masked.length; at += 1) {
    if ('([{'.includes(masked[at]!)) depth += 1;
    else if (')]}'.includes(masked[at]!)) {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  return masked.length;
}
