/** Without the package `openai` both ways in say so, with the command to run, and nothing is retried. */
import { expect, it, vi } from 'vitest';
import { openaiRealtime } from '../../src/providers/openai.ts';
import { createVirtualClock } from '../../src/testing/virtual-clock.ts';
import { loadSdk, type Sdk } from '../../src/providers/realtime/openai/connect.ts';
import { openConnection } from './openai-fake.ts';

vi.mock('openai/realtime/ws', () => {
  throw new Error("Cannot find package 'openai'");
});

it('prepare() rejects with the command', async () => {
  const spec = openaiRealtime({ instructions: 'x', apiKey: 'k' });
  await expect(spec.prepare?.()).rejects.toMatchObject({
    code: 'OFFHOOK_DEPENDENCY_MISSING',
    message: expect.stringContaining('npm install openai') as string,
  });
});

it('a session opened all the same is lost for good', async () => {
  const clock = createVirtualClock();
  const session = openConnection(clock, { baseUrl: 'http://127.0.0.1:9/v1' });
  await clock.run(0);
  expect(session.facts).toEqual([
    { type: 'session.lost', code: 'OFFHOOK_DEPENDENCY_MISSING', retryable: false },
  ]);
  expect(clock.pending).toBe(0);
});

it('once it is installed it is found, and loaded once', async () => {
  const sdk = {} as Sdk;
  let loads = 0;
  const load = async () => {
    loads += 1;
    return sdk;
  };
  expect(await loadSdk(load)).toBe(sdk);
  expect(await loadSdk(load)).toBe(sdk);
  expect(loads).toBe(1);
});
