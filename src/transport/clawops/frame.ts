/**
 * @module The media messages of the ClawOps platform (clawops.md §3.3, §3.4), straight from and to bytes.
 * Caller audio is recognised in the raw message and handed on as a view of its base64; only what does not look
 * like the platform's own layout goes through JSON.parse.
 */
import { base64Of, type Chunk, chunkOfBase64 } from '../../audio/chunk.ts';
import { fieldsOf, parseFields } from './wire.ts';

/** A media message that is not caller audio. */
export type MediaFact =
  | { type: 'audio'; chunk: Chunk }
  /** `complete` is false for a `start` that lacks its ids. */
  | { type: 'start'; complete: boolean }
  | { type: 'mark'; name: string }
  | { type: 'digit'; key: string }
  | { type: 'stop' }
  | { type: 'ignored' }
  | { type: 'unknown' }
  | { type: 'malformed' };

const QUOTE = 0x22;
const EQUALS = 0x3d;

/** Which bytes base64 text is made of, padding apart. */
const BASE64 = new Uint8Array(256);
for (const char of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/') {
  BASE64[char.charCodeAt(0)] = 1;
}

const HEAD = Buffer.from('{"event":"media",');
const SEQUENCE = Buffer.from('"sequenceNumber":"');
const MEDIA = Buffer.from('"media":{');
const TRACK = Buffer.from('"track":"inbound",');
const CHUNK = Buffer.from('"chunk":"');
const TIMESTAMP = Buffer.from('"timestamp":"');
const PAYLOAD = Buffer.from('"payload":"');

/** Where `part` ends in `data` if it stands at `from`; -1 if it does not, or if `from` is -1 already. */
function after(data: Buffer, part: Buffer, from: number): number {
  if (from < 0 || from + part.length > data.length) return -1;
  for (let index = 0; index < part.length; index += 1) {
    if (data[from + index] !== part[index]) return -1;
  }
  return from + part.length;
}

/** Past `digits",` at `from`; -1 if that is not what stands there. */
function afterDigits(data: Buffer, from: number): number {
  if (from < 0) return -1;
  let end = from;
  while (isDigit(data[end])) end += 1;
  // 15 digits still are exact as a number.
  if (end === from || end - from > 15) return -1;
  return data[end] === QUOTE && data[end + 1] === 0x2c ? end + 2 : -1;
}

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39;

/** Past an optional `"name":"digits",`; stays where it is when `name` does not stand there. */
function skipField(data: Buffer, name: Buffer, from: number): number {
  const start = after(data, name, from);
  return start < 0 ? from : afterDigits(data, start);
}

/** Where the base64 text from `start` ends: at the quote that must follow it; -1 if something else does. */
function payloadEnd(data: Buffer, start: number): number {
  let end = start;
  while (BASE64[data[end] ?? 0] === 1) end += 1;
  if (data[end] === EQUALS) end += 1;
  if (data[end] === EQUALS) end += 1;
  return data[end] === QUOTE ? end : -1;
}

/**
 * Caller audio in the platform's own layout, without parsing: the order of fields in clawops.md §3.3, with
 * `sequenceNumber`, `track`, `chunk` and `timestamp` each optional, and `payload` last.
 * @param expected position on the media axis, in ms, of a frame that carries no timestamp
 * @returns undefined for any other message, which `readMedia` then takes
 */
export function readFrame(data: Buffer, expected: number): Chunk | undefined {
  let from = skipField(data, SEQUENCE, after(data, HEAD, 0));
  from = after(data, MEDIA, from);
  if (from < 0) return undefined;
  const track = after(data, TRACK, from);
  from = skipField(data, CHUNK, track < 0 ? from : track);
  let at = expected;
  const stamp = after(data, TIMESTAMP, from);
  if (stamp >= 0) {
    from = afterDigits(data, stamp);
    at = 0;
    for (let index = stamp; index < from - 2; index += 1) at = at * 10 + data[index]! - 0x30;
  }
  const start = after(data, PAYLOAD, from);
  if (start < 0) return undefined;
  const end = payloadEnd(data, start);
  if (end < 0 || end + 3 !== data.length || data[end + 1] !== 0x7d || data[end + 2] !== 0x7d)
    return undefined;
  return chunkOfBase64(data.subarray(start, end), 0, at);
}

/** Reads any media message the slow and sure way. @param expected as in `readFrame`. */
export function readMedia(data: Buffer, expected: number): MediaFact {
  const fields = parseFields(data.toString());
  if (!fields || typeof fields.event !== 'string') return { type: 'malformed' };
  switch (fields.event) {
    case 'media':
      return readAudio(fields.media, expected);
    case 'mark': {
      const name = fieldsOf(fields.mark)?.name;
      return typeof name === 'string' ? { type: 'mark', name } : { type: 'malformed' };
    }
    case 'dtmf': {
      const key = fieldsOf(fields.dtmf)?.digit;
      return typeof key === 'string' && /^[0-9*#]$/.test(key)
        ? { type: 'digit', key }
        : { type: 'malformed' };
    }
    case 'start': {
      const start = fieldsOf(fields.start);
      const complete = typeof start?.streamId === 'string' && typeof start.callId === 'string';
      return { type: 'start', complete };
    }
    case 'stop':
      return { type: 'stop' };
    case 'connected':
      return { type: 'ignored' };
    default:
      return { type: 'unknown' };
  }
}

function readAudio(value: unknown, expected: number): MediaFact {
  const media = fieldsOf(value);
  const payload = media?.payload;
  if (typeof payload !== 'string' || !/^[A-Za-z0-9+/]*={0,2}$/.test(payload)) return { type: 'malformed' };
  // Our own voice may be on the wire too, on a stream of both tracks; it is not the caller's.
  if (typeof media?.track === 'string' && media.track.startsWith('outbound')) return { type: 'ignored' };
  const at = stampOf(media?.timestamp) ?? expected;
  return { type: 'audio', chunk: chunkOfBase64(Buffer.from(payload, 'latin1'), 0, at) };
}

/** A string or a number of whole ms; a frame with anything else is placed after the one before it. */
function stampOf(value: unknown): number | undefined {
  const digits = typeof value === 'number' ? String(value) : value;
  return typeof digits === 'string' && /^\d{1,15}$/.test(digits) ? Number(digits) : undefined;
}

const FRAME_HEAD = Buffer.from('{"event":"media","media":{"payload":"');
const FRAME_TAIL = Buffer.from('"}}');

/** Agent audio as one message in one buffer: any length, its base64 copied, never decoded. */
export function writeFrame(chunk: Chunk): Buffer {
  const base64 = base64Of(chunk);
  const message = Buffer.allocUnsafe(FRAME_HEAD.length + base64.length + FRAME_TAIL.length);
  message.set(FRAME_HEAD, 0);
  message.set(base64, FRAME_HEAD.length);
  message.set(FRAME_TAIL, FRAME_HEAD.length + base64.length);
  return message;
}

/** Empties the platform's queue. Built once: a barge-in has nothing to wait for. */
export const CLEAR: Buffer = Buffer.from('{"event":"clear"}');

/** A mark, to be echoed when everything before it has been played or cleared. */
export function writeMark(name: string): Buffer {
  return Buffer.from(`{"event":"mark","mark":{"name":${JSON.stringify(name)}}}`);
}

const DIGITS: ReadonlyMap<string, Buffer> = new Map(
  '0123456789*#'.split('').map((key) => [key, Buffer.from(`{"event":"dtmf","dtmf":{"digit":"${key}"}}`)]),
);

/** One key towards the network; undefined for what is no key. */
export function writeDigit(key: string): Buffer | undefined {
  return DIGITS.get(key);
}
