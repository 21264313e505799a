/**
 * @module Records a call as it was heard: the caller where the carrier's clock puts every frame, the agent where it
 * was played. Written a second behind the media axis, so that a clear can still take audio back.
 */
import type { OffhookError } from '../errors.ts';
import { bytesOf, BYTES_PER_MS, type Chunk, type Codec } from './chunk.ts';
import { createRecorderFiles, type Cue, type RecorderFiles } from './recorder-files.ts';
import { createRecorderSpill, type RecorderSpill } from './recorder-spill.ts';
import { createRecorderTrack, type RecorderTrack } from './recorder-track.ts';

export interface RecorderOptions {
  /** Where the files go; created if it is missing. */
  readonly directory: string;
  /** Names the files; what a path could misread is replaced. */
  readonly callId: string;
  /** Of both directions. */
  readonly codec: Codec;
  /** How far behind the media axis the files are written, in ms. Default 1000. */
  readonly placedBehindMs?: number;
  /** Told once, with OFFHOOK_TAP_FAILED, when a file cannot be written. Nothing is ever thrown. */
  onError?(error: OffhookError): void;
}

export interface RecordingSummary {
  /** Paths of the files; empty if there was no media. */
  readonly files: string[];
  /** Length of each audio file. */
  readonly durationMs: number;
  /** The carrier's media time, from the first frame to the end of the last. */
  readonly mediaMs: number;
  /** `durationMs - mediaMs`; 0 but for rounding to a sample, unless writing failed. */
  readonly driftMs: number;
}

export interface Recorder {
  /** A caller's frame. `chunk.at` must go on over media epochs; what is not later than the last one is dropped. */
  caller(chunk: Chunk): void;
  /** The agent's audio, which will play from `atMs` on the same axis. */
  agent(chunk: Chunk, atMs: number): void;
  /** Agent audio from `atMs` on is not played. */
  cleared(atMs: number): void;
  /** Silence of the same length, from now to `resume`. */
  pause(): void;
  resume(): void;
  /** The same while the caller is with somebody else. */
  away(on: boolean): void;
  /** Notes a moment in the sidecar file. `name` must hold nothing personal. */
  cue(name: string): void;
  /** Writes the rest. Idempotent. */
  close(): RecordingSummary;
}

const RATE = 8000;
const PLACED_BEHIND_MS = 1000;
// Written in pieces of 200 ms rather than with every frame.
const BLOCK = 200 * BYTES_PER_MS;
// Agent audio waiting at the carrier: a model may generate minutes ahead. 5 min are 2.4 MB on the disk.
const MAX_AHEAD_MS = 300_000;
// Before the first frame of the caller there is only what was made while it rang, and that is bounded to the same.
const MAX_EARLY_MS = 30_000;
// The longest bridge of a carrier is 2 h; a frame further away than that has a broken timestamp.
const MAX_GAP_MS = 3 * 3_600_000;
// A cue is a pause, a transfer, a note: far fewer than this.
const MAX_CUES = 1000;

/**
 * Creates the recorder of one call: `{callId}_in.wav` (caller), `_out.wav` (agent), PCM16 mono 8 kHz, `_mix.wav`
 * (stereo, caller left) and `_cues.json`, all of one length. Time zero is the caller's first frame.
 */
export function createRecorder(options: RecorderOptions): Recorder {
  const engine = new RecorderEngine(options);
  return {
    caller: (chunk) => engine.caller(chunk),
    agent: (chunk, atMs) => engine.agent(chunk, atMs),
    cleared: (atMs) => engine.cleared(atMs),
    pause: () => engine.silence('paused', true),
    resume: () => engine.silence('paused', false),
    away: (on) => engine.silence('away', on),
    cue: (name) => engine.cue(name),
    close: () => engine.close(),
  };
}

const CUES = { paused: ['paused', 'resumed'], away: ['away', 'back'] } as const;

/** Samples from the beginning of the recording; the end is open while it lasts. */
interface Stretch {
  readonly from: number;
  to: number;
}

class RecorderEngine {
  readonly #files: RecorderFiles;
  readonly #caller: RecorderTrack;
  readonly #agent: RecorderTrack;
  readonly #spill: RecorderSpill;
  readonly #behind: number;
  readonly #callerBlock = new Int16Array(BLOCK);
  readonly #agentBlock = new Int16Array(BLOCK);
  readonly #cues: Cue[] = [];
  /** Agent audio from before the first frame of the caller, which alone says where zero is. */
  #early: { bytes: Uint8Array; atMs: number }[] = [];
  /** The axis at time zero; undefined before the first frame. */
  #origin: number | undefined;
  /** End of the caller's last frame: on the axis, and in samples. */
  #mediaEnd = 0;
  #head = 0;
  #written = 0;
  readonly #silent = { paused: false, away: false };
  #stretches: Stretch[] = [];
  #summary: RecordingSummary | undefined;

  constructor(options: RecorderOptions) {
    const { codec, placedBehindMs = PLACED_BEHIND_MS } = options;
    this.#files = createRecorderFiles({ ...options, rate: RATE });
    this.#caller = createRecorderTrack(codec);
    this.#spill = createRecorderSpill(this.#files.spillPath);
    this.#agent = createRecorderTrack(codec, this.#spill);
    this.#behind = placedBehindMs * BYTES_PER_MS;
  }

  caller(chunk: Chunk): void {
    if (this.#idle() || !Number.isFinite(chunk.at)) return;
    this.#origin ??= this.#begin(chunk.at);
    const start = this.#sampleAt(chunk.at);
    const bytes = bytesOf(chunk);
    const end = start + bytes.length;
    if (end <= this.#head || start - this.#head > MAX_GAP_MS * BYTES_PER_MS) return;
    // A gap first: nothing of the caller can come before this frame any more.
    if (start > this.#head) this.#writeUntil(start - this.#behind);
    if (!this.#silent.paused && !this.#silent.away) {
      const known = Math.max(0, this.#head - start);
      this.#caller.place(start + known, known === 0 ? bytes : bytes.subarray(known));
    }
    this.#head = end;
    this.#mediaEnd = Math.max(this.#mediaEnd, chunk.at + chunk.ms);
    if (end - this.#behind - this.#written >= BLOCK) this.#writeUntil(end - this.#behind);
  }

  agent(chunk: Chunk, atMs: number): void {
    if (this.#idle() || !Number.isFinite(atMs)) return;
    const bytes = bytesOf(chunk);
    if (this.#origin !== undefined) return this.#placeAgent(bytes, atMs);
    const first = this.#early[0]?.atMs ?? atMs;
    // A copy: the bytes may belong to a message, and the first frame may be long in coming.
    if (atMs - first <= MAX_EARLY_MS) this.#early.push({ bytes: new Uint8Array(bytes), atMs });
  }

  cleared(atMs: number): void {
    if (this.#idle() || !Number.isFinite(atMs)) return;
    if (this.#origin !== undefined) return this.#agent.cut(this.#sampleAt(atMs));
    this.#early = this.#early
      .filter((piece) => piece.atMs < atMs)
      .map(({ bytes, atMs: from }) => ({
        bytes: bytes.subarray(0, Math.round((atMs - from) * BYTES_PER_MS)),
        atMs: from,
      }));
  }

  silence(reason: 'paused' | 'away', on: boolean): void {
    if (this.#idle() || this.#silent[reason] === on) return;
    this.#silent[reason] = on;
    const silent = this.#silent.paused || this.#silent.away;
    const last = this.#stretches.at(-1);
    const open = last?.to === Infinity;
    if (silent && !open) this.#stretches.push({ from: this.#head, to: Infinity });
    else if (!silent && open) last.to = this.#head;
    this.cue(CUES[reason][on ? 0 : 1]);
  }

  cue(name: string): void {
    if (this.#idle() || this.#cues.length >= MAX_CUES) return;
    this.#cues.push({ atMs: this.#head / BYTES_PER_MS, name });
    if (this.#origin !== undefined) this.#files.writeCues(this.#cues, this.#head / BYTES_PER_MS);
  }

  close(): RecordingSummary {
    if (this.#summary) return this.#summary;
    const mediaMs = this.#origin === undefined ? 0 : this.#mediaEnd - this.#origin;
    if (this.#origin !== undefined) {
      this.#writeUntil(this.#head);
      this.#files.close();
      this.#files.writeCues(this.#cues, this.#head / BYTES_PER_MS);
    }
    this.#spill.close();
    const durationMs = this.#files.samples / BYTES_PER_MS;
    this.#summary = { files: [...this.#files.paths], durationMs, mediaMs, driftMs: durationMs - mediaMs };
    this.#early = [];
    return this.#summary;
  }

  #idle(): boolean {
    return this.#summary !== undefined || this.#files.failed;
  }

  #sampleAt(atMs: number): number {
    return Math.round((atMs - this.#origin!) * BYTES_PER_MS);
  }

  #begin(at: number): number {
    this.#files.open();
    this.#origin = at;
    // Audio sent before the axis was known counts from the first frame.
    const shift = Math.max(0, at - (this.#early[0]?.atMs ?? at));
    for (const { bytes, atMs } of this.#early) this.#placeAgent(bytes, atMs + shift);
    this.#early = [];
    if (this.#cues.length > 0) this.#files.writeCues(this.#cues, 0);
    return at;
  }

  #placeAgent(bytes: Uint8Array, atMs: number): void {
    const start = this.#sampleAt(atMs);
    if (start - this.#head > MAX_AHEAD_MS * BYTES_PER_MS) return;
    try {
      this.#agent.place(start, bytes);
    } catch (cause) {
      this.#files.fail(cause);
    }
  }

  /** Writes everything before sample `end` for good. */
  #writeUntil(end: number): void {
    while (this.#written < end && !this.#files.failed) {
      const empty = this.#caller.end <= this.#written && this.#agent.end <= this.#written;
      const count = empty ? end - this.#written : Math.min(BLOCK, end - this.#written);
      if (empty && count > BLOCK) {
        this.#caller.skip(count);
        this.#agent.skip(count);
        this.#files.skip(count);
      } else {
        this.#writeBlock(count);
      }
      this.#written += count;
    }
    if (this.#stretches[0] && this.#stretches[0].to <= this.#written) this.#stretches.shift();
  }

  #writeBlock(count: number): void {
    const caller = count === BLOCK ? this.#callerBlock : this.#callerBlock.subarray(0, count);
    const agent = count === BLOCK ? this.#agentBlock : this.#agentBlock.subarray(0, count);
    this.#caller.read(caller);
    try {
      this.#agent.read(agent);
    } catch (cause) {
      return this.#files.fail(cause);
    }
    for (const { from, to } of this.#stretches) {
      const first = Math.max(0, from - this.#written);
      const last = Math.min(count, to - this.#written);
      if (first >= last) continue;
      caller.fill(0, first, last);
      agent.fill(0, first, last);
    }
    this.#files.write(caller, agent);
  }
}
