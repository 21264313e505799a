/**
 * @module The four files of one recording: caller, agent, both in stereo, and the cues beside them. Opened with
 * the first audio; a failing disk ends the recording, once reported, and never reaches the call.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OffhookError } from '../errors.ts';
import { createWavWriter, type WavWriter } from './wav.ts';

/** A moment of the recording: `atMs` from its beginning. */
export interface Cue {
  readonly atMs: number;
  readonly name: string;
}

export interface RecorderFiles {
  /** Paths of the files there are; empty before `open`. */
  readonly paths: readonly string[];
  /** Samples in each file. */
  readonly samples: number;
  readonly failed: boolean;
  /** Where audio may lie that is to be written much later. */
  readonly spillPath: string;
  /** The disk failed elsewhere: the recording ends here. */
  fail(cause: unknown): void;
  open(): void;
  /** Appends the same stretch of both tracks. */
  write(caller: Int16Array, agent: Int16Array): void;
  /** Appends silence to all. */
  skip(samples: number): void;
  writeCues(cues: readonly Cue[], durationMs: number): void;
  close(): void;
}

export interface RecorderFilesOptions {
  readonly directory: string;
  readonly callId: string;
  readonly rate: number;
  /** Told once, when a file cannot be written. The recording ends there. */
  onError?(error: OffhookError): void;
}

// No file system's limit is lower than 255 bytes a name; the rest is for the suffix.
const MAX_NAME = 100;

export function createRecorderFiles(options: RecorderFilesOptions): RecorderFiles {
  const { directory, callId, rate } = options;
  const stem = join(directory, fileNameOf(callId));
  const writers: WavWriter[] = [];
  const paths: string[] = [];
  let stereo = new Int16Array(0);
  let failed = false;

  const fail = (cause: unknown): void => {
    if (failed) return;
    failed = true;
    for (const writer of writers) closeQuietly(writer);
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
    const message = `The recording could not be written and ends here (${code}).`;
    options.onError?.(new OffhookError('OFFHOOK_TAP_FAILED', message, { cause, call: callId }));
  };
  const guarded = (work: () => void): void => {
    if (failed) return;
    try {
      work();
    } catch (cause) {
      fail(cause);
    }
  };

  return {
    paths,
    spillPath: `${stem}_ahead.tmp`,
    fail,
    get samples() {
      return writers[0]?.samples ?? 0;
    },
    get failed() {
      return failed;
    },
    open: () =>
      guarded(() => {
        mkdirSync(directory, { recursive: true });
        for (const [suffix, channels] of [
          ['in', 1],
          ['out', 1],
          ['mix', 2],
        ] as const) {
          const path = `${stem}_${suffix}.wav`;
          writers.push(createWavWriter(path, { rate, channels }));
          paths.push(path);
        }
      }),
    write: (caller, agent) =>
      guarded(() => {
        if (stereo.length !== caller.length * 2) stereo = new Int16Array(caller.length * 2);
        for (let index = 0; index < caller.length; index += 1) {
          stereo[index * 2] = caller[index]!;
          stereo[index * 2 + 1] = agent[index]!;
        }
        writers[0]!.write(caller);
        writers[1]!.write(agent);
        writers[2]!.write(stereo);
      }),
    skip: (samples) =>
      guarded(() => {
        for (const writer of writers) writer.skip(samples);
      }),
    writeCues: (cues, durationMs) =>
      guarded(() => {
        const path = `${stem}_cues.json`;
        const text = `${JSON.stringify({ call: callId, rate, durationMs, cues }, undefined, 2)}\n`;
        writeFileSync(path, text, { mode: 0o600 });
        if (!paths.includes(path)) paths.push(path);
      }),
    close: () =>
      guarded(() => {
        for (const writer of writers) writer.close();
      }),
  };
}

function closeQuietly(writer: WavWriter): void {
  try {
    writer.close();
  } catch {
    // The first failure was reported; this is the same disk.
  }
}

/** A call id as a file name: no path, no hidden file, no two ids in one name. */
export function fileNameOf(callId: string): string {
  const plain = callId
    .replaceAll(/[^A-Za-z0-9._-]/g, '_')
    .replace(/^[.-]+/, '')
    .slice(0, MAX_NAME);
  if (plain === callId && plain !== '') return plain;
  const digest = createHash('sha256').update(callId).digest('hex').slice(0, 8);
  return plain === '' ? `call-${digest}` : `${plain}-${digest}`;
}
