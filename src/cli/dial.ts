/**
 * @module `offhook dial`: rings a number of a running exchange as a caller, says one thing, listens to the answer and
 * hangs up.
 */
import { writeFileSync } from 'node:fs';
import { decode } from '../audio/g711.ts';
import { encodeWav } from '../audio/wav.ts';
import { OffhookError } from '../errors.ts';
import type { LocalDial, LocalStep } from '../exchange/local-api.ts';
import { speak } from '../testing/speech.ts';
import { readCallerAudio } from './caller-audio.ts';
import { dialExchange } from './dial-client.ts';
import type { CommandIo } from './io.ts';
import { createLineView } from './line-view.ts';
import { formatElapsed } from './text.ts';

/** The command's options, as `--help` describes them. */
export interface DialOptions {
  readonly say?: string;
  readonly wav?: string;
  readonly url: string;
  readonly from?: string;
  readonly out?: string;
  readonly language: string;
  /** Quiet after the answer before the caller hangs up, in ms. */
  readonly patience: number;
}

/** A greeting's own pauses are shorter; this long a quiet is the caller's turn. */
const GREETING_QUIET_MS = 1_000;
/** An agent without a greeting waits for the caller, who does not wait for ever. */
const GREETING_TIMEOUT_MS = 5_000;
const ANSWER_TIMEOUT_MS = 30_000;

/** Rings `to`. @returns 0 if the call was answered and came to its end */
export async function runDial(to: string, options: DialOptions, io: CommandIo): Promise<number> {
  const audio = await readVoice(options);
  const request: LocalDial = {
    to,
    steps: stepsFor(audio, options.patience),
    heard: options.out !== undefined,
    ...(options.from !== undefined && { from: options.from }),
  };
  let start: number | undefined;
  let answered = false;
  const view = createLineView({
    write: (line) => io.out(line),
    color: io.color,
    time: (at) => formatElapsed(at - (start ??= at)),
  });
  const { result, heard } = await dialExchange(options.url, request, {
    call: ({ from, to: number }) => io.out(`${from} → ${number}`),
    event(event) {
      if (event.type === 'agentVoiceStart') answered = true;
      view.show('', event);
    },
  });
  if (options.out !== undefined && heard !== undefined) {
    writeFileSync(options.out, encodeWav([decode('ulaw', heard)], 8000));
    io.out(`What the caller heard: ${options.out}`);
  }
  if (!answered) io.err('The agent was never heard.');
  return answered && result.status === 'completed' ? 0 : 1;
}

async function readVoice({ say, wav, language }: DialOptions): Promise<Uint8Array> {
  if (wav !== undefined) return readCallerAudio(wav);
  if (say !== undefined) return speak(say, { language });
  throw new OffhookError('OFFHOOK_OPTION_MISSING', 'dial: the caller has nothing to say.', {
    expected: '--say TEXT or --wav FILE.',
    hint: 'Pass one of them.',
  });
}

/** Hears the greeting, speaks, hears the answer, hangs up. */
export function stepsFor(audio: Uint8Array, patienceMs: number): LocalStep[] {
  return [
    { waitForAgent: { quietMs: GREETING_QUIET_MS, timeoutMs: GREETING_TIMEOUT_MS } },
    { say: Buffer.from(audio).toString('base64'), name: 'caller' },
    { waitForAgent: { quietMs: patienceMs, timeoutMs: ANSWER_TIMEOUT_MS } },
    { hangUp: true },
  ];
}
