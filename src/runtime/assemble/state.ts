/** @module A chart's state in the plain strings that the public handle shows: XState's types stay inside. */
import type { CallState } from '../../call.ts';
import { pathsOf } from '../switchboard.ts';

/** Regions are `-` while there are none; `dialogue` is then the phase: `ringing.opening`, `closing.farewell`, `ended`. */
export function readState(value: unknown): CallState {
  const state = { dialogue: 'none', floor: '-', keypad: '-', recording: '-', media: '-', farEnd: '-' };
  for (const path of value === undefined ? [] : pathsOf(value)) {
    const [phase, region, ...rest] = path.split('.');
    if (phase !== 'live' || region === undefined) state.dialogue = path;
    else if (region in state) state[region as keyof typeof state] = nameIn(region, rest);
  }
  return state;
}

/** Inside the floor the grouping state is left out: `voiced`, not `sounding.voiced`. */
function nameIn(region: string, path: readonly string[]): string {
  return region === 'floor' ? (path.at(-1) ?? '-') : path.join('.');
}

/** The mode a tag family stands for: `hear.live` is `live`. */
export function readTag<Mode extends string>(
  tags: ReadonlySet<string>,
  family: string,
  otherwise: Mode,
): Mode {
  for (const tag of tags) if (tag.startsWith(family)) return tag.slice(family.length) as Mode;
  return otherwise;
}
