/**
 * @module What each stage of the media plane costs per 20 ms chunk, and a chart per event, in this process alone.
 * Best of several rounds: on a shared machine the fastest round is the one least disturbed.
 */
import { createActor, fromCallback } from 'xstate';
import { base64Of, bytesOf, chunkOfBase64, chunkOfBytes } from '../src/audio/chunk.ts';
import { decode, encode } from '../src/audio/g711.ts';
import { applyGain } from '../src/audio/gain.ts';
import { createHearGate } from '../src/audio/gate.ts';
import { createPlayout } from '../src/audio/playout.ts';
import { createResampler } from '../src/audio/resample.ts';
import { createVoiceDetector } from '../src/audio/vad.ts';
import type { CallPolicy } from '../src/machines/call/vocabulary.ts';
import { createCallLogic } from '../src/machines/call/machine.ts';
import { govern } from '../src/machines/govern.ts';
import { staleForCall } from '../src/machines/stale.ts';
import { createSystemClock } from '../src/runtime/clock.ts';

export interface StageCost {
  readonly stage: string;
  readonly ns: number;
  /** What is counted: a 20 ms chunk, or a chart event. */
  readonly per: 'chunk' | 'event';
}

const ROUNDS = 7;

function time(run: () => void, count: number): number {
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round += 1) {
    const start = process.hrtime.bigint();
    for (let index = 0; index < count; index += 1) run();
    best = Math.min(best, Number(process.hrtime.bigint() - start) / count);
  }
  return best;
}

function measureMedia(): StageCost[] {
  const bytes = new Uint8Array(160).map((_, index) => (index * 37) & 0xff);
  const text = Buffer.from(Buffer.from(bytes).toString('base64'), 'latin1');
  const pcm = decode('ulaw', bytes);
  const pcm24 = new Int16Array(480).map((_, index) => Math.round(8_000 * Math.sin(index / 8)));
  const up = createResampler(8_000, 16_000);
  const down = createResampler(24_000, 8_000);
  const voice = createVoiceDetector({ codec: 'ulaw' });
  const gate = createHearGate({ pass: () => undefined });
  gate.set('live');
  const out = new Uint8Array(160);
  const outPcm = new Int16Array(160);
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
  const chunk = (stage: string, run: () => void, count = 100_000): StageCost => ({
    stage,
    ns: time(run, count),
    per: 'chunk',
  });
  const costs = [
    chunk('decode base64', () => bytesOf(chunkOfBase64(text))),
    chunk('encode base64', () => base64Of(chunkOfBytes(bytes))),
    chunk('G.711 decode', () => decode('ulaw', bytes, outPcm)),
    chunk('G.711 encode', () => encode('ulaw', pcm, out)),
    chunk('gain', () => applyGain('ulaw', bytes, 1.5, out)),
    chunk('hear gate, live', () => gate.push(chunkOfBase64(text))),
    chunk('voice detector', () => voice.push(chunkOfBytes(bytes))),
    chunk('resample 8 to 16 kHz', () => up.process(pcm), 20_000),
    chunk('resample 24 to 8 kHz', () => down.process(pcm24), 20_000),
    chunk('playout ledger', () => {
      playout.push(chunkOfBase64(text, gen));
      if ((pushed += 1) % 500 === 0) {
        playout.flush(gen);
        playout.begin((gen += 1));
      }
    }),
  ];
  playout.close();
  return costs;
}

const POLICY: CallPolicy = {
  turns: 'model',
  answerAfter: 500,
  interruptAfter: 0,
  greeting: 'none',
  voicemail: false,
  recording: false,
  maxDuration: 3_600_000,
  ringTimeout: 60_000,
  transferReportsAnswer: false,
  longestBridge: 7_200_000,
  returnAfterFailure: false,
  endingTools: [],
  tools: {},
  maxToolRounds: 8,
};

/** One turn with a barge-in is nine events; the figure is the mean of them, orders included. */
function measureChart(): StageCost[] {
  const silent = fromCallback(() => undefined);
  const ports = { leg: silent, session: silent, screen: silent, start: silent, limit: silent, tool: silent };
  const logic = govern(createCallLogic(ports), { name: 'call', staleness: staleForCall });
  const actor = createActor(logic, { input: { id: 'bench', direction: 'inbound', policy: POLICY } });
  actor.start();
  const send = (event: { type: string } & Record<string, unknown>): void => actor.send(event);
  send({ type: 'screen.done', accept: true, code: '', policy: POLICY });
  send({ type: 'session.ready', connection: 1 });
  send({ type: 'start.done' });
  send({ type: 'leg.mediaStarted', epoch: 1 });
  send({ type: 'leg.answered' });
  let gen = 0;
  const turn = (): void => {
    gen += 1;
    send({ type: 'voice.start', epoch: 1 });
    send({ type: 'playout.cut', gen: gen - 1, playedMs: 900, method: 'exact' });
    send({ type: 'voice.stop', epoch: 1 });
    send({ type: 'turn.committed', turn: 'i', chars: 0 });
    send({ type: 'gen.started', gen });
    send({ type: 'gen.audio', gen });
    send({ type: 'gen.done', gen, audioMs: 2_000, tools: 0, reason: 'completed' });
    send({ type: 'gen.audio', gen: gen - 1 });
  };
  const ns = time(turn, 1_000) / 8;
  actor.stop();
  return [{ stage: 'call chart, a turn with a barge-in', ns, per: 'event' }];
}

/** Every stage, once. */
export function measureStages(): StageCost[] {
  return [...measureMedia(), ...measureChart()];
}

if (import.meta.main) {
  for (const { stage, ns, per } of measureStages()) {
    process.stdout.write(`${stage.padEnd(36)} ${(ns / 1000).toFixed(2).padStart(8)} µs per ${per}\n`);
  }
}
