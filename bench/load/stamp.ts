/**
 * @module What the load writes into the audio it sends: a kind, two numbers and the time, as the first 15 bytes of a
 * chunk. It survives base64 being decoded and encoded again, so that every subject's chunks can be told apart.
 */

/** Base64 characters a stamp takes: five groups of three bytes. */
export const STAMP_LENGTH = 20;

/** The first group of a stamp. Audio of one value throughout, as the load sends it, never begins like this. */
export const KIND = { voice: 0x56a1c5, silence: 0x21c5e7, answer: 0x2ae5b1 } as const;

const ALPHABET = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/', 'latin1');
const VALUES = new Uint8Array(256);
for (const [value, code] of ALPHABET.entries()) VALUES[code] = value;

const HIGH = 2 ** 24;

/** Writes 24 bits as four base64 characters. */
function write24(target: Uint8Array, at: number, value: number): void {
  target[at] = ALPHABET[(value >>> 18) & 63]!;
  target[at + 1] = ALPHABET[(value >>> 12) & 63]!;
  target[at + 2] = ALPHABET[(value >>> 6) & 63]!;
  target[at + 3] = ALPHABET[value & 63]!;
}

/** Reads four base64 characters as 24 bits. */
export function read24(source: Uint8Array, at: number): number {
  return (
    (VALUES[source[at]!]! << 18) |
    (VALUES[source[at + 1]!]! << 12) |
    (VALUES[source[at + 2]!]! << 6) |
    VALUES[source[at + 3]!]!
  );
}

/** Stamps the base64 text at `at`; the time is that of writing. */
export function writeStamp(
  target: Uint8Array,
  at: number,
  kind: number,
  owner: number,
  serial: number,
): void {
  const time = Math.round(performance.now() * 1_000);
  write24(target, at, kind);
  write24(target, at + 4, owner);
  write24(target, at + 8, serial);
  write24(target, at + 12, Math.floor(time / HIGH));
  write24(target, at + 16, time % HIGH);
}

/** The kind of the chunk at `at`; some other number where the text there is no stamp. */
export const kindAt = read24;
/** Which caller spoke, or which response this is of. */
export const ownerAt = (source: Uint8Array, at: number): number => read24(source, at + 4);
/** Its place among the chunks of its owner, from 0. */
export const serialAt = (source: Uint8Array, at: number): number => read24(source, at + 8);
/** How long ago it was stamped, ms. */
export function ageAt(source: Uint8Array, at: number): number {
  const time = read24(source, at + 12) * HIGH + read24(source, at + 16);
  return performance.now() - time / 1_000;
}
