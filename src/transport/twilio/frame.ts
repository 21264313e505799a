/**
 * @module The messages of a Twilio media stream (carriers.md §3.5), straight from and to bytes. Caller audio is
 * recognised in the raw message and handed on as a view of its base64; what has another layout goes through
 * JSON.parse.
 */
import type { Chunk } from '../../audio/chunk.ts';
import {
  after,
  BRACE,
  fieldsOf,
  isEnd,
  parseFields,
  readAudio,
  readMediaObject,
  skipNumber,
  textEnd,
} from '../scan.ts';

/** What the first message of a stream says about it. */
export interface StreamStart {
  readonly streamSid: string;
  readonly callSid: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** Whether the audio is what every leg carries: µ-law, 8 kHz, mono. */
  readonly isUlaw: boolean;
}

export type MediaFact =
  | { type: 'audio'; chunk: Chunk }
  | { type: 'start'; start: StreamStart }
  | { type: 'mark'; name: string }
  | { type: 'digit'; key: string }
  | { type: 'stop' }
  | { type: 'ignored' }
  | { type: 'unknown' }
  | { type: 'malformed' };

const HEAD = Buffer.from('{"event":"media",');
const SEQUENCE = Buffer.from('"sequenceNumber":"');
const STREAM = Buffer.from('"streamSid":"');
const MEDIA = Buffer.from('"media":{');
const STREAM_BEHIND = Buffer.from(',"streamSid":"');
const FIELD_END = Buffer.from('",');

/**
 * Caller audio in Twilio's own layout, without parsing: `sequenceNumber` and `streamSid`, each optional, before
 * `media`, or `streamSid` behind it, as its documentation and its servers write it.
 * @param expected position on the media axis, in ms, of a frame that carries no timestamp
 * @returns undefined for any other message, which `readMedia` then takes
 */
export function readFrame(data: Buffer, expected: number): Chunk | undefined {
  const from = skipStream(data, skipNumber(data, SEQUENCE, after(data, HEAD, 0)));
  return readMediaObject(data, after(data, MEDIA, from), expected, isTail);
}

function skipStream(data: Buffer, from: number): number {
  const start = after(data, STREAM, from);
  return start < 0 ? from : after(data, FIELD_END, textEnd(data, start));
}

function isTail(data: Buffer, from: number): boolean {
  if (isEnd(data, from)) return true;
  const end = textEnd(data, after(data, STREAM_BEHIND, from));
  return end >= 0 && isEnd(data, end + 1);
}

const MARK_HEAD = Buffer.from('{"event":"mark",');
const MARK = Buffer.from('"mark":{"name":"');

/**
 * The name in the echo of a mark, in the same layouts and without parsing. Twilio gives names back as they were sent,
 * and ours are ASCII.
 * @returns undefined for any other message, which `readMedia` then takes
 */
export function readEcho(data: Buffer): string | undefined {
  const from = skipStream(data, skipNumber(data, SEQUENCE, after(data, MARK_HEAD, 0)));
  const start = after(data, MARK, from);
  const end = textEnd(data, start);
  if (end < 0 || data[end + 1] !== BRACE || !isTail(data, end + 2)) return undefined;
  for (let at = start; at < end; at += 1) if (data[at]! < 0x20 || data[at]! > 0x7e) return undefined;
  return data.toString('latin1', start, end);
}

/** Reads any message the slow and sure way. @param expected as in `readFrame`. */
export function readMedia(data: Buffer, expected: number): MediaFact {
  const fields = parseFields(data.toString());
  if (!fields || typeof fields.event !== 'string') return { type: 'malformed' };
  switch (fields.event) {
    case 'media': {
      const audio = readAudio(fields.media, expected);
      return typeof audio === 'string' ? { type: audio } : { type: 'audio', chunk: audio };
    }
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
    case 'start':
      return readStart(fieldsOf(fields.start) ?? {});
    case 'stop':
      return { type: 'stop' };
    case 'connected':
      return { type: 'ignored' };
    default:
      return { type: 'unknown' };
  }
}

function readStart(start: Readonly<Record<string, unknown>>): MediaFact {
  const { streamSid, callSid } = start;
  if (!isSid(streamSid) || !isSid(callSid)) return { type: 'malformed' };
  const parameters: Record<string, string> = {};
  for (const [name, value] of Object.entries(fieldsOf(start.customParameters) ?? {})) {
    if (typeof value === 'string') parameters[name] = value;
  }
  return { type: 'start', start: { streamSid, callSid, parameters, isUlaw: isUlaw(start.mediaFormat) } };
}

/** Twilio's own are two letters and 32 hex digits; what matters is that they can be a name anywhere. */
export function isSid(value: unknown): value is string {
  return typeof value === 'string' && /^[\w-]{1,64}$/.test(value);
}

/** Whoever leaves the format out speaks the only one there has ever been. */
function isUlaw(value: unknown): boolean {
  const format = fieldsOf(value);
  if (!format) return true;
  const { encoding = 'audio/x-mulaw', sampleRate = 8000, channels = 1 } = format;
  return encoding === 'audio/x-mulaw' && Number(sampleRate) === 8000 && Number(channels) === 1;
}

/** Writes the messages of one stream; what does not change from one to the next is written once. */
export interface StreamWriter {
  /** What a message of agent audio is before its base64; behind it comes `FRAME_TAIL`. */
  readonly head: Buffer;
  /** A mark, to be echoed when everything before it has been played or cleared. */
  mark(name: string): Buffer;
  /** Empties Twilio's queue. */
  readonly clear: Buffer;
}

export const FRAME_TAIL: Buffer = Buffer.from('"}}');

/** Creates the writer of the stream that `streamSid` names. */
export function createStreamWriter(streamSid: string): StreamWriter {
  const id = `"streamSid":${JSON.stringify(streamSid)}`;
  return {
    head: keep(`{"event":"media",${id},"media":{"payload":"`),
    mark: (name) => Buffer.from(`{"event":"mark",${id},"mark":{"name":${JSON.stringify(name)}}}`),
    clear: keep(`{"event":"clear",${id}}`),
  };
}

/** As bytes of their own: a hundred that live as long as a call would hold on to 64 KB of Node's common pool. */
function keep(text: string): Buffer {
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
  bytes.write(text);
  return bytes;
}
