/**
 * The model's audio comes in pieces that fit no frame of the telephone network, and marks close frames with silence.
 * What the caller hears must still be the model's speech byte for byte, padded at the end of a reply at most.
 */
import { expect, it } from 'vitest';
import type { ExchangeCall } from '../../src/exchange/index.ts';
import { demoScript } from '../../src/testing/demo-script.ts';
import { openWorld, type World } from '../world.ts';

/** Plays the demo call and notes how much silence was added, each time some was. */
async function playWatched(world: World): Promise<{ call: ExchangeCall; pads: number[] }> {
  const call = world.dial();
  const pads: number[] = [];
  let seen = 0;
  const limit = 300_000;
  await world.clock.runUntil(() => {
    if (call.paddedBytes > seen) pads.push(call.paddedBytes - seen);
    seen = call.paddedBytes;
    return call.status === 'completed' || call.status === 'failed';
  }, limit);
  return { call, pads };
}

const marksOf = (call: ExchangeCall): string[] =>
  call.events.flatMap((event) => (event.type === 'mark' ? [event.name] : []));

it.each([
  ['the usual pieces of a realtime model', [170, 130, 190, 110, 150], 6],
  ['pieces of odd lengths', [61, 93, 203], 6],
  ['long pieces', [1201], 6],
  ['pieces of a frame, at twice the pace of speech', [20], 2],
] as const)('%s reach the caller unbroken', async (_name, deltaMs, speedup) => {
  const lines = demoScript('en').turns.filter((turn) => turn.by === 'agent' && !turn.interrupted);
  await using world = await openWorld({
    standIn: { deltaMs, speedup },
    exchange: { keepAudio: true },
  });
  const { call, pads } = await playWatched(world);
  expect(call.status).toBe('completed');
  const heard = Buffer.from(call.heard);
  for (const { clip } of lines) expect(heard.includes(Buffer.from(clip.audio))).toBe(true);
  const generations = new Set(marksOf(call).map((name) => name.split('.')[0]));
  expect(generations.size).toBeGreaterThan(lines.length);
  expect(pads.length).toBeLessThanOrEqual(generations.size);
  expect(pads.every((bytes) => bytes < 160)).toBe(true);
  // Marks did stand in mid-speech: there are many more of them than replies.
  expect(marksOf(call).length).toBeGreaterThan(3 * generations.size);
});
