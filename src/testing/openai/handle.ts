/**
 * @module A session as a test holds it: what it was told, and what to make it do.
 */
import { close, type Core, cursorOf, sendError } from './core.ts';
import { BINARY_FRAME, MALFORMED_FRAME, type ResponseFault } from './faults.ts';
import type { ConnectionRequest } from './options.ts';
import type { SessionRecord } from './record.ts';
import { type ResponseEnd, unknownEvent } from './response.ts';
import type { SessionSettings } from './settings.ts';
import type { Turns } from './turns.ts';
import type { Item } from './wire.ts';

/** A session as a test holds it: what it was told, and what to make it do. */
export interface StandInSession extends SessionRecord, ConnectionRequest {
  readonly id: string;
  readonly settings: SessionSettings;
  /** The conversation, as the service has it now. */
  readonly items: readonly Item[];
  /** The id of the response being generated. */
  readonly activeResponse: string | undefined;
  /** Responses that are over, in order. */
  readonly responses: readonly ResponseEnd[];
  /** True while the detector holds that the caller speaks. */
  readonly speaking: boolean;
  /** How the socket ended; undefined while it is open. */
  readonly closed: Core['closed'];
  /** Spoils the next response. */
  spoilNext(fault: ResponseFault): void;
  /** Sends an error event, tied to a client's `event_id` if one is given. */
  sendError(error: { code?: string | null; message?: string; eventId?: string | null }): void;
  sendMalformed(): void;
  sendBinary(): void;
  sendUnknown(): void;
  /** Closes after what is under way, with a close frame. */
  close(code: number, reason?: string): void;
  /** Cuts the connection without a word, dropping what is under way. */
  destroy(): void;
  /** Stops reading, so that the client's writes pile up. */
  pause(): void;
  resume(): void;
}

/** Makes the handle of a session; everything in it is live. */
export function handleOf(core: Core, turns: Turns): StandInSession {
  const { outbox, recorder, options } = core;
  const { socket } = options;
  return {
    id: core.id,
    connection: options.connection,
    model: options.model,
    headers: options.headers,
    responses: core.responses,
    received: recorder.received,
    receivedOf: (type) => recorder.receivedOf(type),
    truncations: recorder.truncations,
    toolOutputs: recorder.toolOutputs,
    refusals: recorder.refusals,
    get heardMs() {
      return recorder.heardMs;
    },
    get appends() {
      return recorder.appends;
    },
    get heardAudio() {
      return recorder.heardAudio;
    },
    get settings() {
      return core.settings;
    },
    get items() {
      return core.conversation.items.map((entry) => entry.item);
    },
    get activeResponse() {
      return core.active?.id;
    },
    get speaking() {
      return turns.speaking;
    },
    get closed() {
      return core.closed;
    },
    spoilNext: (fault) => cursorOf(core).spoil(fault),
    sendError: ({ code = null, message = 'The server had an error.', eventId = null }) =>
      sendError(core, { type: 'server_error', code, message, event_id: eventId }),
    sendMalformed: () => outbox.raw(MALFORMED_FRAME),
    sendBinary: () => outbox.raw(BINARY_FRAME, true),
    sendUnknown: () => outbox.raw(unknownEvent(outbox.nextId())),
    close: (code, reason = '') => close(core, code, reason),
    destroy: () => socket.terminate(),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
  };
}
