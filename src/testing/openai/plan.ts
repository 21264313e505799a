/**
 * @module The timetable of one response: which piece of words, audio or arguments leaves when. Pure, so that the
 * pace of a reply can be read and tested without a socket.
 */
import { type AudioFormat, cutLine, type Piece } from './audio.ts';
import type { ResponseFault } from './faults.ts';
import { callsOf, linesOf, type Reply } from './script.ts';

/** `at` is ms after the response was created. */
export type Step = { readonly at: number } & (
  | { readonly do: 'openMessage' }
  | { readonly do: 'words'; readonly delta: string }
  | { readonly do: 'audio'; readonly piece: Piece }
  | { readonly do: 'closeMessage' }
  | { readonly do: 'openCall'; readonly name: string; readonly arguments: string }
  | { readonly do: 'arguments'; readonly delta: string }
  | { readonly do: 'closeCall' }
  | { readonly do: 'fault'; readonly fault: ResponseFault }
  | { readonly do: 'done' }
);

export interface Pace {
  /** Ms from the request to the first audio, or to the first call of a reply without audio. */
  readonly firstAudioMs: number;
  /** Ms from the end of the audio, or of the call before, to a call. */
  readonly callMs: number;
  /** How many times faster than real time audio is delivered. */
  readonly speedup: number;
  /** Lengths of the audio deltas, taken in turn, ms. */
  readonly deltaMs: readonly number[];
}

// The item and its content part are announced shortly before the first sound, and words run ahead of the voice.
const ANNOUNCE_MS = 60;
const WORDS_LEAD_MS = 300;
// Arguments come in pieces of a few characters, a token or so each.
const ARGUMENTS_PIECE = 12;
const ARGUMENTS_MS = 8;
// The last item is over before the response is: who asks for the next one in between is refused.
const DONE_MS = 10;

/** Lays a reply out in time. @param format of the audio, or undefined where only text is asked for. */
export function planReply(
  reply: Reply,
  fault: ResponseFault | undefined,
  format: AudioFormat | undefined,
  pace: Pace,
): Step[] {
  if (fault?.kind === 'silent') return [];
  if (fault?.kind === 'nothing') return [{ at: pace.firstAudioMs, do: 'done' }];
  const steps: Step[] = [];
  const spokenUntil = planMessage(steps, reply, format, pace);
  const end = planCalls(steps, reply, spokenUntil, pace);
  steps.push({ at: end + DONE_MS, do: 'done' });
  if (fault && 'afterMs' in fault) insertFault(steps, fault, fault.afterMs ?? 0, pace);
  else if (fault?.kind === 'failed') insertFault(steps, fault, 0, pace);
  return steps;
}

function planMessage(steps: Step[], reply: Reply, format: AudioFormat | undefined, pace: Pace): number {
  const lines = linesOf(reply);
  const begin = pace.firstAudioMs;
  if (lines.length === 0) return begin;
  steps.push({ at: Math.max(0, begin - ANNOUNCE_MS), do: 'openMessage' });
  let start = 0;
  const words: { text: string; ms: number }[] = [];
  const pieces: { piece: Piece; startMs: number }[] = [];
  for (const line of lines) {
    const cut = cutLine(line, format ?? 'audio/pcmu', pace.deltaMs);
    const parts = line.text.split(/(?<=\s)(?=\S)/);
    for (const [index, part] of parts.entries()) {
      const space = index === 0 && words.length > 0 ? ' ' : '';
      words.push({ text: space + part, ms: start + (index / parts.length) * cut.ms });
    }
    for (const piece of cut.pieces) pieces.push({ piece, startMs: start + piece.startMs });
    start += cut.ms;
  }
  let next = 0;
  for (const { piece, startMs } of pieces) {
    const at = begin + startMs / pace.speedup;
    let delta = '';
    while (next < words.length && words[next]!.ms <= startMs + piece.ms + WORDS_LEAD_MS) {
      delta += words[next]!.text;
      next += 1;
    }
    if (delta) steps.push({ at, do: 'words', delta });
    if (format) steps.push({ at, do: 'audio', piece });
  }
  const end = begin + start / pace.speedup;
  steps.push({ at: end, do: 'closeMessage' });
  return end;
}

function planCalls(steps: Step[], reply: Reply, from: number, pace: Pace): number {
  let at = from;
  for (const call of callsOf(reply)) {
    if (steps.length > 0) at += pace.callMs;
    steps.push({ at, do: 'openCall', name: call.name, arguments: call.arguments });
    for (let start = 0; start < call.arguments.length; start += ARGUMENTS_PIECE) {
      at += ARGUMENTS_MS;
      steps.push({ at, do: 'arguments', delta: call.arguments.slice(start, start + ARGUMENTS_PIECE) });
    }
    steps.push({ at, do: 'closeCall' });
  }
  return at;
}

function insertFault(steps: Step[], fault: ResponseFault, afterMs: number, pace: Pace): void {
  const at = pace.firstAudioMs + afterMs / pace.speedup;
  const before = (step: Step): boolean =>
    step.at < at || step.do === 'openMessage' || (step.at === at && afterMs > 0 && step.do !== 'done');
  const index = steps.findIndex((step) => !before(step));
  steps.splice(index < 0 ? steps.length - 1 : index, 0, {
    at: Math.min(at, steps.at(-1)!.at),
    do: 'fault',
    fault,
  });
}
