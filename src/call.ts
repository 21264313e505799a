/**
 * @module The handle of one call: what a program sees and may ask of it. Plain strings and promises; each verb
 * settles on the fact and not on the sending, and one that the call's state forbids is refused with a code.
 */
import { type Codec, chunkOfBytes } from './audio/chunk.ts';
import { encode, transcode } from './audio/g711.ts';
import { OffhookError } from './errors.ts';
import type { LegStatus } from './transport/contract.ts';

/** Where the call stands, by region. Names are those of the chart; `dialogue` is dotted: `conversing.listening`. */
export interface CallState {
  readonly dialogue: string;
  readonly floor: string;
  readonly keypad: string;
  readonly recording: string;
  readonly media: string;
  readonly farEnd: string;
}

export interface Outcome {
  readonly status: LegStatus | 'transferred';
  readonly endedBy: 'caller' | 'agent' | 'platform' | 'runtime';
  readonly reason: string;
  /** From the answer to the end, in ms; 0 if it was never answered. */
  readonly duration: number;
  /** As the platform counts it, in ms. */
  readonly platformDuration?: number;
  readonly answeredBy?: 'human' | 'machine';
  readonly error?: OffhookError;
}

export interface CallUsage {
  readonly turns: number;
  readonly bargeIns: number;
  readonly toolCalls: number;
  /** What the model's vendor counted, added up. */
  readonly tokens: Readonly<Record<string, number>>;
}

export interface SayResult {
  /** The part of the text that was heard. */
  readonly heard: string;
  readonly cut: boolean;
}

export interface CollectOptions {
  /** Most digits, 1 to 64. */
  readonly max: number;
  /** Wait for the first in ms. Default 5,000. */
  readonly first?: number;
  /** Wait for each further one in ms. Default 5,000. */
  readonly next?: number;
}

export interface CollectResult {
  readonly digits: string;
  readonly reason: 'complete' | 'timeout';
}

/** One call. Alive until `ended` resolves. */
export interface CallHandle {
  readonly id: string;
  /** The network's id of the call. An outbound call gets it once the network has taken the order; until then, `id`. */
  readonly platformId: string;
  readonly direction: 'inbound' | 'outbound';
  readonly from: string;
  readonly to: string;
  readonly metadata: Record<string, unknown>;
  readonly usage: CallUsage;
  readonly state: CallState;
  readonly ended: Promise<Outcome>;
  /** Has `text` said as it stands; resolves when it was heard or cut off. */
  say(text: string): Promise<SayResult>;
  /** Waits for keys. A `#` ends the entry and is not part of it. */
  collectDigits(options: CollectOptions): Promise<CollectResult>;
  /** Presses keys: 0-9, *, #; `w` waits half a second, `W` one. Resolves when the last was sent. */
  sendDigits(digits: string): Promise<void>;
  /** Plays PCM16 8 kHz samples, or G.711 bytes with their codec. A bare byte array is refused. */
  sendAudio(samples: Int16Array): void;
  sendAudio(bytes: Uint8Array, options: { codec: Codec }): void;
  /** Lets the last words be heard, then hangs up; resolves when the call has ended. */
  hangup(reason?: string): Promise<Outcome>;
}

/** Turns what `sendAudio` was given into G.711 of the leg's codec. @throws OffhookError OFFHOOK_AUDIO_INVALID */
export function readAudio(
  codec: Codec,
  audio: Int16Array | Uint8Array,
  options?: { codec: Codec },
): Uint8Array {
  if (audio instanceof Int16Array) return encode(codec, audio);
  if (!(audio instanceof Uint8Array)) {
    throw new OffhookError(
      'OFFHOOK_AUDIO_INVALID',
      'sendAudio takes an Int16Array, or a Uint8Array with its codec.',
    );
  }
  if (options?.codec !== 'ulaw' && options?.codec !== 'alaw') {
    throw new OffhookError(
      'OFFHOOK_AUDIO_INVALID',
      'sendAudio was given bytes without `{ codec: "ulaw" | "alaw" }`, so it cannot know what they are.',
    );
  }
  return options.codec === codec ? audio : transcode(options.codec, codec, audio);
}

/** Cuts audio into chunks the carrier takes at once. */
export function cutAudio(bytes: Uint8Array, gen: number): ReturnType<typeof chunkOfBytes>[] {
  const chunks = [];
  for (let at = 0; at < bytes.length; at += 800) chunks.push(chunkOfBytes(bytes.subarray(at, at + 800), gen));
  return chunks;
}
