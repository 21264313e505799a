/**
 * @module What the Realtime stand-in is set up with, its defaults, and what it counts.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Refusal } from './faults.ts';
import type { ConversationScript } from './script.ts';

/** What a script is chosen by: read when the first answer or utterance needs it. */
export interface ScriptRequest {
  readonly instructions: string;
  readonly model: string;
  /** Names of the session's tools. */
  readonly tools: readonly string[];
  /** Counts the stand-in's connections from 1. */
  readonly connection: number;
  readonly headers: Readonly<IncomingHttpHeaders>;
}

/** Times of the service, in ms. */
export interface Latency {
  /** From the request to the first audio. Default 280. */
  readonly firstAudioMs: number;
  /** A message on the network, one way; at least 1. Default 2. */
  readonly perMessageMs: number;
  /** From the end of the audio to a tool call. Default 60. */
  readonly callMs: number;
  /** From the commit to the transcript. Default 200. */
  readonly transcriptionMs: number;
  /** Up to this much is added to the first audio, drawn from `random`. Default 0. */
  readonly jitterMs: number;
}

export interface Counters {
  connections: number;
  refused: number;
  open: number;
  clientEvents: number;
  appends: number;
  responses: number;
  cancelled: number;
  /** Error events sent, ordered ones included. */
  errors: number;
}

/** A connection before it is served. */
export interface ConnectionRequest {
  readonly connection: number;
  readonly model: string;
  readonly headers: Readonly<IncomingHttpHeaders>;
}

export interface StandInOptions {
  readonly clock: Clock;
  /** The conversation of a session; asked once, when its first answer or utterance needs it. */
  readonly script: (request: ScriptRequest) => ConversationScript;
  /** Numbers in [0, 1) from a seed; used for jitter only. Default: always a half. */
  readonly random?: () => number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: a free one. */
  readonly port?: number;
  /** The only API key that is let in; others get 401. Default: any key, but one there must be. */
  readonly key?: string;
  /** The models that exist; others are closed with 4000. Default: all. */
  readonly models?: readonly string[];
  readonly latency?: Partial<Latency>;
  /** How many times faster than real time audio is delivered; above 0. Default 6. */
  readonly speedup?: number;
  /** Lengths of the audio deltas in ms, taken in turn. Default: between 110 and 190, none a multiple of 20. */
  readonly deltaMs?: readonly number[];
  /** Keeps the caller's audio for `heardAudio`. Default false. */
  readonly keepAudio?: boolean;
  /** Sessions that stay in `sessions`; the oldest closed ones go first. Default 1000. */
  readonly keepSessions?: number;
  /** Sessions are ended by the service after this many ms, as the real ones are after an hour. Default: never. */
  readonly maxSessionMs?: number;
  /** Connections to turn away; undefined lets one in. */
  readonly refuse?: (request: ConnectionRequest) => Refusal | undefined;
  /** Default: silent. */
  readonly logger?: Logger;
}

export const DEFAULT_LATENCY: Latency = {
  firstAudioMs: 280,
  perMessageMs: 2,
  callMs: 60,
  transcriptionMs: 200,
  jitterMs: 0,
};

/** Six times real time is about what the service reaches; it makes a long answer be generated well before it is heard. */
export const DEFAULT_SPEEDUP = 6;

/** The service's deltas vary; these fit no frame of 20 ms and, times 8 bytes, few of them a group of base64. */
export const DEFAULT_DELTA_MS: readonly number[] = [170, 130, 190, 110, 150];
