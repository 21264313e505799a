/**
 * @module Recorded speech for tests and the demo: both sides of a conversation, and twenty callers and twenty
 * agents that no ear can mistake for one another.
 */
import { readVoiceAudio, readVoiceManifest } from '../audio/voice-assets.ts';
import { OffhookError } from '../errors.ts';
import type { LineName } from '../audio/lines.ts';

/** Languages the clips exist in. */
export type VoiceLanguage = 'en' | 'ko';

/** Lines of the demo conversation, in the order they are spoken. */
export type DemoLine =
  | 'agent-greeting'
  | 'caller-ask'
  | 'agent-answer'
  | 'caller-barge'
  | 'agent-answer-day'
  | 'caller-thanks'
  | 'agent-goodbye';

const CROWD = [
  ...(['01', '02', '03', '04', '05', '06', '07', '08', '09', '10'] as const),
  ...(['11', '12', '13', '14', '15', '16', '17', '18', '19', '20'] as const),
] as const;

/** `01` to `20`: the members of the crowd. */
export type CrowdNumber = (typeof CROWD)[number];

/** Every clip: `<language>/<name>`. */
export type VoiceName =
  `${VoiceLanguage}/${LineName | DemoLine}` | `en/caller-${CrowdNumber}` | `en/agent-${CrowdNumber}`;

/** One recorded clip. */
export interface VoiceClip {
  readonly name: VoiceName;
  /** The words spoken, as a transcript shows them. */
  readonly text: string;
  /** Length in milliseconds. */
  readonly ms: number;
  /** Mu-law, 8 kHz, mono. Shared: not to be written. */
  readonly audio: Uint8Array;
}

/**
 * One recorded clip. Reads its file at the first use, synchronously.
 * @throws OffhookError OFFHOOK_AUDIO_INVALID if there is no clip of that name.
 * @example voice('en/caller-ask').ms // 5010
 */
export function voice(name: VoiceName): VoiceClip {
  const audio = readVoiceAudio(name);
  const entry = readVoiceManifest()[name];
  if (!entry) throw new OffhookError('OFFHOOK_AUDIO_INVALID', `There is no recorded clip ${name}.`);
  return { name, text: entry.text, ms: entry.ms, audio };
}

/**
 * The clips of one member of the crowd. Each says its own number and code word, in under 2.5 s.
 * @param member 1 to 20.
 * @throws OffhookError OFFHOOK_AUDIO_INVALID for any other number.
 */
export function crowdVoices(member: number): { readonly caller: VoiceClip; readonly agent: VoiceClip } {
  const id = CROWD[member - 1];
  if (!id)
    throw new OffhookError('OFFHOOK_AUDIO_INVALID', `There are clips of 20 callers, not of ${member}.`);
  return { caller: voice(`en/caller-${id}`), agent: voice(`en/agent-${id}`) };
}
