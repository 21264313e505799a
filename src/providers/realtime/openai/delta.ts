/**
 * @module The messages that come and go with audio, as bytes: the model's is found without JSON.parse and stays base64 in
 * the buffer it came in, the caller's is set between two pieces that never change.
 */
/** An audio delta of the vendor. `base64` is a view into the message. */
export interface AudioDelta {
  readonly response: string;
  readonly item: string;
  readonly base64: Buffer;
}

interface Members {
  type: boolean;
  response: string | undefined;
  item: string | undefined;
  base64: Buffer | undefined;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

const TYPE_VALUE = Buffer.from('response.output_audio.delta');
const TYPE = Buffer.from('type');
const RESPONSE = Buffer.from('response_id');
const ITEM = Buffer.from('item_id');
const DELTA = Buffer.from('delta');

/**
 * Reads a `response.output_audio.delta` whatever the order and spacing of its keys. Undefined for every other
 * message and for whatever is not a flat object of plain strings and whole numbers: JSON.parse decides then.
 * Where it answers, it answers as JSON.parse would.
 */
export function readAudioDelta(message: Buffer): AudioDelta | undefined {
  let at = skipSpace(message, 0);
  // One search for the whole message: with no escape in it every string ends at the next quote.
  if (message[at] !== 0x7b || message.includes(BACKSLASH)) return undefined;
  const members: Members = { type: false, response: undefined, item: undefined, base64: undefined };
  do {
    const end = readMember(message, at + 1, members);
    if (end < 0) return undefined;
    at = skipSpace(message, end);
  } while (message[at] === 0x2c);
  if (message[at] !== 0x7d || skipSpace(message, at + 1) !== message.length) return undefined;
  const { type, response, item, base64 } = members;
  if (!type || response === undefined || item === undefined || base64 === undefined) return undefined;
  return { response, item, base64 };
}

const TYPE_FIRST = Buffer.from('{"type":"');

/** The type of a message that begins with it, as the vendor's do; undefined for any other. */
export function readType(message: Buffer): string | undefined {
  const start = TYPE_FIRST.length;
  if (!equals(message, 0, start, TYPE_FIRST)) return undefined;
  const end = message.indexOf(QUOTE, start);
  return end < 0 ? undefined : message.toString('latin1', start, end);
}

/** Reads one `"key": value` and returns the place after it; -1 where this message is for the parser. */
function readMember(message: Buffer, from: number, members: Members): number {
  const key = skipSpace(message, from);
  const keyEnd = endOfString(message, key);
  if (keyEnd < 0) return -1;
  const colon = skipSpace(message, keyEnd);
  if (message[colon] !== 0x3a) return -1;
  const value = skipSpace(message, colon + 1);
  const isText = message[value] === QUOTE;
  const end = isText ? endOfString(message, value) : endOfNumber(message, value);
  if (end < 0) return -1;
  const isKept = keep(message, key + 1, keyEnd - 1, value + 1, end - 1, isText, members);
  return isKept ? end : -1;
}

/**
 * Keeps the value of a key that matters. False where it is no text, is another type, or the key came before:
 * JSON.parse takes the last one then, and nobody sends that.
 */
function keep(
  message: Buffer,
  key: number,
  keyEnd: number,
  start: number,
  end: number,
  isText: boolean,
  members: Members,
): boolean {
  if (equals(message, key, keyEnd, DELTA)) {
    if (!isText || members.base64) return false;
    members.base64 = message.subarray(start, end);
  } else if (equals(message, key, keyEnd, TYPE)) {
    if (!isText || members.type || !equals(message, start, end, TYPE_VALUE)) return false;
    members.type = true;
  } else if (equals(message, key, keyEnd, ITEM)) {
    if (!isText || members.item !== undefined) return false;
    members.item = message.toString('utf8', start, end);
  } else if (equals(message, key, keyEnd, RESPONSE)) {
    if (!isText || members.response !== undefined) return false;
    members.response = message.toString('utf8', start, end);
  }
  return true;
}

function equals(message: Buffer, start: number, end: number, text: Buffer): boolean {
  if (end - start !== text.length || end > message.length) return false;
  for (let index = 0; index < text.length; index += 1) {
    if (message[start + index] !== text[index]) return false;
  }
  return true;
}

function skipSpace(message: Buffer, from: number): number {
  let at = from;
  for (;;) {
    const byte = message[at];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return at;
    at += 1;
  }
}

// Keys and ids are shorter than this; for them a loop beats the call of a native search.
const SHORT = 48;

/** Past the closing quote of the string that begins at `start`; -1 where none does. */
function endOfString(message: Buffer, start: number): number {
  if (message[start] !== QUOTE) return -1;
  const near = Math.min(message.length, start + SHORT);
  for (let at = start + 1; at < near; at += 1) if (message[at] === QUOTE) return at + 1;
  const end = message.indexOf(QUOTE, near);
  return end < 0 ? -1 : end + 1;
}

/** Past the whole number that begins at `start`; -1 for anything else. */
function endOfNumber(message: Buffer, start: number): number {
  let at = start;
  while (message[at]! >= 0x30 && message[at]! <= 0x39) at += 1;
  const leadingZero = message[start] === 0x30 && at > start + 1;
  return at === start || leadingZero ? -1 : at;
}

/** `input_audio_buffer.append` around the base64 of what the caller says. */
export const APPEND_HEAD: Buffer = Buffer.from('{"type":"input_audio_buffer.append","audio":"');
export const APPEND_TAIL: Buffer = Buffer.from('"}');
