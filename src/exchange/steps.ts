/**
 * @module What a scripted caller can do, one builder a step: `[waitForAgent(), say(hello), waitForAgent(), hangUp()]`.
 * A step is plain data; a function in a script makes steps from the call when its turn has come.
 */
import type { ExchangeCall } from './types.ts';

/** A recording: mu-law, 8 kHz. The name is what measurements call it. */
export interface Clip {
  readonly name?: string;
  readonly audio: Uint8Array;
}

export type CallerStep =
  | { readonly kind: 'say'; readonly name: string; readonly audio: Uint8Array }
  | { readonly kind: 'waitForAgent'; readonly quietMs: number; readonly timeoutMs: number }
  | {
      readonly kind: 'bargeIn';
      readonly name: string;
      readonly audio: Uint8Array;
      readonly afterMs: number;
      readonly timeoutMs: number;
    }
  | { readonly kind: 'press'; readonly digits: string; readonly everyMs: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | {
      readonly kind: 'silentUntil';
      readonly test: (call: ExchangeCall) => boolean;
      readonly timeoutMs: number;
    }
  | { readonly kind: 'muteFrames'; readonly count: number }
  | { readonly kind: 'loseNetwork'; readonly control: boolean }
  | { readonly kind: 'hangUp' }
  | { readonly kind: 'goSilent' };

/** Steps in order. A script that comes to its end hangs up; `goSilent()` stays on the line. */
export type CallerScript = readonly (CallerStep | ((call: ExchangeCall) => CallerScript))[];

/** Speaks a recording to its end, whatever the agent does meanwhile. */
export const say = (clip: Clip): CallerStep => ({ kind: 'say', name: clip.name ?? 'say', audio: clip.audio });

/**
 * Waits until the agent has said something since the caller last spoke, pressed or waited, and has then been quiet.
 * What a `clear` cut off does not count. Gives up after `timeoutMs` without a word (default 15,000), noting `timeout`.
 * @param options `quietMs`: pause that ends the agent's turn, default 700: longer than pauses inside a sentence
 */
export const waitForAgent = (
  options: { readonly quietMs?: number; readonly timeoutMs?: number } = {},
): CallerStep => ({
  kind: 'waitForAgent',
  quietMs: options.quietMs ?? 700,
  timeoutMs: options.timeoutMs ?? 15_000,
});

/**
 * Waits until the agent has been audible for `afterMs` (default 500) in its present utterance, then speaks over it.
 * If that does not come within `timeoutMs` (default 15,000) the clip is spoken all the same, noting `timeout`.
 */
export const bargeIn = (
  clip: Clip,
  options: { readonly afterMs?: number; readonly timeoutMs?: number } = {},
): CallerStep => ({
  kind: 'bargeIn',
  name: clip.name ?? 'bargeIn',
  audio: clip.audio,
  afterMs: options.afterMs ?? 500,
  timeoutMs: options.timeoutMs ?? 15_000,
});

/** Presses keys (`0-9*#`), one every `everyMs` (default 200, a brisk human). */
export const press = (digits: string, options: { readonly everyMs?: number } = {}): CallerStep => ({
  kind: 'press',
  digits,
  everyMs: options.everyMs ?? 200,
});

/** Sends silence for `ms`. */
export const wait = (ms: number): CallerStep => ({ kind: 'wait', ms });

/** Sends silence until `test` holds, asked every 20 ms; gives up after `timeoutMs` (default 15,000). */
export const silentUntil = (
  test: (call: ExchangeCall) => boolean,
  options: { readonly timeoutMs?: number } = {},
): CallerStep => ({ kind: 'silentUntil', test, timeoutMs: options.timeoutMs ?? 15_000 });

/** Sends nothing at all for `count` frames of 20 ms, a hole in the stream; the media clock goes on. */
export const muteFrames = (count: number): CallerStep => ({ kind: 'muteFrames', count });

/** Hangs up. */
export const hangUp = (): CallerStep => ({ kind: 'hangUp' });

/** Sends silence until somebody else ends the call. */
export const goSilent = (): CallerStep => ({ kind: 'goSilent' });

/** The media socket dies without a close, and with `control` the agent's control socket as well. */
export const loseNetwork = (options: { readonly control?: boolean } = {}): CallerStep => ({
  kind: 'loseNetwork',
  control: options.control ?? false,
});
