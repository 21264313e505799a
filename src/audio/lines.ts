/**
 * @module What the runtime itself says, when no model is to be asked: recorded once in every language it has.
 */
import { readVoiceAudio, readVoiceManifest } from './voice-assets.ts';

/** The runtime's own lines. */
export const LINE_NAMES = [
  /** The model failed or gave nothing; fits both before going on and before hanging up. */
  'apology',
  /** The session is late at the start, or is being replaced. */
  'one-moment',
  /** A reply takes long. */
  'filler',
  /** The caller is about to be put through. */
  'away',
  /** The call may be recorded. */
  'consent',
  /** Nobody took the transferred call; the agent is back. */
  'transfer-failed',
  /** The call has reached its longest duration. */
  'goodbye',
] as const;

export type LineName = (typeof LINE_NAMES)[number];

const FALLBACK = 'en';

/**
 * The audio of a line: mu-law, 8 kHz, mono. Read synchronously at the first use, then kept; not to be written.
 * @param language a language tag such as `ko` or `ko-KR`; its region is ignored. Default, and where there is no
 * recording in that language: English.
 * @throws OffhookError OFFHOOK_AUDIO_INVALID if the package's assets are missing.
 */
export function loadLine(language: string | undefined, name: LineName): Uint8Array {
  return readVoiceAudio(pathOf(language, name));
}

/**
 * The words of a line, in the language that `loadLine` speaks it in.
 * @throws OffhookError OFFHOOK_AUDIO_INVALID if the package's assets are missing.
 */
export function lineText(language: string | undefined, name: LineName): string {
  return readVoiceManifest()[pathOf(language, name)]?.text ?? '';
}

function pathOf(language: string | undefined, name: LineName): string {
  const primary = (language ?? FALLBACK).toLowerCase().split(/[-_]/, 1)[0]!;
  const path = `${primary}/${name}`;
  return Object.hasOwn(readVoiceManifest(), path) ? path : `${FALLBACK}/${name}`;
}
