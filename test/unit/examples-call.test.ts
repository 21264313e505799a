/**
 * The example of a test of one's own agent, run: the caller speaks over the greeting, and what the agent is taken to
 * have said ends there.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { interruptAgent } from '../../examples/test-your-agent.ts';
import { voice } from '../../src/testing/voices.ts';

let logs: string;
beforeEach(() => {
  logs = mkdtempSync(join(tmpdir(), 'offhook-example-'));
});
afterEach(() => rmSync(logs, { recursive: true }));

test('the greeting is cut where the caller speaks over it', async () => {
  const seen = await interruptAgent(voice('en/caller-barge').audio, logs);
  expect(seen).toMatchObject({ status: 'completed', bargeIns: 1 });
  expect(seen.agent).toEqual([
    { heard: expect.stringMatching(/^Welcome to the bakery\./) as string, cut: true },
    { heard: 'Yes?', cut: false },
  ]);
  expect(seen.agent[0]?.heard).not.toContain('sourdough');
});
