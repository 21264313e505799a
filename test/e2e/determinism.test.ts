/**
 * One seed is one call: twenty runs over real sockets leave twenty logs of the same bytes, and another seed another.
 */
import { hash } from 'node:crypto';
import { expect, test } from 'vitest';
import { playDemo } from './demo.ts';

const RUNS = 20;

test('twenty runs with one seed leave twenty identical logs, traces and recordings', async () => {
  const left = new Set<string>();
  for (let run = 0; run < RUNS; run += 1) {
    const { log, spans, wav } = await playDemo('en', 7);
    left.add(hash('sha256', log + JSON.stringify(spans) + hash('sha256', Buffer.from(wav.agent.buffer))));
  }
  expect(left.size).toBe(1);
});

test('another seed leaves another log', async () => {
  const logs = [await playDemo('en', 7), await playDemo('en', 8)].map(({ log }) => log);
  expect(logs[0]).not.toBe(logs[1]);
});
