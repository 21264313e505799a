/**
 * @module Reads one message of a client: audio without a parser, everything else as a checked GA event.
 */
import { checkEvent } from './settings.ts';
import { CLIENT_EVENTS, type ClientEvent, type WireError } from './wire.ts';

/** Parses and checks a message. @returns the event, or the error to answer with (tied to the event's id). */
export function readEvent(message: Buffer): { event: ClientEvent } | { error: WireError } {
  let value: unknown;
  try {
    value = JSON.parse(message.toString('utf8'));
  } catch {
    return { error: { code: 'invalid_json', message: 'The message is not JSON.' } };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { error: { code: 'invalid_json', message: 'The message is not a JSON object.' } };
  }
  const { type, event_id: id } = value as { type?: unknown; event_id?: unknown };
  const event_id = typeof id === 'string' ? id : null;
  if (typeof type !== 'string') {
    const message = "Missing required parameter: 'type'.";
    return { error: { code: 'missing_required_parameter', param: 'type', message, event_id } };
  }
  if (!CLIENT_EVENTS.has(type)) {
    const message = `Invalid value: '${type}'. Supported values are: ${[...CLIENT_EVENTS].join(', ')}.`;
    return { error: { code: 'invalid_value', param: 'type', message, event_id } };
  }
  const error = checkEvent(type, value);
  return isSound(value, error) ? { event: value } : { error: { ...error!, event_id } };
}

/** An object that passed the check of its type has that type's shape. */
function isSound(value: object, error: WireError | undefined): value is ClientEvent {
  return error === undefined && 'type' in value;
}

/** How many bytes base64 text stands for. */
export function base64Bytes(text: string): number {
  const { length } = text;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  return Math.floor((length * 3) / 4) - padding;
}
