/**
 * @module One caller's line while media is open: on every 20 ms tick it plays a frame of the agent, asks the caller
 * for one of theirs and keeps both. It knows no sockets.
 */
import { createCaller, type CallerActs } from './caller.ts';
import { createEar } from './ear.ts';
import type { CallEvent } from './events.ts';
import { createPlayoutQueue } from './playout-queue.ts';
import type { CallerScript } from './steps.ts';
import { createTape } from './tape.ts';
import type { Arrival, ExchangeCall } from './types.ts';
import { type CallerFrame, FRAME_BYTES, FRAME_MS, isVoiced, SILENT_FRAME } from './voice.ts';

/** Where the line sends to: the agent's media socket. */
export interface LineOutput {
  /** One frame; undefined leaves a hole. */
  frame(frame: CallerFrame | undefined): void;
  mark(name: string): void;
}

export interface Line {
  readonly heard: Uint8Array;
  readonly spoken: Uint8Array;
  readonly arrivals: readonly Arrival[];
  readonly mediaMs: number;
  readonly paddedBytes: number;
  tick(at: number): void;
  /** Audio, marks and clears of the agent. */
  audio(bytes: Uint8Array): void;
  mark(name: string): void;
  clear(): void;
  /** While away the caller is connected to someone else: silence in, and what the agent says is thrown away. */
  setAway(away: boolean): void;
  /** Replaces what is left of the caller's script. */
  act(script: CallerScript): void;
  /** The call is over: an utterance being spoken ends here. */
  stop(): void;
}

/** Creates a line. @param keepAudio false leaves `heard` and `spoken` empty */
export function createLine(parts: {
  readonly now: () => number;
  readonly script: CallerScript;
  readonly acts: CallerActs;
  /** Handed to the script's own functions. */
  readonly call: () => ExchangeCall;
  readonly output: LineOutput;
  readonly emit: (event: CallEvent) => void;
  readonly keepAudio: boolean;
}): Line {
  const { now, output, emit } = parts;
  const ear = createEar(emit);
  const caller = createCaller({ script: parts.script, ear, emit, acts: parts.acts, call: parts.call });
  const queue = createPlayoutQueue();
  const heard = createTape(parts.keepAudio);
  const spoken = createTape(parts.keepAudio);
  const arrivals: Arrival[] = [];
  const frame = new Uint8Array(FRAME_BYTES);
  let frames = 0;
  let clears = 0;
  let away = false;

  const echo = (name: string, cleared: boolean): void => {
    emit({ at: now(), type: 'mark', name, cleared });
    output.mark(name);
  };
  const echoPlayed = (at: number): void => {
    for (let name = queue.takeMark(at); name !== undefined; name = queue.takeMark(at)) echo(name, false);
  };

  const play = (at: number): void => {
    echoPlayed(at);
    const audible = queue.take(frame, at);
    heard.append(frame);
    ear.hear(audible && isVoiced(frame), at);
  };

  return {
    get heard() {
      return heard.read();
    },
    get spoken() {
      return spoken.read();
    },
    arrivals,
    get mediaMs() {
      return frames * FRAME_MS;
    },
    get paddedBytes() {
      return queue.padded;
    },
    tick(at) {
      frames += 1;
      play(at);
      const sent = away ? SILENT_FRAME : caller.next(at);
      spoken.append((sent ?? SILENT_FRAME).bytes);
      output.frame(sent);
    },
    audio(bytes) {
      const arrival = { at: now(), bytes: bytes.length, clears };
      arrivals.push(parts.keepAudio ? { ...arrival, audio: bytes } : arrival);
      if (!away) queue.push(bytes, now());
    },
    mark(name) {
      queue.mark(name);
      echoPlayed(now());
    },
    clear() {
      const droppedMs = queue.length / 8;
      const marks = queue.clear();
      clears += 1;
      emit({ at: now(), type: 'clear', droppedMs, marks: marks.length });
      for (const name of marks) echo(name, true);
      ear.cut(now());
    },
    setAway(next) {
      away = next;
      if (away) for (const name of queue.clear()) echo(name, true);
    },
    act: (script) => caller.replace(script),
    stop: () => caller.stop(),
  };
}
