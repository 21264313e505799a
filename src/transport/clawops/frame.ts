/**
 * @module The media messages of the ClawOps platform (clawops.md §3.3, §3.4), straight from and to bytes.
 * Caller audio is recognised in the raw message and handed on as a view of its base64; only what does not look
 * like the platform's own layout goes through JSON.parse.
 */
import type { Chunk } from '../../audio/chunk.ts';
import { after, fieldsOf, isEnd, parseFields, readAudio, readMediaObject, skipNumber } from '../scan.ts';

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

const HEAD = Buffer.from('{"event":"media",');
const SEQUENCE = Buffer.from('"sequenceNumber":"');
const MEDIA = Buffer.from('"media":{');

/**
 * Caller audio in the platform's own layout, without parsing: the order of fields in clawops.md §3.3, with
 * `sequenceNumber`, `track`, `chunk` and `timestamp` each optional, and `payload` last.
 * @param expected position on the media axis, in ms, of a frame that carries no timestamp
 * @returns undefined for any other message, which `readMedia` then takes
 */
export function readFrame(data: Buffer, expected: number): Chunk | undefined {
  const from = skipNumber(data, SEQUENCE, after(data, HEAD, 0));
  return readMediaObject(data, after(data, MEDIA, from), expected, isEnd);
}

/** Reads any media message the slow and sure way. @param expected as in `readFrame`. */
export function readMedia(data: Buffer, expected: number): MediaFact {
  const fields = parseFields(data.toString());
  if (!fields || typeof fields.event !== 'string') return { type: 'malformed' };
  switch (fields.event) {
    case 'media':
      return audioFact(fields.media, expected);
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

function audioFact(value: unknown, expected: number): MediaFact {
  const audio = readAudio(value, expected);
  return typeof audio === 'string' ? { type: audio } : { type: 'audio', chunk: audio };
}

/** What a message of agent audio is around its base64. */
export const FRAME_HEAD: Buffer = Buffer.from('{"event":"media","media":{"payload":"');
export const FRAME_TAIL: Buffer = Buffer.from('"}}');

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
