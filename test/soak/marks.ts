/**
 * @module Audio that says of each of its milliseconds whose it is: call, utterance and place are written in its eight
 * mu-law bytes. So it is seen exactly what was lost, repeated, out of order or in somebody else's call.
 */

/** Of a millisecond: 3 hexadecimal digits for the call, 1 for the utterance, 4 for its place. */
const GROUP = 8;
/** The last number is what silence reads as. */
export const MOST_CALLS = 0xfff;
export const MOST_UTTERANCES = 0x10;
export const LONGEST_MS = 0x10000;

/** A digit is the low half of a byte; the high half is one of these: near full scale, or under any threshold of voice. */
const LOUD = 0x80;
const QUIET = 0xf0;

const codeOf = (call: number, utterance: number, ms: number): number =>
  call * 2 ** 20 + utterance * 2 ** 16 + ms;

/** Writes `ms` milliseconds. @param isLoud where there is voice in them */
export function writeMarks(
  call: number,
  utterance: number,
  ms: number,
  isLoud: (at: number) => boolean = () => true,
): Uint8Array {
  if (call >= MOST_CALLS || utterance >= MOST_UTTERANCES || ms > LONGEST_MS)
    throw new RangeError('no numbers for so many calls, utterances or milliseconds');
  const bytes = new Uint8Array(ms * GROUP);
  for (let at = 0; at < ms; at += 1) {
    const code = codeOf(call, utterance, at);
    const high = isLoud(at) ? LOUD : QUIET;
    for (let digit = 0; digit < GROUP; digit += 1) {
      bytes[at * GROUP + digit] = high | ((code >>> (28 - 4 * digit)) & 0xf);
    }
  }
  return bytes;
}

/** What became of the milliseconds of one utterance. */
export interface Fate {
  /** In their place, once. */
  arrived: number;
  lost: number;
  /** Of those, the ones before the first that came, and the ones after the last. */
  early: number;
  late: number;
  /** Come again, or after later ones. */
  repeated: number;
  /** Not of this utterance, or unreadable. */
  foreign: number;
}

export interface Follower {
  /** Takes what came next. */
  follow(bytes: Uint8Array): void;
  /** @param sent ms of the utterance that were sent */
  fate(sent: number): Fate;
}

/** Follows one utterance of one call. */
export function createFollower(call: number, utterance: number): Follower {
  const fate: Fate = { arrived: 0, lost: 0, early: 0, late: 0, repeated: 0, foreign: 0 };
  let next = 0;
  return {
    follow(bytes) {
      for (let start = 0; start < bytes.length; start += GROUP) {
        const code = readCode(bytes, start);
        const ms = code - codeOf(call, utterance, 0);
        if (code < 0 || ms < 0 || ms >= LONGEST_MS) {
          fate.foreign += 1;
        } else if (ms < next) {
          fate.repeated += 1;
        } else {
          fate.lost += ms - next;
          if (fate.arrived === 0) fate.early = ms;
          fate.arrived += 1;
          next = ms + 1;
        }
      }
    },
    fate(sent) {
      const late = Math.max(0, sent - next);
      const more = Math.max(0, next - sent);
      return { ...fate, late, lost: fate.lost + late, foreign: fate.foreign + more };
    },
  };
}

/** The code of a millisecond, -1 for anything else. */
function readCode(bytes: Uint8Array, start: number): number {
  const high = (bytes[start] ?? 0) & 0xf0;
  if ((high !== LOUD && high !== QUIET) || start + GROUP > bytes.length) return -1;
  let code = 0;
  for (let digit = 0; digit < GROUP; digit += 1) {
    const byte = bytes[start + digit]!;
    if ((byte & 0xf0) !== high) return -1;
    code = code * 16 + (byte & 0xf);
  }
  return code;
}

/** The call that a piece of audio is of, by its beginning; beyond any call where it is not marked. */
export function callOf(bytes: Uint8Array): number {
  const code = readCode(bytes, 0);
  return code < 0 ? MOST_CALLS : Math.floor(code / 2 ** 20);
}

/** The utterance of `call` that a piece of audio begins with; -1 if it is of no such one. */
export function utteranceOf(call: number, bytes: Uint8Array): number {
  return callOf(bytes) === call ? Math.floor(readCode(bytes, 0) / 2 ** 16) % MOST_UTTERANCES : -1;
}
