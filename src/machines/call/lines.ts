/** @module The kinds of generation whose audio is ours: the leg plays them, no model is asked. */
import type { CannedLine } from './vocabulary.ts';

export const CANNED = [
  'apology',
  'one-moment',
  'filler',
  'goodbye',
  'transfer-failed',
] as const satisfies readonly CannedLine[];

/** Kinds no model is behind: nothing is cancelled, truncated or waited for there. */
export const OURS: readonly string[] = [...CANNED, 'audio'];
