/**
 * @module What the exchange measured of a call, at the caller's end of the line: how fast answers came, how fast the
 * agent fell silent, and whether any of what was cut still came.
 */
import { type Arrival, bargeInsOf, type CallEvent, turnsOf } from '../exchange/index.ts';

export interface MeasuredTurn {
  /** From the end of the caller's last voiced frame to the first frame of the answer played. */
  readonly latencyMs: number;
}

export interface MeasuredBargeIn {
  /** From the caller's first voiced frame to the clear; null if the agent never cleared. */
  readonly reactionMs: number | null;
  /** Frames of 20 ms of the cut answer that came after that clear. */
  readonly staleFrames: number;
}

/** What is read of a call: its events and the agent's audio as it came in. */
export interface MeasuredCall {
  readonly events: readonly CallEvent[];
  readonly arrivals: readonly Arrival[];
}

/** Bytes of a 20 ms frame of G.711. */
const FRAME_BYTES = 160;
/** Shorter pieces, or ones of a single repeated byte, lie in any recording. */
const LEAST_BYTES = 80;

/** Answers of a call, in order. */
export function measureTurns({ events }: Pick<MeasuredCall, 'events'>): MeasuredTurn[] {
  return turnsOf(events).map(({ latencyMs }) => ({ latencyMs: round(latencyMs) }));
}

/**
 * Barge-ins of a call, in order.
 * @param cutAnswer mu-law of the answer that is cut, where it is known: then its frames are told by their content.
 * Otherwise what comes after the clear and before the caller has finished speaking counts, since it can be no answer
 * to what is still being said.
 */
export function measureBargeIns(call: MeasuredCall, cutAnswer?: Uint8Array): MeasuredBargeIn[] {
  const { events } = call;
  const clears = events.filter((event) => event.type === 'clear');
  return bargeInsOf(events).map(({ at, reactionMs }) => {
    if (reactionMs === undefined) return { reactionMs: null, staleFrames: 0 };
    const number = clears.findIndex((clear) => clear.at === at + reactionMs) + 1;
    const after = call.arrivals.filter((arrival) => arrival.clears >= number);
    const stale = cutAnswer
      ? after.filter((arrival) => belongsTo(arrival.audio, cutAnswer))
      : after.filter((arrival) => arrival.at < endOfSpeech(events, at));
    const bytes = stale.reduce((sum, arrival) => sum + arrival.bytes, 0);
    return { reactionMs: round(reactionMs), staleFrames: Math.ceil(bytes / FRAME_BYTES) };
  });
}

function endOfSpeech(events: readonly CallEvent[], from: number): number {
  return events.find((event) => event.type === 'callerVoiceStop' && event.at > from)?.at ?? from;
}

function belongsTo(audio: Uint8Array | undefined, answer: Uint8Array): boolean {
  if (!audio || audio.length < LEAST_BYTES || audio.every((byte) => byte === audio[0])) return false;
  const piece = Buffer.from(audio.buffer, audio.byteOffset, audio.length);
  return Buffer.from(answer.buffer, answer.byteOffset, answer.length).includes(piece);
}

/** A tenth of a millisecond is finer than anything on the line. */
export function round(value: number): number {
  return Math.round(value * 10) / 10;
}
