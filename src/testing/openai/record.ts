/**
 * @module What a stand-in session remembers for a test's assertions: client events as they came, audio as lengths
 * (and bytes on request), truncations and tool results.
 */
import { OffhookError } from '../../errors.ts';
import type { Truncation } from './conversation.ts';
import type { ClientEvent } from './wire.ts';

export interface Received {
  /** The clock's time. */
  readonly at: number;
  readonly event: ClientEvent;
}

export interface SessionRecord {
  /** Valid client events in order, without audio appends. */
  readonly received: readonly Received[];
  /** The events of one type. */
  receivedOf<T extends ClientEvent['type']>(type: T): Extract<ClientEvent, { type: T }>[];
  /** Audio appended, ms, and the messages it came in. */
  readonly heardMs: number;
  readonly appends: number;
  /** The caller's audio as appended. @throws OffhookError OFFHOOK_OPTION_INVALID without `keepAudio`. */
  readonly heardAudio: Uint8Array;
  readonly truncations: readonly Truncation[];
  readonly toolOutputs: readonly { readonly call: string; readonly output: string }[];
  /** Client events refused with an error event: the code of each. */
  readonly refusals: readonly string[];
}

export interface Recorder extends SessionRecord {
  event(at: number, event: ClientEvent): void;
  /** The first `length` of `bytes`, which are reused afterwards. */
  audio(bytes: Buffer, length: number, ms: number): void;
  truncated(truncation: Truncation): void;
  toolOutput(call: string, output: string): void;
  refused(code: string): void;
}

/** Creates an empty record. @param keepAudio also keeps the bytes: 8 kB for a second of a telephone call. */
export function createRecorder(keepAudio: boolean): Recorder {
  const received: Received[] = [];
  const truncations: Truncation[] = [];
  const toolOutputs: { call: string; output: string }[] = [];
  const refusals: string[] = [];
  const audio: Buffer[] = [];
  let heardMs = 0;
  let appends = 0;
  return {
    received,
    truncations,
    toolOutputs,
    refusals,
    receivedOf<T extends ClientEvent['type']>(type: T) {
      const isOfType = (event: ClientEvent): event is Extract<ClientEvent, { type: T }> =>
        event.type === type;
      return received.map(({ event }) => event).filter(isOfType);
    },
    get heardMs() {
      return heardMs;
    },
    get appends() {
      return appends;
    },
    get heardAudio() {
      if (!keepAudio) {
        throw new OffhookError('OFFHOOK_OPTION_INVALID', 'The stand-in keeps no audio.', {
          expected: 'The option `keepAudio: true`.',
        });
      }
      return Buffer.concat(audio);
    },
    event: (at, event) => void received.push({ at, event }),
    audio(bytes, length, ms) {
      appends += 1;
      heardMs += ms;
      if (keepAudio) audio.push(Buffer.copyBytesFrom(bytes, 0, length));
    },
    truncated: (truncation) => void truncations.push(truncation),
    toolOutput: (call, output) => void toolOutputs.push({ call, output }),
    refused: (code) => void refusals.push(code),
  };
}
