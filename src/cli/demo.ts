/**
 * @module `offhook demo`: one call from ring to hang-up, shown live, then held against its script.
 */
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { OffhookError } from '../errors.ts';
import type { ExchangeCall } from '../exchange/index.ts';
import type { Outcome } from '../index.ts';
import { demoScript } from '../testing/demo-script.ts';
import type { VoiceLanguage } from '../testing/voices.ts';
import type { MemorySpan } from '../trace/memory.ts';
import { inspectLog, inspectRecording, writeTrace } from './artefacts.ts';
import { readCallerAudio } from './caller-audio.ts';
import { createDemoTracing, type DemoTracing } from './demo-tracing.ts';
import { createWorld, type DemoWorld } from './demo-world.ts';
import { type Happening, watchAgent } from './happenings.ts';
import type { CommandIo } from './io.ts';
import { type Baseline, countLeftovers, takeBaseline } from './leftovers.ts';
import { measureBargeIns, measureTurns } from './measure.ts';
import { createReport, type DemoReport, findFaults } from './report.ts';
import { renderSummary } from './summary.ts';
import { formatElapsed } from './text.ts';
import { createView } from './view.ts';

/** The command's options, as `--help` describes them. */
export interface DemoOptions {
  readonly json: boolean;
  readonly fast: boolean;
  readonly seed: number;
  readonly caller?: string;
  readonly provider: 'local' | 'openai';
  readonly language: VoiceLanguage;
  readonly directory: string;
  readonly port: number;
}

/** Runs the demo. @returns 0 only if the call went as it should */
export async function runDemo(options: DemoOptions, io: CommandIo): Promise<number> {
  const demo = await playDemo(options, options.json ? () => {} : createLiveView(io));
  if (options.json) io.out(JSON.stringify(demo.report));
  else for (const line of renderSummary(demo, io.color)) io.out(line);
  if (options.json) for (const fault of demo.faults) io.err(fault);
  return demo.faults.length === 0 ? 0 : 1;
}

export interface PlayedDemo {
  readonly report: DemoReport;
  /** What was not as it should be. */
  readonly faults: readonly string[];
  readonly durationMs: number;
  readonly trace: string;
}

/**
 * Plays the call and looks at everything it left. @param show told what happens, as it happens
 * @throws OffhookError for options that cannot work, and what opening the world threw
 */
export async function playDemo(
  options: DemoOptions,
  show: (happening: Happening) => void,
): Promise<PlayedDemo> {
  checkOptions(options);
  const baseline = takeBaseline();
  const directory = resolve(options.directory);
  makeDirectory(directory);
  const tracing = await createDemoTracing(options.fast);
  try {
    return await playTraced(options, tracing, { baseline, directory, show });
  } finally {
    await tracing.shutdown();
  }
}

interface Surroundings {
  readonly baseline: Baseline;
  readonly directory: string;
  readonly show: (happening: Happening) => void;
}

async function playTraced(
  options: DemoOptions,
  tracing: DemoTracing,
  { baseline, directory, show }: Surroundings,
): Promise<PlayedDemo> {
  const world = createWorld({
    ...options,
    directory,
    caller: options.caller === undefined ? undefined : readCallerAudio(options.caller),
    tracerProvider: tracing.provider,
  });
  const happenings: Happening[] = [];
  const played = await play(world, (happening) => {
    happenings.push(happening);
    show(happening);
  });
  // What tracing holds must be gone, too, before what is left is counted.
  await tracing.shutdown();
  const openAtEnd = await findLeftovers(world, baseline, directory);
  return conclude(options, { ...played, happenings, openAtEnd, directory, spans: tracing.spans() });
}

function checkOptions({ fast, provider }: DemoOptions): void {
  if (!fast || provider === 'local') return;
  throw new OffhookError('OFFHOOK_OPTION_INVALID', '--fast and --provider openai exclude each other.', {
    expected: 'Virtual time only where everything runs in this process.',
    hint: 'Leave out one of them.',
  });
}

function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (cause) {
    throw new OffhookError('OFFHOOK_OPTION_INVALID', `--directory ${path} cannot be made.`, {
      expected: 'A directory that can be written to.',
      cause,
    });
  }
}

function createLiveView(io: CommandIo): (happening: Happening) => void {
  let start: number | undefined;
  const view = createView({
    write: (line) => io.out(line),
    color: io.color,
    width: io.width,
    time: (at) => formatElapsed(at - (start ??= at)),
  });
  return (happening) => view.show(happening);
}

interface Played {
  readonly call: ExchangeCall;
  readonly outcome: Outcome;
}

async function play(world: DemoWorld, show: (happening: Happening) => void): Promise<Played> {
  try {
    await world.open();
    // The ring comes first in the view, and the clock of the view starts with it.
    world.exchange.on('call', ({ id, from, to }) =>
      show({ at: world.clock.now(), call: id, type: 'ringing', from, to }),
    );
    watchAgent(
      world.agent,
      () => world.clock.now(),
      (happening) => {
        // The caller's end of the line knows better what they waited for.
        if (happening.type !== 'turn' && happening.type !== 'bargeIn') show(happening);
      },
    );
    watchMeasurements(world, show);
    return await world.call();
  } finally {
    await world.close();
  }
}

/** Shows each answer's latency and each barge-in's reaction when the exchange has measured it. */
function watchMeasurements(world: DemoWorld, show: (happening: Happening) => void): void {
  let turns = 0;
  let bargeIns = 0;
  world.exchange.on('event', (call, { at, type }) => {
    if (type === 'agentVoiceStart') {
      for (const { latencyMs } of measureTurns(call).slice(turns)) {
        turns += 1;
        show({ at, call: call.id, type: 'turn', latencyMs });
      }
    }
    if (type === 'clear') {
      for (const { reactionMs } of measureBargeIns(call).slice(bargeIns)) {
        if (reactionMs === null) continue;
        bargeIns += 1;
        show({ at, call: call.id, type: 'bargeIn', reactionMs });
      }
    }
  });
}

/** What was closed takes a turn of the event loop to go, a socket to a far server a round trip. */
const CLOSING_STEPS = 50;
const CLOSING_STEP_MS = 20;

async function findLeftovers(world: DemoWorld, baseline: Baseline, directory: string): Promise<number> {
  // Timers first: the waiting below would let late ones run out unseen.
  const held = world.clock.pending + world.agent.calls.length;
  let left = held;
  for (let step = 0; step < CLOSING_STEPS; step += 1) {
    await world.rest(CLOSING_STEP_MS);
    left = countLeftovers(baseline, held, directory);
    if (left === held) break;
  }
  return left;
}

interface Material extends Played {
  readonly happenings: readonly Happening[];
  readonly openAtEnd: number;
  readonly directory: string;
  readonly spans: readonly MemorySpan[];
}

function conclude(options: DemoOptions, material: Material): PlayedDemo {
  const { call, outcome, directory, spans } = material;
  const scripted = options.provider === 'local' && options.caller === undefined;
  const cut = demoScript(options.language).turns.find((turn) => turn.by === 'agent' && turn.interrupted);
  const report = createReport({
    provider: options.provider,
    happenings: material.happenings,
    outcome,
    turns: measureTurns(call),
    bargeIns: measureBargeIns(call, scripted ? cut?.clip.audio : undefined),
    recording: inspectRecording(directory, call.id, call.mediaMs),
    log: inspectLog(directory, call.id),
    spans,
    openAtEnd: material.openAtEnd,
  });
  return {
    report,
    faults: findFaults(report, scripted ? 'scripted' : 'open', call.events),
    durationMs: outcome.duration,
    trace: writeTrace(directory, call.id, spans),
  };
}
