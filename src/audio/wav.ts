/**
 * @module WAV files: PCM16 out, PCM16 and G.711 in, and a writer whose file is whole at every moment,
 * so that a killed process leaves a recording that plays.
 */
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { OffhookError } from '../errors.ts';
import { decode } from './g711.ts';

export interface WavAudio {
  /** Samples a second of each channel. */
  readonly rate: number;
  /** PCM16, one array a channel, all of one length. */
  readonly channels: Int16Array[];
}

export interface WavWriter {
  /** Appends samples, channel after channel for each instant. @throws the file system's error. */
  write(interleaved: Int16Array): void;
  /** Appends silence of `samples` a channel, in no time however long: a hole in the file. @throws as `write`. */
  skip(samples: number): void;
  /** Samples a channel written so far, those not yet in the file included. */
  readonly samples: number;
  /** Writes the rest and closes the file. Idempotent. @throws the file system's error; the file is closed then too. */
  close(): void;
}

const HEADER_BYTES = 44;
const FORMAT_PCM = 1;
const FORMAT_ALAW = 6;
const FORMAT_ULAW = 7;
const FORMAT_EXTENSIBLE = 0xfffe;
/** The rest of a WAVE_FORMAT_EXTENSIBLE sub-format after its two bytes of format tag (RFC 2361, section 4). */
const SUBFORMAT_TAIL = '000000001000800000aa00389b71';
// Sizes are 32 bits wide; 4 GiB is 75 hours of 8 kHz stereo.
const MAX_DATA_BYTES = 0xffff_ffff - HEADER_BYTES;
// One second of audio is what a SIGKILL may cost, for two short writes a second.
const FLUSH_MS = 1000;

/**
 * A whole PCM16 file. Shorter tracks are filled up with silence.
 * @param tracks one array a channel. @param rate samples a second.
 */
export function encodeWav(tracks: readonly Int16Array[], rate: number): Uint8Array {
  const channels = tracks.length;
  let samples = 0;
  for (const track of tracks) samples = Math.max(samples, track.length);
  const data = new Int16Array(samples * channels);
  for (const [channel, track] of tracks.entries()) {
    for (let index = 0; index < track.length; index += 1) data[index * channels + channel] = track[index]!;
  }
  return Buffer.concat([buildHeader(rate, channels, data.byteLength), bytesOfSamples(data)]);
}

/**
 * Reads PCM16, A-law and mu-law files, with the plain or the extensible header. Unknown chunks are skipped, and
 * audio ends where the file ends if its header promises more.
 * @throws OffhookError OFFHOOK_AUDIO_INVALID for anything else, saying what was found.
 */
export function readWav(bytes: Uint8Array): WavAudio {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (file.length < 12 || ascii(file, 0) !== 'RIFF' || ascii(file, 8) !== 'WAVE') {
    throw invalid('The audio is not a WAV file.');
  }
  let format: Format | undefined;
  let at = 12;
  while (at + 8 <= file.length) {
    const name = ascii(file, at);
    const size = file.readUInt32LE(at + 4);
    const body = file.subarray(at + 8, at + 8 + size);
    if (name === 'fmt ') format = readFormat(body);
    if (name === 'data') {
      if (!format) throw invalid('The WAV file has its data before its format.');
      return { rate: format.rate, channels: split(decodeData(format, body), format.channels) };
    }
    // Chunks begin at even places.
    at += 8 + size + (size & 1);
  }
  throw invalid(format ? 'The WAV file has no data.' : 'The WAV file has no format.');
}

/**
 * Creates a PCM16 file and keeps it valid: about once a second the audio goes out, then the sizes in the header.
 * @param options.rate samples a second. @param options.channels 1 or more, interleaved in `write`.
 * @throws the file system's error if the file cannot be created.
 */
export function createWavWriter(path: string, options: { rate: number; channels: number }): WavWriter {
  const { rate, channels } = options;
  const pending = new Int16Array(Math.ceil((rate * FLUSH_MS) / 1000) * channels);
  // Recordings hold voices: for the owner only.
  const file = openSync(path, 'w', 0o600);
  let open = true;
  let filled = 0;
  let dataBytes = 0;
  let samples = 0;

  const roomLeft = (): number => {
    const room = MAX_DATA_BYTES - dataBytes;
    return room - (room % (2 * channels));
  };
  const writeHeader = (): void => {
    writeAll(file, buildHeader(rate, channels, dataBytes), 0);
  };
  const flush = (): void => {
    if (filled === 0) return;
    const bytes = bytesOfSamples(pending.subarray(0, filled));
    const fitting = bytes.subarray(0, roomLeft());
    filled = 0;
    // Audio before sizes: killed between the two, the file is one second shorter, but true.
    writeAll(file, fitting, HEADER_BYTES + dataBytes);
    dataBytes += fitting.length;
    writeHeader();
  };

  try {
    writeHeader();
  } catch (error) {
    closeSync(file);
    throw error;
  }
  return {
    get samples() {
      return samples;
    },
    write(interleaved) {
      if (!open) return;
      samples += interleaved.length / channels;
      for (let at = 0; at < interleaved.length;) {
        const part = interleaved.subarray(at, at + pending.length - filled);
        pending.set(part, filled);
        filled += part.length;
        at += part.length;
        if (filled === pending.length) flush();
      }
    },
    skip(count) {
      if (!open) return;
      flush();
      samples += count;
      dataBytes += Math.min(count * 2 * channels, roomLeft());
      ftruncateSync(file, HEADER_BYTES + dataBytes);
      writeHeader();
    },
    close() {
      if (!open) return;
      open = false;
      try {
        flush();
        ftruncateSync(file, HEADER_BYTES + dataBytes);
      } finally {
        closeSync(file);
      }
    },
  };
}

interface Format {
  readonly tag: number;
  readonly channels: number;
  readonly rate: number;
}

function readFormat(body: Buffer): Format {
  if (body.length < 16) throw invalid('The format of the WAV file is cut short.');
  const extensible = body.readUInt16LE(0) === FORMAT_EXTENSIBLE;
  if (extensible && (body.length < 40 || body.toString('hex', 26, 40) !== SUBFORMAT_TAIL)) {
    throw invalid('The WAV file has an extensible format that is not PCM or G.711.');
  }
  const tag = body.readUInt16LE(extensible ? 24 : 0);
  const channels = body.readUInt16LE(2);
  const rate = body.readUInt32LE(4);
  const bits = body.readUInt16LE(14);
  const wanted = tag === FORMAT_PCM ? 16 : tag === FORMAT_ALAW || tag === FORMAT_ULAW ? 8 : 0;
  if (wanted === 0) throw invalid(`The WAV file has format ${tag}, which is neither PCM nor G.711.`);
  if (bits !== wanted) throw invalid(`The WAV file has ${bits} bits a sample, where ${wanted} are needed.`);
  if (channels === 0 || rate === 0) throw invalid(`The WAV file has ${channels} channels at ${rate} Hz.`);
  return { tag, channels, rate };
}

function decodeData(format: Format, body: Buffer): Int16Array {
  if (format.tag === FORMAT_ULAW) return decode('ulaw', body);
  if (format.tag === FORMAT_ALAW) return decode('alaw', body);
  const samples = new Int16Array(body.length >> 1);
  new Uint8Array(samples.buffer).set(body.subarray(0, samples.byteLength));
  return samples;
}

function split(interleaved: Int16Array, channels: number): Int16Array[] {
  if (channels === 1) return [interleaved];
  const length = Math.floor(interleaved.length / channels);
  return Array.from({ length: channels }, (_, channel) =>
    Int16Array.from({ length }, (_, index) => interleaved[index * channels + channel]!),
  );
}

function buildHeader(rate: number, channels: number, dataBytes: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(HEADER_BYTES - 8 + dataBytes, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(FORMAT_PCM, 20);
  header.writeUInt16LE(channels, 22);
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE(rate * channels * 2, 28);
  header.writeUInt16LE(channels * 2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(dataBytes, 40);
  return header;
}

function writeAll(file: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length;) {
    done += writeSync(file, bytes, done, bytes.length - done, position + done);
  }
}

/** The samples as bytes, without a copy. WAV is little-endian, and so are the machines this runs on. */
function bytesOfSamples(samples: Int16Array): Buffer {
  return Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
}

function ascii(file: Buffer, at: number): string {
  return file.toString('latin1', at, at + 4);
}

function invalid(message: string): OffhookError {
  return new OffhookError('OFFHOOK_AUDIO_INVALID', message, {
    expected: 'A WAV file of PCM16, A-law or mu-law.',
    hint: 'Convert it, for example with `ffmpeg -i in.wav -ar 8000 -ac 1 -c:a pcm_s16le out.wav`.',
  });
}
