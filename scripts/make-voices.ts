/**
 * @module Renders `voice-lines.ts` into `assets/voices`: headerless 8 kHz mono mu-law files and a manifest.
 * Run as `node scripts/make-voices.ts`. Needs the programs `espeak-ng` and `sox`; see `docs/voices.md`.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { BYTES_PER_MS } from '../src/audio/chunk.ts';
import { encode } from '../src/audio/g711.ts';
import { ESPEAK_VOICES } from '../src/testing/speech.ts';
import { LINES, type Line, type Role } from './voice-lines.ts';

type Language = keyof typeof LINES;

/** Words a minute, where a line asks for no other: an unhurried pace for each synthesiser language. */
const SPEED: Readonly<Record<Language, number>> = { en: 170, ko: 185 };

/** Speech level: RMS of the frames that hold speech, where telephone prompts usually lie. */
const TARGET_DBFS = -20;
/** No sample above this, so that nothing downstream clips. */
const PEAK_DBFS = -1;
/** A 10 ms frame this far below the speech level is silence. */
const FLOOR_DB = -32;
/** Silence kept before the first and after the last frame of speech. */
const MARGIN_MS = 40;
/** Longest pause inside a line: below the 500 ms after which a caller counts as finished. */
const PAUSE_MS = { agent: 420, caller: 260 } as const satisfies Record<Role, number>;
/** The synthesiser's own volume; its default of 100 comes within 0.1 dB of clipping in some voices. */
const AMPLITUDE = '60';

const FRAME = 80;
const FRAME_MS = 10;
const RAW_PCM = ['-t', 'raw', '-r', '8000', '-e', 'signed-integer', '-b', '16', '-L', '-c', '1'];

const dB = (ratio: number): number => 20 * Math.log10(Math.max(ratio, 1e-9));

function rms(frames: readonly Float64Array[]): number {
  let sum = 0;
  let count = 0;
  for (const frame of frames) {
    for (const sample of frame) sum += sample * sample;
    count += frame.length;
  }
  return Math.sqrt(sum / Math.max(1, count));
}

/** Speaks one line and returns it as PCM16 at 8 kHz, rumble below the telephone band removed. */
function render(line: Line, language: Language, folder: string): Int16Array {
  const wav = join(folder, 'line.wav');
  const voice = ESPEAK_VOICES[language][line.role];
  const options = [
    '-b',
    '1',
    '-z',
    '-a',
    AMPLITUDE,
    '-v',
    voice,
    '-s',
    String(line.speed ?? SPEED[language]),
  ];
  execFileSync('espeak-ng', [...options, '-w', wav, '--stdin'], { input: line.say ?? line.text });
  const pcm = execFileSync('sox', ['-D', wav, ...RAW_PCM, '-', 'highpass', '100', 'rate', '-v', '8000']);
  return new Int16Array(pcm.buffer.slice(pcm.byteOffset, pcm.byteOffset + pcm.length));
}

function cutFrames(samples: Int16Array): Float64Array[] {
  const frames: Float64Array[] = [];
  for (let at = 0; at + FRAME <= samples.length; at += FRAME) {
    frames.push(Float64Array.from(samples.subarray(at, at + FRAME), (sample) => sample / 32768));
  }
  return frames;
}

/** The speech level: frames near the loudest count first, then all within 32 dB of that. */
function measureSpeech(frames: readonly Float64Array[]): {
  level: number;
  isSpeech: (frame: Float64Array) => boolean;
} {
  const loudest = Math.max(...frames.map((frame) => dB(rms([frame]))));
  const level = dB(rms(frames.filter((frame) => dB(rms([frame])) > loudest + FLOOR_DB)));
  return { level, isSpeech: (frame) => dB(rms([frame])) > level + FLOOR_DB };
}

/** Cuts both ends to the margin and every pause inside to the role's longest. */
function trim(
  frames: readonly Float64Array[],
  isSpeech: (frame: Float64Array) => boolean,
  role: Role,
): Float64Array[] {
  const margin = MARGIN_MS / FRAME_MS;
  const first = frames.findIndex(isSpeech);
  const last = frames.findLastIndex(isSpeech);
  const kept: Float64Array[] = [];
  let quiet = 0;
  for (const frame of frames.slice(Math.max(0, first - margin), last + 1 + margin)) {
    quiet = isSpeech(frame) ? 0 : quiet + 1;
    if (quiet * FRAME_MS <= PAUSE_MS[role]) kept.push(frame);
  }
  return kept;
}

/** Scales to the target level, or to less where a peak would be cut. */
function scale(frames: readonly Float64Array[], level: number): Int16Array {
  const peak = Math.max(...frames.map((frame) => frame.reduce((most, s) => Math.max(most, Math.abs(s)), 0)));
  const gain = 10 ** (Math.min(TARGET_DBFS - level, PEAK_DBFS - dB(peak)) / 20);
  const out = new Int16Array(frames.length * FRAME);
  frames.forEach((frame, index) => {
    for (let i = 0; i < FRAME; i += 1) out[index * FRAME + i] = Math.round(frame[i]! * gain * 32768);
  });
  return out;
}

type Manifest = Record<string, { text: string; voice: string; ms: number; sha256: string }>;

/** Renders one language into a fresh folder of its own. */
function makeLanguage(language: Language, target: string, temporary: string): Manifest {
  const manifest: Manifest = {};
  rmSync(join(target, language), { recursive: true, force: true });
  mkdirSync(join(target, language), { recursive: true });
  for (const line of LINES[language]) {
    const frames = cutFrames(render(line, language, temporary));
    const { level, isSpeech } = measureSpeech(frames);
    const audio = encode('ulaw', scale(trim(frames, isSpeech, line.role), level));
    writeFileSync(join(target, language, `${line.name}.ulaw`), audio);
    manifest[`${language}/${line.name}`] = {
      text: line.text,
      voice: ESPEAK_VOICES[language][line.role],
      ms: audio.length / BYTES_PER_MS,
      sha256: createHash('sha256').update(audio).digest('hex'),
    };
  }
  return manifest;
}

function main(): void {
  const target = join(dirname(import.meta.dirname), 'assets', 'voices');
  const temporary = mkdtempSync(join(tmpdir(), 'offhook-voices-'));
  try {
    const manifest = { ...makeLanguage('en', target, temporary), ...makeLanguage('ko', target, temporary) };
    writeFileSync(join(target, 'manifest.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

main();
