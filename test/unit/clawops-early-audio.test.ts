/**
 * A greeting made while it rang was played into a media connection that was not open yet, and lost. What is played
 * before media starts now waits, in order, and is bounded.
 */
import { expect, test } from 'vitest';
import { chunkOfBytes } from '../../src/audio/chunk.ts';
import { createCounters } from '../../src/transport/clawops/counters.ts';
import { createEarlyAudio } from '../../src/transport/clawops/early-audio.ts';

const chunk = (gen: number, ms = 100) => chunkOfBytes(new Uint8Array(ms * 8), gen);

function listen() {
  const sent: string[] = [];
  const media = {
    play: ({ gen, ms }: { gen: number; ms: number }) => sent.push(`gen ${gen}, ${ms} ms`) > 0,
    mark: (name: string) => void sent.push(name),
  };
  return { sent, media };
}

test('audio and marks come out in the order in which they went in, once', () => {
  const early = createEarlyAudio(createCounters());
  const { sent, media } = listen();
  early.play(chunk(1));
  early.mark('a');
  early.play(chunk(2, 50));
  early.mark('b');
  early.pour(media);
  early.pour(media);
  expect(sent).toEqual(['gen 1, 100 ms', 'a', 'gen 2, 50 ms', 'b']);
});

test('a clear forgets what was kept, and what comes after it is kept', () => {
  const early = createEarlyAudio(createCounters());
  const { sent, media } = listen();
  early.play(chunk(1));
  early.mark('a');
  early.clear();
  early.play(chunk(2));
  early.pour(media);
  expect(sent).toEqual(['gen 2, 100 ms']);
});

test('half a minute is kept, the rest is dropped and counted', () => {
  const counters = createCounters();
  const early = createEarlyAudio(counters);
  const { sent, media } = listen();
  for (let count = 0; count < 305; count += 1) early.play(chunk(1));
  early.pour(media);
  expect(sent).toHaveLength(300);
  expect(counters.dropped).toBe(5);
  early.play(chunk(2));
  expect(counters.dropped).toBe(5);
});
