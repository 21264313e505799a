/**
 * @module What each stage of the media plane costs for one chunk: 20 ms from a caller, 200 ms from a model.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { base64Of, bytesOf, chunkOfBase64, chunkOfBytes } from '../../src/audio/chunk.ts';
import { decode, encode } from '../../src/audio/g711.ts';
import { applyGain } from '../../src/audio/gain.ts';
import { createHearGate, createSpeakGate } from '../../src/audio/gate.ts';
import { createPlayout } from '../../src/audio/playout.ts';
import { createRecorder } from '../../src/audio/recorder.ts';
import { createResampler } from '../../src/audio/resample.ts';
import { createVoiceDetector } from '../../src/audio/vad.ts';
import { createSystemClock } from '../../src/runtime/clock.ts';
import { type StageCost, time } from './time.ts';

const noise = (length: number): Uint8Array =>
  new Uint8Array(length).map((_, index) => (index * 37 + (index >> 3) * 11) & 0xff);
/** 20 ms of a caller and 200 ms of a model, as bytes and as base64. */
export const FRAME = noise(160);
export const DELTA = noise(1_600);
export const base64 = (bytes: Uint8Array): Buffer =>
  Buffer.from(Buffer.from(bytes).toString('base64'), 'latin1');

export function measureMedia(): StageCost[] {
  return [...measureCodecs(), ...measurePath(), ...measureRecorder()];
}

const chunk = (stage: string, run: () => void): StageCost => ({ stage, ns: time(run), per: 'chunk' });

function measureCodecs(): StageCost[] {
  const text = base64(FRAME);
  const pcm = decode('ulaw', FRAME);
  const wide = new Int16Array(480).map((_, index) => Math.round(8_000 * Math.sin(index / 8)));
  const bytes = new Uint8Array(FRAME.length);
  const samples = new Int16Array(FRAME.length);
  const up = createResampler(8_000, 16_000);
  const down = createResampler(24_000, 8_000);
  const voice = createVoiceDetector({ codec: 'ulaw' });
  return [
    chunk('base64 to bytes', () => bytesOf(chunkOfBase64(text))),
    chunk('bytes to base64', () => base64Of(chunkOfBytes(FRAME))),
    chunk('µ-law to PCM', () => decode('ulaw', FRAME, samples)),
    chunk('PCM to µ-law', () => encode('ulaw', pcm, bytes)),
    chunk('gain', () => applyGain('ulaw', FRAME, 1.5, bytes)),
    chunk('resample 8 to 16 kHz', () => up.process(pcm)),
    chunk('resample 24 to 8 kHz', () => down.process(wide)),
    chunk('voice detector', () => voice.push(chunkOfBytes(FRAME))),
  ];
}

function measurePath(): StageCost[] {
  const text = base64(FRAME);
  const hear = createHearGate({ pass: () => undefined });
  hear.set('live');
  const speak = createSpeakGate({ pass: () => undefined });
  speak.set('live');
  const delta = base64(DELTA);
  let gen = 1;
  const playout = createPlayout({
    clock: createSystemClock(),
    can: { marks: 'echo-on-clear', clear: true, pacing: 'carrier' },
    play: () => true,
    mark: () => undefined,
    clear: () => undefined,
    fact: () => undefined,
    mediaNow: () => 0,
  });
  playout.mediaStarted(1);
  playout.begin(gen);
  let pushed = 0;
  const costs = [
    chunk('hear gate', () => hear.push(chunkOfBase64(text))),
    chunk('speak gate', () => speak.push(chunkOfBase64(delta, 1))),
    // A reply of 10 s, then the next: a ledger never holds more than a call has said.
    chunk('playout ledger, 200 ms', () => {
      playout.push(chunkOfBase64(delta, gen));
      if ((pushed += 1) % 50 === 0) {
        playout.flush(gen);
        playout.begin((gen += 1));
      }
    }),
  ];
  playout.close();
  return costs;
}

/** A call of both sides, 20 ms at a time, into real files: three WAVs, written in pieces. */
function measureRecorder(): StageCost[] {
  const directory = mkdtempSync(join(tmpdir(), 'offhook-stage-'));
  try {
    const recorder = createRecorder({ directory, callId: 'bench', codec: 'ulaw' });
    const caller = base64(FRAME);
    const agent = base64(DELTA);
    let at = 0;
    const cost = chunk('recorder, both sides, 20 ms', () => {
      recorder.caller(chunkOfBase64(caller, 0, at));
      if (at % 200 === 0) recorder.agent(chunkOfBase64(agent, 1), at);
      at += 20;
    });
    recorder.close();
    return [cost];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
