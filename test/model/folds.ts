/**
 * @module How states of a call are folded for walking: what each walk tells apart, in words for the report and as
 * the key itself.
 */
import type { Snapshot } from './rig.ts';

type Key = readonly unknown[];

const SMALL_LINES = ['filler', 'one-moment'];

/** The path of a state value below `part`, such as `conversing.listening`. */
export function pathOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return typeof value === 'string' ? value : '';
  return Object.entries(value)
    .map(([key, child]) => `${key}.${pathOf(child)}`)
    .join('+');
}

const regionOf = ({ value }: Snapshot, region: string): string =>
  pathOf((value as { live?: Record<string, unknown> }).live?.[region]);

const placeOf = (snapshot: Snapshot): string =>
  typeof snapshot.value === 'object' && 'live' in snapshot.value
    ? regionOf(snapshot, 'dialogue')
    : pathOf(snapshot.value);

const sessionOf = ({ context }: Snapshot): string =>
  context.sessionFailed !== null ? 'failed' : context.connection > 0 ? 'ready' : 'absent';

/** What is alive: replies without and with sound, requests, tools. Enough to tell what the states ask about. */
function aliveOf({ context }: Snapshot): Key {
  const { gens, asked, tools } = context;
  const spoken = gens.filter(({ kind }) => !SMALL_LINES.includes(kind));
  return [
    spoken.some(({ audio }) => !audio),
    spoken.some(({ audio }) => audio),
    asked.length > 0,
    tools.some(({ status }) => status === 'running'),
    tools.some(({ status }) => status === 'given'),
  ];
}

/**
 * dialogue × floor × session, with what is alive and the turn; away and at the end only what matters there, and
 * between two sessions what is owed too.
 */
export function foldTalk(snapshot: Snapshot): Key {
  const place = placeOf(snapshot);
  const { turn, finalWord, owed, greeting } = snapshot.context;
  if (/^closing.(releasing|settling)/.test(place)) return [place, finalWord, aliveOf(snapshot)[3]];
  if (place.startsWith('closing')) return [place, sessionOf(snapshot), ...aliveOf(snapshot).slice(0, 4)];
  if (snapshot.hasTag('away')) return [place, regionOf(snapshot, 'floor'), sessionOf(snapshot)];
  const alive = aliveOf(snapshot);
  const waits = place === 'reconnecting' && [owed, greeting === 'due'];
  return [place, regionOf(snapshot, 'floor'), sessionOf(snapshot), ...alive, turn, waits];
}

/** Failures in a row on top of the dialogue; the floor left out. */
export function foldFailures(snapshot: Snapshot): Key {
  const { misses, apologies, toolRounds, turn } = snapshot.context;
  const place = placeOf(snapshot);
  if (place.startsWith('closing')) return [place];
  const counts = [Math.min(misses, 2), Math.min(apologies, 2), Math.min(toolRounds, 2)];
  return [place, ...aliveOf(snapshot), turn === 'open', ...counts];
}

/** Everything before the answer and the first seconds after it. */
export function foldOpening(snapshot: Snapshot): Key {
  const { greeting, started, misses, endingGen, mediaOpen } = snapshot.context;
  const place = placeOf(snapshot);
  if (/^(closing|conversing|reconnecting)/.test(place)) return [place, sessionOf(snapshot)];
  const alive = aliveOf(snapshot).slice(0, 3);
  return [
    place,
    sessionOf(snapshot),
    greeting,
    started,
    Math.min(misses, 1),
    endingGen > 0,
    mediaOpen > 0,
    ...alive,
  ];
}

/** Transfers and mailboxes. */
export function foldAway(snapshot: Snapshot): Key {
  const { transfer, owed, mediaOpen, lineGone } = snapshot.context;
  const alive = aliveOf(snapshot).slice(0, 3);
  return [placeOf(snapshot), sessionOf(snapshot), transfer?.after, owed, mediaOpen > 0, lineGone, ...alive];
}

/** A side region, or several that have nothing to do with each other, with the dialogue folded to its tags. */
export const foldSides =
  (...regions: readonly string[]) =>
  (snapshot: Snapshot): Key => {
    const { digits, digitsWaiting, heldDigits, mediaOpen } = snapshot.context;
    return [
      [...snapshot.tags].sort().join(' '),
      ...regions.map((region) => regionOf(snapshot, region)),
      sessionOf(snapshot),
      ...(regions.includes('keypad') ? [Math.min(digits, 3), digitsWaiting, heldDigits > 0] : []),
      ...(regions.includes('media') ? [mediaOpen > 0] : []),
    ];
  };

/** The end, with all that it waits for. */
export function foldEnd(snapshot: Snapshot): Key {
  const { finalWord, lineGone, tools, mediaOpen, endingGen } = snapshot.context;
  const waits = tools.some(({ status }) => status === 'running');
  if (!placeOf(snapshot).startsWith('closing')) return [placeOf(snapshot), ...aliveOf(snapshot)];
  const alive = aliveOf(snapshot).slice(0, 3);
  return [
    placeOf(snapshot),
    sessionOf(snapshot),
    finalWord,
    lineGone,
    waits,
    mediaOpen > 0,
    endingGen > 0,
    ...alive,
  ];
}
