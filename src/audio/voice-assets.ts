/**
 * @module Reads the recorded clips that ship in `assets/voices`: headerless mu-law, 8 kHz mono, described by a
 * manifest. `docs/voices.md` says how they are made.
 */
import { readFileSync } from 'node:fs';
import { OffhookError } from '../errors.ts';

// `src/audio` and `dist/audio` lie equally deep, so that one path serves the clone and the package.
const FOLDER = new URL('../../assets/voices/', import.meta.url);

/** What the manifest says of one clip. */
export interface VoiceEntry {
  /** The words spoken, as a transcript shows them. */
  readonly text: string;
  /** The synthesiser's name for the voice. */
  readonly voice: string;
  /** Length in milliseconds. */
  readonly ms: number;
  /** Of the file's bytes, in hexadecimal. */
  readonly sha256: string;
}

let manifest: Readonly<Record<string, VoiceEntry>> | undefined;
const clips = new Map<string, Uint8Array>();

/**
 * The manifest: entries by `<language>/<name>`. Read at the first use, synchronously.
 * @throws OffhookError OFFHOOK_AUDIO_INVALID if it is missing or broken.
 */
export function readVoiceManifest(): Readonly<Record<string, VoiceEntry>> {
  manifest ??= parseManifest(readAsset('manifest.json'));
  return manifest;
}

/**
 * The audio of one clip, mu-law at 8 kHz. Read at the first use, synchronously (a few dozen kilobytes), then
 * kept; every caller gets the same bytes and must not write to them.
 * @throws OffhookError OFFHOOK_AUDIO_INVALID if there is no such clip.
 */
export function readVoiceAudio(name: string): Uint8Array {
  const known = clips.get(name);
  if (known) return known;
  if (!Object.hasOwn(readVoiceManifest(), name)) throw missing(`${name}.ulaw`);
  const file = readAsset(`${name}.ulaw`);
  const audio = new Uint8Array(file.buffer, file.byteOffset, file.length);
  clips.set(name, audio);
  return audio;
}

function parseManifest(file: Buffer): Record<string, VoiceEntry> {
  const entries: Record<string, VoiceEntry> = {};
  const parsed: unknown = JSON.parse(file.toString('utf8'));
  for (const [name, entry] of Object.entries(parsed ?? {})) {
    if (!isEntry(entry)) throw missing(`manifest.json (${name})`);
    entries[name] = entry;
  }
  return entries;
}

function isEntry(value: unknown): value is VoiceEntry {
  if (typeof value !== 'object' || value === null) return false;
  const { text, voice, ms, sha256 } = value as Partial<Record<keyof VoiceEntry, unknown>>;
  const strings = typeof text === 'string' && typeof voice === 'string' && typeof sha256 === 'string';
  return strings && typeof ms === 'number';
}

function readAsset(path: string): Buffer {
  try {
    return readFileSync(new URL(path, FOLDER));
  } catch (cause) {
    throw missing(path, cause);
  }
}

function missing(path: string, cause?: unknown): OffhookError {
  return new OffhookError(
    'OFFHOOK_AUDIO_INVALID',
    `The recorded clip assets/voices/${path} cannot be read.`,
    {
      expected: 'The folder assets/voices as the package ships it.',
      hint: 'Install the package again; in a clone, run `node scripts/make-voices.ts`.',
      cause,
    },
  );
}
