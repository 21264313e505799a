/**
 * A model that speaks far faster than the line takes it, into a line that takes nothing: what is held in memory stays
 * under a megabyte a call, by our count of the buffers and by the process's own account.
 */
import v8 from 'node:v8';
import vm from 'node:vm';
import { afterEach, expect, it, vi } from 'vitest';
import { goSilent, waitForAgent } from '../../src/exchange/index.ts';
import { strike } from './faults.ts';
import { MOST_HELD } from './judge.ts';
import { sceneOf } from './scenes.ts';
import { openStage, type Stage } from './stage.ts';
import { KINDS, type WireKind } from './wires.ts';

vi.mock('../../src/audio/ring.ts', async (real) => (await import('./buffers.ts')).watchRings(await real()));
vi.mock('../../src/audio/recorder-track.ts', async (real) =>
  (await import('./buffers.ts')).watchTracks(await real()),
);
vi.mock('../../src/transport/clawops/early-audio.ts', async (real) =>
  (await import('./buffers.ts')).watchEarlyAudio(await real()),
);

v8.setFlagsFromString('--expose-gc');
const collect = vm.runInNewContext('gc') as () => void;

const SPEAKING = 'call live.dialogue.conversing.speaking.generating';
const LISTENING = 'call live.dialogue.conversing.listening';

/** Small buffers share slabs with others that are long gone. What is counted is what is meant; this catches the rest. */
const WITH_SLACK = 3 * MOST_HELD;

let stage: Stage | undefined;
afterEach(async () => {
  await stage?.world.close();
  stage?.wires.close();
  stage = undefined;
});

async function inState(state: string): Promise<Stage> {
  stage = await openStage(sceneOf(state));
  stage.begin();
  await stage.world.clock.runUntil(() => stage!.isIn(state), 30_000);
  return stage;
}

/** Bytes alive in this process, heap and buffers. */
async function alive({ world }: Stage): Promise<number> {
  await world.clock.run(0);
  // What backs a buffer is given back some turns after the buffer itself.
  for (let turn = 0; turn < 5; turn += 1) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

it('three minutes of speech at once, into a media connection that has stalled', async () => {
  const { world, wires, ...rest } = await inState(SPEAKING);
  void rest;
  wires.find('media')!.stall();
  const before = await alive(stage!);
  for (let time = 0; time < 3; time += 1) strike(stage!, wires.find('model')!, 'flooded');
  const grown = (await alive(stage!)) - before;
  expect(stage!.peak).toBeGreaterThan(500_000);
  expect(stage!.peak).toBeLessThan(MOST_HELD);
  expect(grown).toBeLessThan(WITH_SLACK);
  stage!.call!.hangUp();
  await world.clock.run(1_000);
});

it('three minutes of speech at once, while the media connection has not opened yet', async () => {
  stage = await openStage({ outbound: true, caller: [waitForAgent(), goSilent()] });
  const { wires, world } = stage;
  wires.onOpen = (wire) => {
    if (wire.kind === 'media') wire.stall();
  };
  stage.begin();
  await world.clock.runUntil(() => stage!.isIn('call live.media.waiting'), 30_000);
  await world.clock.run(500);
  const before = await alive(stage);
  strike(stage, wires.find('model')!, 'flooded');
  const grown = (await alive(stage)) - before;
  expect(stage.peak).toBeGreaterThan(250_000);
  expect(stage.peak).toBeLessThan(MOST_HELD);
  expect(grown).toBeLessThan(WITH_SLACK);
});

/** The head of a frame of `length` bytes of text. */
function head(length: number): Buffer {
  const bytes = Buffer.alloc(10);
  bytes[0] = 0x81;
  bytes[1] = 127;
  bytes.writeBigUInt64BE(BigInt(length), 2);
  return bytes;
}

it.each(KINDS)(
  'a message on the %s socket that never ends: held up to a bound, then the line is cut',
  async (kind) => {
    const { wires } = await inState(LISTENING);
    const wire = wires.find(kind)!;
    const limit: Record<WireKind, number> = {
      control: 4 * 1024 * 1024,
      media: 256 * 1024,
      model: 512 * 1024,
    };
    wire.inject(Buffer.concat([head(limit[kind]), Buffer.alloc(limit[kind] - 1, 0x20)]));
    await stage!.world.clock.run(0);
    expect(wire.open).toBe(true);
    // The control link is the number's and no call's.
    if (kind !== 'control') expect(wire.held).toBeLessThan(MOST_HELD * 0.6);
    wire.inject(Buffer.concat([Buffer.from(' '), head(limit[kind] + 1)]));
    await stage!.world.clock.run(3_000);
    expect(wire.open).toBe(false);
    stage!.call!.hangUp();
    await stage!.world.clock.run(1_000);
  },
);
