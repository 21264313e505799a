/**
 * @module What a call left behind on the disk: finds its recordings and its log, measures and replays them, and writes
 * its trace beside them.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileNameOf as recordingNameOf } from '../audio/recorder-files.ts';
import { readWav } from '../audio/wav.ts';
import { fileNameOf as logNameOf } from '../runtime/call-log.ts';
import { replayCallLog } from '../runtime/replay.ts';
import type { MemorySpan } from '../trace/memory.ts';
import { round } from './measure.ts';

export interface RecordingFacts {
  /** Length of the files less the carrier's media time; null without files. */
  readonly driftMs: number | null;
  readonly files: readonly string[];
}

/** Finds the three recordings of a call. @param mediaMs the carrier's media time */
export function inspectRecording(directory: string, call: string, mediaMs: number): RecordingFacts {
  const files = ['in', 'out', 'mix']
    .map((side) => join(directory, `${recordingNameOf(call)}_${side}.wav`))
    .filter((path) => existsSync(path));
  const drifts = files.map((path) => lengthOf(path) - mediaMs);
  // The worst of the three speaks for all.
  const worst = drifts.toSorted((a, b) => Math.abs(b) - Math.abs(a))[0];
  return { driftMs: worst === undefined ? null : round(worst), files };
}

function lengthOf(path: string): number {
  const { rate, channels } = readWav(readFileSync(path));
  return ((channels[0]?.length ?? 0) / rate) * 1000;
}

export interface LogFacts {
  readonly log: string | null;
  readonly replay: { readonly events: number; readonly equal: boolean };
}

/** Replays a call's log. */
export function inspectLog(directory: string, call: string): LogFacts {
  const log = join(directory, `${logNameOf(call)}.call.log`);
  if (!existsSync(log)) return { log: null, replay: { events: 0, equal: false } };
  const { events, equal } = replayCallLog(readFileSync(log, 'utf8'));
  return { log, replay: { events, equal } };
}

/** Writes the spans of a call as JSON. @returns the path */
export function writeTrace(directory: string, call: string, spans: readonly MemorySpan[]): string {
  const path = join(directory, `${logNameOf(call)}.trace.json`);
  writeFileSync(path, `${JSON.stringify(spans, null, 2)}\n`, { mode: 0o600 });
  return path;
}
