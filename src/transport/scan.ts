/**
 * @module Reads what networks send on media sockets: caller audio straight from the bytes, fifty times a second, and
 * everything else as fields. The networks differ in the envelope only, so what lies inside it is read here.
 */
import { type Chunk, chunkOfBase64 } from '../audio/chunk.ts';

type Fields = Readonly<Record<string, unknown>>;

const SPACE = 0x20;
const QUOTE = 0x22;
const EQUALS = 0x3d;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
export const BRACE = 0x7d;

/** Which bytes base64 text is made of, padding apart. */
const BASE64 = new Uint8Array(256);
for (const char of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/') {
  BASE64[char.charCodeAt(0)] = 1;
}

const TRACK = Buffer.from('"track":"inbound",');
const CHUNK = Buffer.from('"chunk":"');
const TIMESTAMP = Buffer.from('"timestamp":"');
const PAYLOAD = Buffer.from('"payload":"');

/** Where `part` ends in `data` if it stands at `from`; -1 if it does not, or if `from` is -1 already. */
export function after(data: Buffer, part: Buffer, from: number): number {
  const { length } = part;
  if (from < 0 || from + length > data.length) return -1;
  for (let index = 0; index < length; index += 1) {
    if (data[from + index] !== part[index]) return -1;
  }
  return from + length;
}

/** Past `digits",` at `from`; -1 if that is not what stands there. */
function afterDigits(data: Buffer, from: number): number {
  if (from < 0) return -1;
  let end = from;
  while (isDigit(data[end])) end += 1;
  // 15 digits still are exact as a number.
  if (end === from || end - from > 15) return -1;
  return data[end] === QUOTE && data[end + 1] === COMMA ? end + 2 : -1;
}

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39;

/** Past an optional `"name":"digits",`; stays where it is when `name` does not stand there. */
export function skipNumber(data: Buffer, name: Buffer, from: number): number {
  const start = after(data, name, from);
  return start < 0 ? from : afterDigits(data, start);
}

/** Where the text from `start` ends: at its closing quote; -1 if it has escapes, what JSON forbids, or no end. */
export function textEnd(data: Buffer, start: number): number {
  if (start < 0) return -1;
  for (let end = start; end < data.length; end += 1) {
    const byte = data[end]!;
    if (byte === QUOTE) return end;
    if (byte === BACKSLASH || byte < SPACE) return -1;
  }
  return -1;
}

/** Where the base64 text from `start` ends: at the quote that must follow it; -1 if something else does. */
function payloadEnd(data: Buffer, start: number): number {
  const quote = data.indexOf(QUOTE, start);
  if (quote < 0) return -1;
  let end = quote;
  if (end > start && data[end - 1] === EQUALS) end -= 1;
  if (end > start && data[end - 1] === EQUALS) end -= 1;
  // Without a branch on each character: a frame of 20 ms has two hundred of them.
  let isBase64 = 1;
  for (let at = start; at < end; at += 1) isBase64 &= BASE64[data[at]!]!;
  return isBase64 === 1 ? quote : -1;
}

/**
 * Caller audio from the inside of a `media` object, without parsing: `track`, `chunk` and `timestamp`, each optional
 * and in this order, then `payload`.
 * @param from where the object's first field begins; -1 gives undefined
 * @param expected position on the media axis, in ms, of a frame that carries no timestamp
 * @param isTail whether the message may go on like this after the object
 * @returns a view into the message; undefined for any other layout
 */
export function readMediaObject(
  data: Buffer,
  from: number,
  expected: number,
  isTail: (data: Buffer, from: number) => boolean,
): Chunk | undefined {
  if (from < 0) return undefined;
  const track = after(data, TRACK, from);
  let next = skipNumber(data, CHUNK, track < 0 ? from : track);
  let at = expected;
  const stamp = after(data, TIMESTAMP, next);
  if (stamp >= 0) {
    next = afterDigits(data, stamp);
    at = 0;
    for (let index = stamp; index < next - 2; index += 1) at = at * 10 + data[index]! - 0x30;
  }
  const start = after(data, PAYLOAD, next);
  if (start < 0) return undefined;
  const end = payloadEnd(data, start);
  if (end < 0 || data[end + 1] !== BRACE || !isTail(data, end + 2)) return undefined;
  return chunkOfBase64(data.subarray(start, end), 0, at);
}

/** The message is over: its closing brace and nothing more. */
export function isEnd(data: Buffer, from: number): boolean {
  return data[from] === BRACE && from + 1 === data.length;
}

/**
 * Caller audio from a parsed `media` object.
 * @param expected as in `readMediaObject`
 * @returns `ignored` for our own voice, which is on the wire too where a stream carries both tracks
 */
export function readAudio(value: unknown, expected: number): Chunk | 'ignored' | 'malformed' {
  const media = fieldsOf(value);
  const payload = media?.payload;
  if (typeof payload !== 'string' || !/^[A-Za-z0-9+/]*={0,2}$/.test(payload)) return 'malformed';
  if (typeof media?.track === 'string' && media.track.startsWith('outbound')) return 'ignored';
  return chunkOfBase64(Buffer.from(payload, 'latin1'), 0, stampOf(media?.timestamp) ?? expected);
}

/** A string or a number of whole ms; a frame with anything else is placed after the one before it. */
function stampOf(value: unknown): number | undefined {
  const digits = typeof value === 'number' ? String(value) : value;
  return typeof digits === 'string' && /^\d{1,15}$/.test(digits) ? Number(digits) : undefined;
}

/** Parses a message to an object; undefined for anything else. */
export function parseFields(text: string): Fields | undefined {
  try {
    return fieldsOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** A value as an object with fields; undefined for arrays, null and the rest. */
export function fieldsOf(value: unknown): Fields | undefined {
  return isFields(value) ? value : undefined;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
