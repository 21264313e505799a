/**
 * @module Thousands of calls one after another in one process: network, model and agent on one virtual clock, over
 * real sockets. Between two calls it is measured what they have left behind: memory, sockets, timers, files, handles.
 */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { getHeapSpaceStatistics } from 'node:v8';
import { openSockets } from '../../src/testing/settle.ts';
import type { CallInfo } from '../../src/index.ts';
import { type CallStory, openWorld, type World } from '../world.ts';
import { callerOf, type Kind, kindOf, KINDS, modelOf, TOOLS } from './conversation.ts';

/** What the process holds after so many calls. */
export interface Sample {
  readonly calls: number;
  /** Bytes in use after two collections. */
  readonly heap: number;
  /** Bytes of it that V8 holds for compiled code, which grows as functions turn out to be hot, whoever calls them. */
  readonly compiled: number;
  readonly sockets: number;
  readonly timers: number;
  readonly files: number;
  readonly handles: number;
}

/** What happened in all of them together, so that nobody measures calls that came to nothing. */
export interface Tally {
  transcripts: number;
  tools: number;
  bargeIns: number;
  keys: number;
  sessionsLost: number;
  /** Calls by who ended them. */
  readonly endedBy: Record<string, number>;
  outbound: number;
}

/** The last digit says which kind of call it is. */
const numberOf = (kind: Kind): string => `0101234567${KINDS.indexOf(kind)}`;
const kindBehind = ({ direction, from, to }: CallInfo): Kind =>
  KINDS[Number((direction === 'inbound' ? from : to).at(-1))]!;

/** Latencies short of any real network's: a call that is over sooner costs fewer turns of the clock. */
const openSoakWorld = (): Promise<World> =>
  openWorld({
    keep: 2,
    exchange: { keepAudio: false },
    standIn: { latency: { firstAudioMs: 40, transcriptionMs: 30, callMs: 10 } },
    script: ({ instructions }) => modelOf(instructions),
    realtime: (call) => ({
      instructions: kindBehind(call),
      greeting: call.direction === 'inbound',
      turnDetection: { type: 'server_vad', silence_duration_ms: 120 },
    }),
    agent: { tools: TOOLS },
  });

/**
 * Makes `calls` calls and closes everything. Needs `--expose-gc`.
 * @param every calls between two samples
 * @throws Error if the end leaves anything open
 */
export async function playInARow(
  calls: number,
  every: number,
  sampled: (sample: Sample) => void,
): Promise<Tally> {
  const tally: Tally = {
    transcripts: 0,
    tools: 0,
    bargeIns: 0,
    keys: 0,
    sessionsLost: 0,
    endedBy: {},
    outbound: 0,
  };
  await using world = await openSoakWorld();
  world.exchange.onOutbound(() => ({
    outcome: 'answer',
    after: 100,
    script: callerOf('placed by the agent', () => {}),
  }));
  for (let call = 0; call < calls; call += 1) {
    count(tally, await playOne(world, kindOf(call)));
    if ((call + 1) % every === 0) sampled(await takeSample(world, call + 1));
  }
  return tally;
}

async function playOne(world: World, kind: Kind): Promise<CallStory> {
  const lose = (): void => world.standIn.sessions.at(-1)!.destroy();
  const number = numberOf(kind);
  const { id } =
    kind === 'placed by the agent' ? await world.place(number) : world.dial(callerOf(kind, lose), number);
  const story = await world.finish(id);
  await world.drive(world.exchange.calls().at(-1)!.ended);
  return story;
}

function count(tally: Tally, { handle, said, tools, bargeIns, keys, lost, outcome }: CallStory): void {
  tally.transcripts += said.length;
  tally.tools += tools.length;
  tally.bargeIns += bargeIns.length;
  tally.keys += keys.length;
  tally.sessionsLost += lost.length;
  const { endedBy = 'nobody' } = outcome ?? {};
  tally.endedBy[endedBy] = (tally.endedBy[endedBy] ?? 0) + 1;
  if (handle.direction === 'outbound') tally.outbound += 1;
}

async function takeSample({ clock, directory }: World, calls: number): Promise<Sample> {
  // Logs and recordings of what is over: 200 MB in two thousand calls.
  for (const file of readdirSync(directory)) rmSync(join(directory, file));
  await clock.run(0);
  collect();
  await clock.run(0);
  collect();
  const spaces = getHeapSpaceStatistics();
  const used = (all: typeof spaces): number => all.reduce((sum, space) => sum + space.space_used_size, 0);
  return {
    calls,
    heap: used(spaces),
    compiled: used(spaces.filter(({ space_name }) => /code|trusted/.test(space_name))),
    sockets: openSockets(),
    timers: clock.pending,
    files: countFiles(),
    handles: process.getActiveResourcesInfo().length,
  };
}

function collect(): void {
  if (!globalThis.gc) throw new Error('needs node --expose-gc');
  globalThis.gc();
}

function countFiles(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    // Only Linux lists them.
    return 0;
  }
}
