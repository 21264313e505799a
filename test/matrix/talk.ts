/**
 * @module What is said in every call of the matrix: short clips, so that a cell is short, and a caller who asks again
 * until answered, so that "the call went on" means that a question asked after the fault was answered in full.
 */
import {
  type CallerScript,
  type ExchangeCall,
  hangUp,
  say,
  silentUntil,
  wait,
} from '../../src/exchange/index.ts';
import type { SpokenLine } from '../../src/testing/openai/index.ts';
import { voice, type VoiceName } from '../../src/testing/voices.ts';

const line = (name: VoiceName): SpokenLine & { readonly audio: Uint8Array } => {
  const { text, audio } = voice(name);
  return { text, audio };
};

export const GREETING = line('en/agent-02');
export const ANSWER = line('en/agent-01');
export const GOODBYE = line('en/agent-03');
/** Long enough to be interrupted. */
export const LECTURE = line('en/agent-answer');

/** The caller says something before the fault. */
export const asks = () => say({ name: 'ask', audio: voice('en/caller-01').audio });

const PROBE = 'probe';
/** A caller who is patient: longer than any wait the charts allow themselves. */
const PATIENCE_MS = 30_000;
const TRIES = 3;
/** Enough of the answer to know it by. */
const KNOWN_BY = 480;

const ANSWER_BYTES = Buffer.from(ANSWER.audio);
const FIRST_SOUND = ANSWER.audio.findIndex((byte) => (byte | 0x80) < 0xf0);
const LAST_SOUND = ANSWER.audio.findLastIndex((byte) => (byte | 0x80) < 0xf0);
const SOUND = ANSWER_BYTES.subarray(FIRST_SOUND, LAST_SOUND + 1);

/** Ends of the caller's questions since `from`, on the clock. */
const asked = (call: ExchangeCall, from: number): number | undefined =>
  call.events.findLast(
    (event) => event.type === 'callerVoiceStart' && event.step === PROBE && event.at >= from,
  )?.at;

/** Whether a question asked after `from` (a time of the clock) has been answered: every byte, without a hole. */
export function isAnswered(call: ExchangeCall, from: number): boolean {
  const at = asked(call, from);
  const opened = call.events.find(({ type }) => type === 'mediaOpened')?.at;
  if (at === undefined || opened === undefined) return false;
  const tape = Buffer.from(call.heard.buffer, call.heard.byteOffset, call.heard.length);
  const start = Math.max(0, Math.floor((at - opened) * 8));
  const found = tape.indexOf(SOUND.subarray(0, KNOWN_BY), start);
  return found >= 0 && tape.subarray(found, found + SOUND.length).equals(SOUND);
}

/** Asks, waits, asks again; hangs up once answered, or when asking has become pointless. @param since when the fault was */
export function probing(since: () => number): CallerScript {
  const answered = (call: ExchangeCall): boolean => call.mediaMs % 100 === 0 && isAnswered(call, since());
  const ask =
    (left: number) =>
    (call: ExchangeCall): CallerScript => {
      if (isAnswered(call, since())) return [wait(500), hangUp()];
      if (left === 0) return [hangUp()];
      return [
        say({ name: PROBE, audio: voice('en/caller-02').audio }),
        silentUntil(answered, { timeoutMs: PATIENCE_MS }),
        ask(left - 1),
      ];
    };
  return [wait(1_500), ask(TRIES)];
}
