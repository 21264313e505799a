/**
 * @module Counts what a program that has closed everything still holds: sockets, timers, files, calls. One number,
 * which has to be 0.
 */
import { readdirSync, readlinkSync, realpathSync } from 'node:fs';
import { openSockets } from '../testing/settle.ts';

/** What the process held before anything was opened. */
export interface Baseline {
  readonly resources: ReadonlyMap<string, number>;
}

/** Kinds that a call opens; the terminal's own handles are not among them. */
const KINDS = new Set([
  'TCPSocketWrap',
  'TCPServerWrap',
  'FSReqCallback',
  'Timeout',
  'ProcessWrap',
  'TLSWrap',
]);

/** Takes note of what is open now. */
export function takeBaseline(): Baseline {
  return { resources: countResources() };
}

/**
 * Counts what is open now and was not at the baseline.
 * @param held timers of our clock and calls that are still there, which no list of Node's shows
 * @param directory files in it that are still open count, where the system tells
 */
export function countLeftovers(baseline: Baseline, held: number, directory: string): number {
  let count = held + countOpenFiles(directory);
  const now = countResources();
  // Both ends of a loopback pair are sockets of ours, and Node lists them too: the larger number is the truth.
  const sockets = extra(now, baseline, 'TCPSocketWrap');
  count += Math.max(sockets, openSockets());
  for (const kind of KINDS) if (kind !== 'TCPSocketWrap') count += extra(now, baseline, kind);
  return count;
}

function extra(now: ReadonlyMap<string, number>, { resources }: Baseline, kind: string): number {
  return Math.max(0, (now.get(kind) ?? 0) - (resources.get(kind) ?? 0));
}

function countResources(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) {
    if (KINDS.has(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

function countOpenFiles(directory: string): number {
  try {
    const folder = `${realpathSync(directory)}/`;
    return readdirSync('/proc/self/fd').filter((fd) => targetOf(fd).startsWith(folder)).length;
  } catch {
    // Only Linux lists them so; elsewhere the other counts have to do.
    return 0;
  }
}

function targetOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
}
