/**
 * @module What the Realtime stand-in reads and writes, typed by the `openai` package so that a drift in the
 * event shapes fails to compile. Audio appends are recognised by their bytes, before any JSON parser.
 */
import type {
  ConversationItem,
  RealtimeClientEvent,
  RealtimeError,
  RealtimeServerEvent,
} from 'openai/resources/realtime/realtime';

type WithoutId<E> = E extends unknown ? Omit<E, 'event_id'> : never;

/** A server event before the outbox gives it its `event_id`. */
export type ServerEvent = WithoutId<RealtimeServerEvent>;
export type ClientEvent = RealtimeClientEvent;
export type Item = ConversationItem;

/** The part of an error event that says what is wrong. */
export type WireError = Partial<RealtimeError> & { message: string };

/** Every client event type of the GA protocol, in the order the service lists them. */
export const CLIENT_EVENTS: ReadonlySet<string> = new Set<RealtimeClientEvent['type']>([
  'session.update',
  'input_audio_buffer.append',
  'input_audio_buffer.commit',
  'input_audio_buffer.clear',
  'output_audio_buffer.clear',
  'conversation.item.create',
  'conversation.item.truncate',
  'conversation.item.delete',
  'conversation.item.retrieve',
  'response.create',
  'response.cancel',
]);

/** Serialises one event; `type` and `event_id` come first, as the service writes them. */
export function encodeEvent(event: ServerEvent, id: string): Buffer {
  return Buffer.from(JSON.stringify(Object.assign({ type: event.type, event_id: id }, event)), 'utf8');
}

const APPEND = Buffer.from('"type":"input_audio_buffer.append"', 'latin1');
const AUDIO = Buffer.from('"audio":"', 'latin1');
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
// The longest thing that may stand before or after the audio: type, an event id of 512 characters, punctuation.
const ENVELOPE = 640;

/**
 * Finds the base64 text of an `input_audio_buffer.append` without parsing it.
 * @returns start and end of the text packed as `start * 2^26 + end`, or -1 where the message needs the real parser
 * (another type, unusual spacing, escapes). A number, since this runs for every frame of every session.
 */
export function findAppendedAudio(message: Buffer): number {
  const { length } = message;
  if (length >= 0x4000000) return -1;
  const type = message.subarray(0, ENVELOPE).indexOf(APPEND);
  if (type < 0 && message.indexOf(APPEND, Math.max(0, length - ENVELOPE)) < 0) return -1;
  const key = message.subarray(0, ENVELOPE).indexOf(AUDIO);
  if (key < 0) return -1;
  const start = key + AUDIO.length;
  const end = message.indexOf(QUOTE, start);
  // Base64 may be written with escapes (`\\/`, `\\u0041`), which only a parser undoes.
  const escape = message.indexOf(BACKSLASH, start);
  if (end < 0 || (escape >= 0 && escape < end)) return -1;
  return start * 0x4000000 + end;
}

/** Unpacks the start of a span from `findAppendedAudio`. */
export const spanStart = (span: number): number => Math.floor(span / 0x4000000);
/** Unpacks the end of a span from `findAppendedAudio`. */
export const spanEnd = (span: number): number => span % 0x4000000;
