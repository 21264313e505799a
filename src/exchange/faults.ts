/**
 * @module Faults on demand: what networks and platforms do on bad days, for tests of the agent.
 * Switches stay as they are set until they are set back; methods act once.
 */
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { ControlLink } from './control.ts';
import type { MediaLink } from './media.ts';

export interface ExchangeFaults {
  /** HTTP status with which control connections are turned away. */
  refuseControl: number | undefined;
  /** HTTP status with which media connections are turned away. */
  refuseMedia: number | undefined;
  /** Media URLs point at a port where nobody listens. */
  deadMedia: boolean;
  /** Media tokens have expired by the time they are issued. */
  expiredTokens: boolean;
  /** Answer to every originate instead of the real one. */
  refuseOriginate:
    { readonly status: ContentfulStatusCode; readonly body?: Readonly<Record<string, unknown>> } | undefined;
  /** Closes a number's control connection with `code`. */
  closeControl(number: string, code: number, reason?: string): void;
  /** Cuts a number's control connection without a close. */
  dropControl(number: string): void;
  /** Stops reading from a number's control connection until `resumeControl`. */
  stallControl(number: string): void;
  resumeControl(number: string): void;
  /** Sends anything on a number's control connection: an object as JSON, text as it is, bytes as a binary frame. */
  sendControl(number: string, message: object | string | Uint8Array): void;
}

export interface CallFaults {
  /** Sends anything on the media connection: text as it is, bytes as a binary frame. */
  sendMedia(data: string | Uint8Array): void;
  /** Closes the media connection with `code` and no `stop`. */
  closeMedia(code: number): void;
  /** Cuts the media connection without a close. */
  dropMedia(): void;
  /** Stops reading from the media connection until `resumeMedia`. */
  stallMedia(): void;
  resumeMedia(): void;
}

/** A port of the well-known range that nothing serves any more (tcpmux). */
export const DEAD_PORT = 1;

/** Faults of the exchange as a whole. */
export function createExchangeFaults(find: (number: string) => ControlLink | undefined): ExchangeFaults {
  return {
    refuseControl: undefined,
    refuseMedia: undefined,
    deadMedia: false,
    expiredTokens: false,
    refuseOriginate: undefined,
    closeControl: (number, code, reason = '') => find(number)?.close(code, reason),
    dropControl: (number) => find(number)?.socket.terminate(),
    stallControl: (number) => find(number)?.socket.pause(),
    resumeControl: (number) => find(number)?.socket.resume(),
    sendControl(number, message) {
      const link = find(number);
      if (typeof message === 'string' || message instanceof Uint8Array) link?.raw(message);
      else link?.send(message);
    },
  };
}

/** Faults of one call's media connection; they do nothing while there is none. */
export function createCallFaults(media: () => MediaLink | undefined): CallFaults {
  return {
    sendMedia: (data) => media()?.raw(data),
    closeMedia: (code) => media()?.breakOff(code),
    dropMedia: () => media()?.socket.terminate(),
    stallMedia: () => media()?.socket.pause(),
    resumeMedia: () => media()?.socket.resume(),
  };
}
