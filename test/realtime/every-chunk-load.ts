/**
 * @module A process of its own: the network with all its callers, and the model. Both keep every byte they were sent;
 * when the calls are over it is held against what the other end had sent.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createExchange, type ExchangeCall, say } from '../../src/exchange/index.ts';
import { prepareClip } from '../../src/exchange/voice.ts';
import { fileNameOf } from '../../src/runtime/call-log.ts';
import { createSystemClock } from '../../src/runtime/clock.ts';
import { createRandom } from '../../src/runtime/ids.ts';
import { parseCallLog } from '../../src/runtime/log-parse.ts';
import { createOpenAIStandIn, type StandInSession } from '../../src/testing/openai/index.ts';
import { callOf, createFollower, type Fate, type Follower, utteranceOf, writeMarks } from '../soak/marks.ts';
import { KEY, NUMBER } from '../world.ts';
import type { ChunkFigures, ChunkOrder, ChunkSetup, LoadReport } from './every-chunk-messages.ts';
import { readLateness } from './lateness.ts';
import { onOrder, takeLeave } from './messages.ts';

const { calls, seconds, directory } = JSON.parse(process.argv[2] ?? '{}') as Omit<ChunkSetup, 'exchangeUrl'>;
const tell = (message: LoadReport): void => void process.send?.(message);
const delay = monitorEventLoopDelay({ resolution: 5 });

/** The caller speaks for a second in every four: into silence, or over a reply that goes on. */
const CYCLE = { ms: 4_000, speech: 1_000, first: 1_600 };
const CALLER = 15;
/** In turns: a reply that is over before the caller speaks again, and one that is still being made by then. */
const REPLIES_MS = [800, 18_000];
/** So that the networks' handshakes do not all come in one instant. */
const APART_MS = 25;

const clock = createSystemClock();
/** Replies in the order in which a connection's model began them, and the latest of each call. */
const begun = new Map<number, number[]>();
const utterances: number[] = [];
const exchange = createExchange({ clock, random: createRandom(1), keepCalls: calls });
const standIn = createOpenAIStandIn({
  clock,
  random: createRandom(2),
  key: KEY,
  keepAudio: true,
  // Lost ones and the ones in their place.
  keepSessions: 4 * calls,
  script({ instructions, connection }) {
    const call = Number(instructions);
    const order: number[] = [];
    begun.set(connection, order);
    const reply = (place: number) => ({
      text: `Reply ${place}.`,
      // Read when the reply is begun, and not before: one that is given again is another utterance.
      get audio() {
        const utterance = (utterances[call] = (utterances[call] ?? -1) + 1);
        order.push(utterance);
        return writeMarks(call, utterance, REPLIES_MS[place % 2]!);
      },
    });
    const turns = Math.min(CALLER - 1, Math.ceil((seconds * 1_000) / CYCLE.ms));
    return {
      greeting: reply(0),
      // Whatever it is asked for, each response is an utterance with numbers.
      onInstructions: () => reply(0),
      otherwise: { hear: 'Words.', say: reply(1) },
      turns: Array.from({ length: turns }, (_, index) => ({ hear: 'Words.', say: reply(index + 1) })),
    };
  },
});

/** A caller's whole part, silences too. */
function voiceOf(call: number): Uint8Array {
  return writeMarks(call, CALLER, seconds * 1_000, (at) => {
    const since = at - CYCLE.first;
    return since >= 0 && since % CYCLE.ms < CYCLE.speech;
  });
}

const numberOf = (call: number): string => `0105550${String(call).padStart(4, '0')}`;
/** One, unless it was lost. */
const sessionsOf = (call: number): StandInSession[] =>
  standIn.sessions.filter(({ settings }) => settings.instructions === String(call));

/**
 * For each reply, in the order in which they began, whether it was cut. The call's log says so: it was flushed or
 * cancelled, or the line went before it was made.
 */
function readCuts(id: string): boolean[] {
  const { lines } = parseCallLog(readFileSync(join(directory, `${fileNameOf(id)}.call.log`), 'utf8'));
  const order: number[] = [];
  const made = new Set<number>();
  const cut = new Set<number>();
  let up = true;
  for (const { text, fact } of lines) {
    const [, , source, event, ordered] = JSON.parse(text) as [number, string, string, LogEvent, LogEvent?];
    const { type, gen = 0 } = ordered ?? event;
    if (type === 'leg.mediaStopped') up = false;
    if (type === 'gen.started' && source === 'connection') order.push(gen);
    if (type === 'gen.done' && fact && up) made.add(gen);
    if (type === 'playout.cut' || type === 'cancel') cut.add(gen);
  }
  return order.map((gen) => cut.has(gen) || !made.has(gen));
}

interface LogEvent {
  readonly type: string;
  readonly gen?: number;
}

const none = (): Fate => ({ arrived: 0, lost: 0, early: 0, late: 0, repeated: 0, foreign: 0 });

function add(sum: Fate, part: Fate): void {
  for (const name of Object.keys(sum) as (keyof Fate)[]) sum[name] += part[name];
}

type Sums = { -readonly [Name in keyof ChunkFigures]: ChunkFigures[Name] };

/** What the caller said and what the model heard of it. */
function followCaller(sums: Sums, call: number, { spoken }: ExchangeCall): void {
  const follower = createFollower(call, CALLER);
  for (const { heardAudio, appends } of sessionsOf(call)) {
    follower.follow(heardAudio);
    sums.framesToModel += appends;
  }
  // The frame of the hang-up itself is silence that is not sent any more.
  add(sums.toModel, follower.fate(Math.min(spoken.length / 8, seconds * 1_000)));
}

/** What the model said, reply by reply, and what came of it. */
function followModel(sums: Sums, call: number, { id, arrivals }: ExchangeCall): void {
  const followers: Follower[] = [];
  const clearsAt: number[] = [];
  let latest = 0;
  for (const { audio, clears } of arrivals) {
    // The apology and the like of an agent whose model does not answer: numbered by nobody.
    if (callOf(audio!) >= calls) {
      sums.linesMs += audio!.length / 8;
      continue;
    }
    // What belongs to another call or an earlier reply is foreign to the reply that is under way.
    latest = Math.max(latest, utteranceOf(call, audio!));
    (followers[latest] ??= createFollower(call, latest)).follow(audio!);
    if (clears > (clearsAt[latest] ??= clears)) sums.afterClear += audio!.length / 8;
  }
  const cuts = readCuts(id);
  for (const { connection, responses } of sessionsOf(call)) {
    for (const [place, { audioMs }] of responses.entries()) {
      const reply = begun.get(connection)![place]!;
      const fate = (followers[reply] ?? createFollower(call, reply)).fate(audioMs);
      // One that the agent never heard of was begun for a call that was over.
      const cut = cuts.shift() ?? true;
      sums.replies += 1;
      if (cut) sums.cut += 1;
      add(cut ? sums.ofCut : sums.toCaller, fate);
    }
  }
  sums.chunksToCaller += arrivals.length;
}

const dialled: ExchangeCall[] = [];
let atOnce = 0;

async function playAll(): Promise<void> {
  const voices = Array.from({ length: calls }, (_, call) => voiceOf(call));
  // Cut into frames before the first of them has to be sent.
  for (const voice of voices) prepareClip(voice);
  delay.enable();
  let up = 0;
  exchange.on('event', (_call, { type }) => {
    if (type === 'mediaOpened') atOnce = Math.max(atOnce, (up += 1));
    if (type === 'mediaClosed') up -= 1;
  });
  for (const [call, audio] of voices.entries()) {
    dialled.push(exchange.dial(NUMBER, [say({ audio })], { from: numberOf(call) }));
    await new Promise<void>((resolve) => clock.setTimeout(resolve, APART_MS));
  }
  await Promise.all(dialled.map(({ ended }) => ended));
  delay.disable();
  tell({ type: 'over', lateness: readLateness(delay) });
}

/** Once the agent is gone and both ends have all that there is. */
async function judge(): Promise<ChunkFigures> {
  const results = await Promise.all(dialled.map(({ ended }) => ended));
  const sums: Sums = {
    atOnce,
    completed: results.filter(({ status, by }) => status === 'completed' && by === 'caller').length,
    replies: 0,
    cut: 0,
    toModel: none(),
    toCaller: none(),
    ofCut: none(),
    afterClear: 0,
    linesMs: 0,
    framesToModel: 0,
    chunksToCaller: 0,
  };
  for (const [call, media] of dialled.entries()) {
    followCaller(sums, call, media);
    followModel(sums, call, media);
  }
  return sums;
}

onOrder<ChunkOrder>(({ type }) => {
  if (type === 'dial') void playAll();
  else if (type === 'judge') void judge().then((figures) => tell({ type: 'figures', figures }));
  else void Promise.all([exchange.close(), standIn.close()]).then(takeLeave);
});
const { url: exchangeUrl } = await exchange.listen();
const { url: modelUrl } = await standIn.listen();
tell({ type: 'listening', exchangeUrl, modelUrl });
