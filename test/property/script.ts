/**
 * @module A random call as a script: who calls whom, under which policy, and what happens, line by line. What broke a
 * law once is kept as one in `scripts/`, in a file a reader can follow and a test can play.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import type { CallPolicy } from '../../src/machines/call/vocabulary.ts';
import type { LegCapabilities } from '../../src/transport/contract.ts';
import { POLICY } from '../model/rig.ts';

/** A voice stops, or its stop was lost; or there is noise now and then, which says nothing. */
export const AFTERWARDS = ['silence', 'voice', 'noise'] as const;

/** How a call ends once the script is over and nothing was left owing. */
export const ENDINGS = [
  'hangup',
  'line',
  'agent',
  'agent-unanswered',
  'agent-endless',
  'limit',
  'fault',
] as const;

/** What decides a call: played twice, it goes the same way twice. */
export interface Course {
  readonly direction: 'inbound' | 'outbound';
  /** What a clear does to the network's pending marks. */
  readonly marks: LegCapabilities['marks'];
  /** What differs from `POLICY`. */
  readonly policy: Partial<CallPolicy>;
  readonly actions: readonly string[];
  /** What the caller does when the script is over and the world behaves again. */
  readonly rest: (typeof AFTERWARDS)[number];
  readonly ends: (typeof ENDINGS)[number];
}

export interface Script extends Course {
  /** What happens, and what must come of it. */
  readonly name: string;
  /** The law it broke when it was found. */
  readonly broke: string;
}

export const SCRIPTS = join(import.meta.dirname, 'scripts');

export const policyOf = ({ policy }: Course): CallPolicy => ({ ...POLICY, ...policy });

/** Every script that is kept, by file name. */
export function readScripts(): [file: string, script: Script][] {
  return readdirSync(SCRIPTS)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => [
      basename(file, '.json'),
      JSON.parse(readFileSync(join(SCRIPTS, file), 'utf8')) as Script,
    ]);
}

/** Keeps a course that broke a law; the same course always in the same file. @returns the file's name, without `.json` */
export async function keepScript(course: Course, broke: string): Promise<string> {
  const { direction, marks, policy, actions, rest, ends } = course;
  const slug = broke
    .toLowerCase()
    .split('\n', 1)[0]!
    .replace(/[^a-z]+/g, '-')
    .slice(0, 60)
    .replace(/^-|-$/g, '');
  const digest = createHash('sha256').update(JSON.stringify([direction, marks, policy, actions, rest, ends]));
  const file = `${slug}-${digest.digest('hex').slice(0, 8)}`;
  // Faults that are planted to be found are no findings.
  if (process.env['KEEP_SCRIPTS'] === '0') return file;
  const path = join(SCRIPTS, `${file}.json`);
  const script: Script = { name: `does not end in "${broke.split('\n', 1)[0]}"`, broke, ...course };
  const style = await resolveConfig(path);
  writeFileSync(path, await format(JSON.stringify(script), { ...style, filepath: path }));
  return file;
}
