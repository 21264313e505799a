/**
 * @module Messages as bytes on a WebSocket, as a server writes them: good ones by the thousand, and bad ones of every
 * kind from a seed.
 */

/** One message as its frame. */
export function frame(message: object | string | Uint8Array): Buffer {
  const binary = message instanceof Uint8Array;
  const body = binary
    ? Buffer.from(message)
    : Buffer.from(typeof message === 'string' ? message : JSON.stringify(message));
  const { length } = body;
  const head =
    length < 126
      ? Buffer.from([0, length])
      : length < 65_536
        ? Buffer.from([0, 126, length >> 8, length & 0xff])
        : Buffer.from([
            0,
            127,
            0,
            0,
            0,
            0,
            (length >>> 24) & 0xff,
            (length >> 16) & 0xff,
            (length >> 8) & 0xff,
            length & 0xff,
          ]);
  head[0] = binary ? 0x82 : 0x81;
  return Buffer.concat([head, body]);
}

export const frames = (messages: readonly (object | string | Uint8Array)[]): Buffer =>
  Buffer.concat(messages.map(frame));

/** Values nobody expects where another is meant. */
const ODD: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1e308,
  -1e308,
  Number.MAX_SAFE_INTEGER,
  0.1,
  '',
  '\u0000',
  'NaN',
  '9'.repeat(400),
  '\ud800',
  '한국어 🧨',
  'x'.repeat(5_000),
  [],
  [[[[[]]]]],
  {},
  { toString: 7 },
  { constructor: null },
];

/** Keys that mean something to a careless reader. */
const KEYS = ['__proto__', 'constructor', 'event', 'type', 'media', 'payload', 'delta', 'response', 'item'];

const JUNK = [
  '',
  ' ',
  '{',
  '}',
  'null',
  '7',
  '[]',
  '""',
  'hello',
  '{"event":',
  '{"type":',
  '\ufeff{}',
  'NaN',
  '[1,2',
];

/** Numbers in [0, 1). */
export type Random = () => number;

const pick = <T>(random: Random, list: readonly T[]): T => list[Math.floor(random() * list.length)]!;

/** A copy in which one value, however deep, is replaced, removed or doubled. */
function spoil(random: Random, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return pick(random, ODD);
  const entries = Object.entries(value);
  if (entries.length === 0) return pick(random, ODD);
  const [key, inner] = pick(random, entries);
  const copy: Record<string, unknown> = { ...(value as Record<string, unknown>) };
  const way = random();
  if (way < 0.15) delete copy[key];
  else if (way < 0.3) copy[pick(random, KEYS)] = pick(random, ODD);
  else if (way < 0.6) copy[key] = pick(random, ODD);
  else copy[key] = spoil(random, inner);
  return copy;
}

const randomBytes = (random: Random, length: number): Uint8Array =>
  Uint8Array.from({ length }, () => Math.floor(random() * 256));

/** Text with a few characters of it gone wrong; still text, since a WebSocket refuses what is not. */
function garble(random: Random, text: string): string {
  const at = Math.floor(random() * text.length);
  const wrong = String.fromCharCode(0x20 + Math.floor(random() * 0x5e));
  return text.slice(0, at) + wrong + text.slice(at + Math.floor(random() * 4));
}

/**
 * `count` bad messages made of good ones: values of the wrong type, numbers too large, keys that are missing or
 * foreign, text that is no JSON or is cut short, and binary noise.
 */
export function malformed(
  random: Random,
  good: readonly object[],
  count: number,
): (object | string | Uint8Array)[] {
  return Array.from({ length: count }, () => {
    const way = random();
    const message = pick(random, good);
    if (way < 0.45) return spoil(random, message) as object;
    if (way < 0.6) return garble(random, JSON.stringify(message));
    if (way < 0.75) return JSON.stringify(message).slice(0, Math.floor(random() * 80));
    if (way < 0.85) return pick(random, JUNK);
    return randomBytes(random, Math.floor(random() * 200));
  }).map((message) =>
    message instanceof Uint8Array || typeof message === 'string' ? message : JSON.stringify(message ?? null),
  );
}

const CHARACTERS = [
  '"',
  '{',
  '}',
  '[',
  ']',
  ':',
  ',',
  '\\',
  '\n',
  '\u0000',
  ' ',
  'a',
  'é',
  '한',
  '🧨',
  '0',
  '-',
  '.',
];

function randomValue(random: Random, depth: number): unknown {
  const way = random();
  if (depth === 0 || way < 0.5) return pick(random, ODD);
  const inner = Array.from({ length: Math.floor(random() * 4) }, () => randomValue(random, depth - 1));
  return way < 0.75 ? inner : Object.fromEntries(inner.map((value) => [pick(random, KEYS), value]));
}

/** `count` messages made of nothing: bytes, characters, and JSON of any shape. */
export function noise(random: Random, count: number): (string | Uint8Array)[] {
  return Array.from({ length: count }, () => {
    const way = random();
    const length = Math.floor(random() ** 3 * 4_000);
    if (way < 0.35) return randomBytes(random, length);
    if (way < 0.7) return Array.from({ length }, () => pick(random, CHARACTERS)).join('');
    return JSON.stringify(randomValue(random, 5));
  });
}
