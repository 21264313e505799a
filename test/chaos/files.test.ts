/** @module A disk that is full, gone or forbidden costs logs and recordings, never a call. */
import fs, { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { syncBuiltinESMExports } from 'node:module';
import { afterEach, expect, test, vi } from 'vitest';
import type { AgentOptions } from '../../src/index.ts';
import { ANSWER, ASKS, closeWorlds, createWorld, heardAt } from './world.ts';

const directories: string[] = [];

afterEach(async () => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
  await closeWorlds();
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

/** A path below which nothing can be made: one of its parts is a file. */
function blocked(): string {
  const directory = mkdtempSync(join(tmpdir(), 'offhook-blocked-'));
  directories.push(directory);
  writeFileSync(join(directory, 'file'), '');
  return join(directory, 'file', 'below');
}

async function expectServed(agent: Partial<AgentOptions>): Promise<string> {
  const world = await createWorld({ agent });
  const call = world.ring(ASKS);
  const outcome = await world.over(call);
  expect(outcome.status).toBe('completed');
  expect(heardAt(call, ANSWER.audio!)).toBeDefined();
  await world.close();
  return JSON.stringify(world.logged);
}

test('a log directory that cannot be made: the call is served, and the log is reported missing', async () => {
  expect(await expectServed({ log: { directory: blocked(), record: true } })).toContain('cannot be written');
});

test('a recording directory that cannot be made: the call is served, and the recording is reported missing', async () => {
  expect(await expectServed({ recording: { directory: blocked() } })).toContain('recording');
});

test('a recording directory that fills up in mid-call: the call is served to its end', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'offhook-full-'));
  directories.push(directory);
  const write = fs.writeSync;
  let written = 0;
  vi.spyOn(fs, 'writeSync').mockImplementation((...args) => {
    written += 1;
    if (written > 40) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    return Reflect.apply(write, fs, args);
  });
  syncBuiltinESMExports();
  const logged = await expectServed({ recording: { directory } });
  expect(written).toBeGreaterThan(40);
  expect(logged).toContain('cannot be written');
});
