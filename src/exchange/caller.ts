/**
 * @module A scripted caller as a small state machine, advanced by the 20 ms tick: one frame out for each tick.
 * A step becomes a player, asked for frames until it is done; nothing here waits on a promise.
 */
import type { Ear } from './ear.ts';
import type { CallEvent } from './events.ts';
import type { CallerScript, CallerStep } from './steps.ts';
import type { ExchangeCall } from './types.ts';
import { type CallerFrame, prepareClip, SILENT_FRAME } from './voice.ts';

/** What the caller does to the call. */
export interface CallerActs {
  digit(key: string): void;
  hangUp(): void;
  loseNetwork(control: boolean): void;
}

export interface Caller {
  /** The frame for this tick; undefined means none is to be sent. */
  next(at: number): CallerFrame | undefined;
  /** Replaces what is left of the script. */
  replace(script: CallerScript): void;
  /** Ends an utterance that is being spoken. */
  stop(): void;
}

const DONE = 'done';
type Player = (at: number) => CallerFrame | undefined | typeof DONE;

/** An agent that goes on for a minute after the caller's patience is a monologue: the script moves on. */
const MONOLOGUE_MS = 60_000;

/** Creates a caller. @param call handed to the script's own functions */
export function createCaller(parts: {
  readonly script: CallerScript;
  readonly ear: Ear;
  readonly acts: CallerActs;
  readonly emit: (event: CallEvent) => void;
  readonly call: () => ExchangeCall;
}): Caller {
  const { ear, acts, emit } = parts;
  let rest = [...parts.script];
  let player: Player | undefined;
  /** When the caller last did something the agent may answer. */
  let acted = Number.NEGATIVE_INFINITY;
  let voicing: { step: string; at: number } | undefined;

  const stop = (): void => {
    if (!voicing) return;
    emit({ at: voicing.at, type: 'callerVoiceStop', step: voicing.step });
    acted = voicing.at;
    voicing = undefined;
  };

  const speak = (step: string, audio: Uint8Array): Player => {
    const clip = prepareClip(audio);
    let index = 0;
    return (at) => {
      const frame = clip.frames[index];
      if (!frame) return DONE;
      if (index === clip.first) {
        voicing = { step, at };
        emit({ at, type: 'callerVoiceStart', step, over: ear.lastVoiced > at });
      }
      if (voicing && frame.voiced) voicing.at = at;
      if (index === clip.last) stop();
      index += 1;
      return frame;
    };
  };

  const bargeIn = (step: Extract<CallerStep, { kind: 'bargeIn' }>, begun: number): Player => {
    let speaking: Player | undefined;
    return (at) => {
      const since = ear.speakingSince;
      const audible = since !== undefined && ear.lastVoiced > at && at - since >= step.afterMs;
      const late = at - begun >= step.timeoutMs;
      if (!speaking && (audible || late)) {
        if (!audible) emit({ at, type: 'timeout', step: step.name });
        speaking = speak(step.name, step.audio);
      }
      return speaking ? speaking(at) : SILENT_FRAME;
    };
  };

  const waitForAgent = (step: Extract<CallerStep, { kind: 'waitForAgent' }>, begun: number): Player => {
    return (at) => {
      const heard = ear.heardSince(acted);
      const late = at - begun >= step.timeoutMs + (heard ? MONOLOGUE_MS : 0);
      const over = heard && at - ear.lastVoiced >= step.quietMs;
      if (!over && !late) return SILENT_FRAME;
      if (late) emit({ at, type: 'timeout', step: step.kind });
      acted = at;
      return DONE;
    };
  };

  const press = (step: Extract<CallerStep, { kind: 'press' }>, begun: number): Player => {
    let index = 0;
    let due = begun;
    return (at) => {
      if (at < due) return SILENT_FRAME;
      const key = step.digits[index];
      if (key === undefined) return DONE;
      index += 1;
      due += step.everyMs;
      acted = at;
      acts.digit(key);
      return SILENT_FRAME;
    };
  };

  const silentUntil = (step: Extract<CallerStep, { kind: 'silentUntil' }>, begun: number): Player => {
    return (at) => {
      if (step.test(parts.call())) return DONE;
      if (at - begun < step.timeoutMs) return SILENT_FRAME;
      emit({ at, type: 'timeout', step: step.kind });
      return DONE;
    };
  };

  const muteFrames = (count: number): Player => {
    let left = count;
    return () => ((left -= 1) >= 0 ? undefined : DONE);
  };

  /** Does `act` once, then stays silent: whatever it does, the call is about to end. */
  const last = (act: () => void): Player => {
    act();
    return () => SILENT_FRAME;
  };

  const playerOf = (step: CallerStep, at: number): Player => {
    switch (step.kind) {
      case 'say':
        return speak(step.name, step.audio);
      case 'waitForAgent':
        return waitForAgent(step, at);
      case 'bargeIn':
        return bargeIn(step, at);
      case 'press':
        return press(step, at);
      case 'wait':
        return (now) => (now - at < step.ms ? SILENT_FRAME : DONE);
      case 'silentUntil':
        return silentUntil(step, at);
      case 'muteFrames':
        return muteFrames(step.count);
      case 'loseNetwork':
        return last(() => acts.loseNetwork(step.control));
      case 'hangUp':
        return last(() => acts.hangUp());
      default:
        return () => SILENT_FRAME;
    }
  };

  const nextPlayer = (at: number): Player => {
    for (;;) {
      const item = rest.shift();
      if (item === undefined) return last(() => acts.hangUp());
      if (typeof item !== 'function') return playerOf(item, at);
      rest = [...item(parts.call()), ...rest];
    }
  };

  return {
    next(at) {
      for (;;) {
        player ??= nextPlayer(at);
        const frame = player(at);
        if (frame !== DONE) return frame;
        player = undefined;
      }
    },
    replace(script) {
      stop();
      rest = [...script];
      player = undefined;
    },
    stop,
  };
}
