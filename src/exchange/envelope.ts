/**
 * @module The media socket's messages (clawops.md 3.3, 3.4): written from ready-made pieces, and the agent's audio
 * read without a JSON parser.
 */

import type { RawData } from 'ws';

/** What the agent may send on a media socket; `other` is anything nobody knows. */
export type AgentMessage =
  | { readonly kind: 'mark'; readonly name: string }
  | { readonly kind: 'clear' }
  | { readonly kind: 'dtmf'; readonly digit: string }
  | { readonly kind: 'audio'; readonly bytes: Uint8Array }
  | { readonly kind: 'other' }
  | { readonly kind: 'malformed' };

/** Compact, and as Python's serialiser spaces it. */
const PREFIXES = ['{"event":"media","media":{"payload":"', '{"event": "media", "media": {"payload": "'].map(
  (text) => Buffer.from(text),
);
const QUOTE = 0x22;
const BRACE = 0x7d;

/** Reads the agent's audio straight from the message; undefined if it is not written in one of the usual ways. */
export function readAudio(data: Buffer): Uint8Array | undefined {
  if (data[data.length - 1] !== BRACE) return undefined;
  for (const prefix of PREFIXES) {
    const start = prefix.length;
    if (data.length <= start || data.compare(prefix, 0, start, 0, start) !== 0) continue;
    const end = data.indexOf(QUOTE, start);
    return end < 0 ? undefined : Buffer.from(data.toString('latin1', start, end), 'base64');
  }
  return undefined;
}

/** Parses JSON text that should hold an object. @returns undefined if it does not */
export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A socket's message as one buffer; it always is one unless the socket was told otherwise. */
export function bufferOf(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}

/** Reads any message of the agent. */
export function readMessage(data: Buffer): AgentMessage {
  const message = parseObject(data.toString('utf8'));
  if (!message || typeof message.event !== 'string') return { kind: 'malformed' };
  const inner = message[message.event];
  const body = isObject(inner) ? inner : {};
  switch (message.event) {
    case 'clear':
      return { kind: 'clear' };
    case 'mark':
      return { kind: 'mark', name: typeof body.name === 'string' ? body.name : '' };
    case 'dtmf':
      return typeof body.digit === 'string' && /^[0-9*#]$/.test(body.digit)
        ? { kind: 'dtmf', digit: body.digit }
        : { kind: 'malformed' };
    case 'media':
      return typeof body.payload === 'string'
        ? { kind: 'audio', bytes: Buffer.from(body.payload, 'base64') }
        : { kind: 'malformed' };
    default:
      return { kind: 'other' };
  }
}

export interface EnvelopeWriter {
  start(ids: { readonly streamId: string; readonly callId: string; readonly accountId: string }): string;
  /** One frame of caller audio; moves the media clock on by 20 ms. */
  media(base64: string): string;
  /** Moves the media clock on without a frame. */
  skip(): void;
  mark(name: string): string;
  dtmf(digit: string): string;
  stop(ids: { readonly callId: string; readonly accountId: string }): string;
}

/** The first message; it carries no sequence number. */
export const CONNECTED = '{"event":"connected","protocol":"Call","version":"1.0.0"}';

/** Writes one media connection's messages; all numbers are strings and `sequenceNumber` counts from 1. */
export function createEnvelopeWriter(): EnvelopeWriter {
  let sequence = 0;
  let chunk = 0;
  const head = (event: string): string => `{"event":"${event}","sequenceNumber":"${(sequence += 1)}",`;
  return {
    start: (ids) =>
      `${head('start')}"start":${JSON.stringify({
        ...ids,
        tracks: ['inbound'],
        mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
        customParameters: {},
      })}}`,
    media: (base64) =>
      `${head('media')}"media":{"track":"inbound","chunk":"${(chunk += 1)}","timestamp":"${(chunk - 1) * 20}","payload":"${base64}"}}`,
    skip: () => {
      chunk += 1;
    },
    mark: (name) => `${head('mark')}"mark":${JSON.stringify({ name })}}`,
    dtmf: (digit) => `${head('dtmf')}"dtmf":{"digit":"${digit}","track":"inbound_track"}}`,
    stop: (ids) =>
      `${head('stop')}"stop":${JSON.stringify({ accountId: ids.accountId, callId: ids.callId })}}`,
  };
}
