/**
 * @module A user's recording as a caller's voice: any mono or stereo WAV file that can be read, as mu-law at 8 kHz.
 */
import { readFileSync } from 'node:fs';
import { encode } from '../audio/g711.ts';
import { readWav } from '../audio/wav.ts';
import { OffhookError } from '../errors.ts';
import { downsample } from '../testing/downsample.ts';

/**
 * Reads a WAV file. Several channels are mixed.
 * @returns mu-law, 8 kHz
 * @throws OffhookError OFFHOOK_AUDIO_INVALID if there is no such file, or not one of PCM16 or G.711 at 8 kHz or more
 */
export function readCallerAudio(path: string): Uint8Array {
  const { rate, channels } = readWav(readBytes(path));
  const audio = encode('ulaw', downsample(mix(channels), rate));
  if (audio.length === 0) throw new OffhookError('OFFHOOK_AUDIO_INVALID', `${path} holds no audio.`);
  return audio;
}

function readBytes(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new OffhookError('OFFHOOK_AUDIO_INVALID', `The recording ${path} cannot be read.`, {
      expected: 'The path of a WAV file.',
      hint: 'Check the path.',
      cause,
    });
  }
}

function mix(channels: readonly Int16Array[]): Int16Array {
  const [first, ...others] = channels;
  if (!first || others.length === 0) return first ?? new Int16Array(0);
  return first.map((sample, index) => {
    let sum = sample;
    for (const other of others) sum += other[index] ?? 0;
    return Math.round(sum / channels.length);
  });
}
