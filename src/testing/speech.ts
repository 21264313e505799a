/**
 * @module Speaks arbitrary text without a vendor, through the program espeak-ng where it is installed. It runs as
 * a child process and never becomes a dependency; its sound is plain, its words are clear.
 */
import { spawn } from 'node:child_process';
import { encode } from '../audio/g711.ts';
import { OffhookError } from '../errors.ts';
import { trackWork } from '../runtime/work.ts';
import { downsample } from './downsample.ts';

/** The two voices of each language: a woman answers and a man calls, as in the recorded clips. */
export const ESPEAK_VOICES = {
  en: { agent: 'en-us+Annie', caller: 'en+Michael' },
  ko: { agent: 'ko+Annie', caller: 'ko+Michael' },
} as const;

export interface SpeakOptions {
  /** A language tag such as `en` or `ko-KR`. Default `en`. */
  language?: string;
  /** `agent`, `caller`, or a voice as `espeak-ng -v` takes it, which beats `language`. Default `caller`. */
  voice?: 'agent' | 'caller' | (string & {});
  /** Ends the program and rejects with the signal's reason. */
  signal?: AbortSignal;
  /** The program. Default `espeak-ng`, searched on the PATH. */
  command?: string;
}

/**
 * Speaks `text` and returns it as mu-law, 8 kHz, mono. Text without words gives no audio and starts nothing.
 * @throws OffhookError OFFHOOK_SPEECH_UNAVAILABLE if the program is not installed or does not work,
 * OFFHOOK_OPTION_INVALID if it has no such language or voice.
 * @example await speak('Where is my order?', { language: 'en' })
 */
export function speak(text: string, options: SpeakOptions = {}): Promise<Uint8Array> {
  if (text.trim() === '') return Promise.resolve(new Uint8Array(0));
  return trackWork(render(text, options));
}

async function render(text: string, options: SpeakOptions): Promise<Uint8Array> {
  const { pcm, rate } = parseWave(await runProgram(text, voiceOf(options), options));
  return encode('ulaw', downsample(pcm, rate));
}

function voiceOf({ language = 'en', voice = 'caller' }: SpeakOptions): string {
  if (!isRole(voice)) return voice;
  const primary = language.toLowerCase().split(/[-_]/, 1)[0]!;
  if (primary === 'en' || primary === 'ko') return ESPEAK_VOICES[primary][voice];
  return `${primary}+${voice === 'agent' ? 'Annie' : 'Michael'}`;
}

function isRole(voice: string): voice is 'agent' | 'caller' {
  return voice === 'agent' || voice === 'caller';
}

/** The text goes in by the standard input: as an argument every process of the machine could read it. */
function runProgram(text: string, voice: string, options: SpeakOptions): Promise<Buffer> {
  const { command = 'espeak-ng', signal } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command, ['-b', '1', '-z', '-v', voice, '--stdin', '--stdout'], {
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(signal && { signal }),
    });
    const sound: Buffer[] = [];
    let complaint = '';
    child.stdout.on('data', (part: Buffer) => sound.push(part));
    child.stderr.setEncoding('utf8').on('data', (part: string) => (complaint += part));
    child.on('error', (cause) => reject(signal?.aborted ? signal.reason : unavailable(cause)));
    child.on('close', (code) => {
      if (code === 0) resolve(Buffer.concat(sound));
      else if (/voice does not exist/.test(complaint)) reject(unknownVoice(voice));
      else reject(unavailable(undefined, `${command} ended with code ${code}.`));
    });
    // A program that ends before it has read everything tells why by its exit code.
    child.stdin.on('error', () => {});
    child.stdin.end(text);
  });
}

/** Reads mono PCM16 from a WAV stream, whose header cannot know the length: the data are all that follows. */
function parseWave(wav: Buffer): { pcm: Int16Array; rate: number } {
  const isWave = wav.length >= 44 && wav.toString('latin1', 0, 4) === 'RIFF';
  const data = isWave ? wav.indexOf('data', 12, 'latin1') + 8 : -1;
  if (data < 44 || wav.readUInt16LE(22) !== 1 || wav.readUInt16LE(34) !== 16) {
    throw unavailable(undefined, 'The speech program wrote no mono PCM16 WAV.');
  }
  const pcm = new Int16Array((wav.length - data) >> 1);
  for (let index = 0; index < pcm.length; index += 1) pcm[index] = wav.readInt16LE(data + index * 2);
  return { pcm, rate: wav.readUInt32LE(24) };
}

function unavailable(cause: unknown, message?: string): OffhookError {
  return new OffhookError('OFFHOOK_SPEECH_UNAVAILABLE', message, { cause });
}

function unknownVoice(voice: string): OffhookError {
  return new OffhookError('OFFHOOK_OPTION_INVALID', `espeak-ng has no voice or language "${voice}".`, {
    expected: 'A voice that `espeak-ng --voices` lists.',
    hint: 'Pass another `voice` or `language`.',
  });
}
