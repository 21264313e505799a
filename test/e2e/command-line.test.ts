/**
 * `offhook demo --fast --json` as a user runs it: a process of its own, one line of JSON, files that are there, and
 * the same bytes for the same seed.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { readWav } from '../../src/audio/wav.ts';
import type { DemoReport } from '../../src/cli/report.ts';
import { replayCallLog } from '../../src/runtime/replay.ts';

const run = promisify(execFile);
const BIN = fileURLToPath(new URL('../../bin/offhook.js', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'offhook-cli-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Rejects for any exit code but 0. */
async function runDemo(name: string, ...more: string[]): Promise<DemoReport> {
  const place = join(directory, name);
  const args = [BIN, 'demo', '--json', '--fast', '--directory', place, ...more];
  const { stdout, stderr } = await run(process.execPath, args, { timeout: 60_000 });
  expect(stderr).toBe('');
  const lines = stdout.trimEnd().split('\n');
  expect(lines).toHaveLength(1);
  return JSON.parse(lines[0]!) as DemoReport;
}

/** What it names is there: three recordings of one length, and a log that replays. */
function expectFiles({ recording, log }: DemoReport): void {
  expect(Math.abs(recording.driftMs!)).toBeLessThanOrEqual(20);
  const lengths = recording.files.map((file) => readWav(readFileSync(file)).channels[0]!.length);
  expect(lengths).toHaveLength(3);
  expect(new Set(lengths).size).toBe(1);
  expect(lengths[0]).toBeGreaterThan(20 * 8_000);
  expect(replayCallLog(readFileSync(log!, 'utf8'))).toMatchObject({ equal: true, truncated: false });
}

test.each(['en', 'ko'])('one call in %s, reported as JSON: every field as promised', async (language) => {
  const report = await runDemo(`fields-${language}`, '--language', language);
  expect(Object.keys(report)).toEqual([
    'provider',
    'states',
    'outcome',
    'endedBy',
    'transcript',
    'turns',
    'bargeIns',
    'toolCalls',
    'recording',
    'log',
    'replay',
    'spans',
    'openAtEnd',
  ]);
  expect(report).toMatchObject({ provider: 'local', outcome: 'completed', endedBy: 'agent', openAtEnd: 0 });
  expect(report.states.at(0)).toBe('ringing.screening');
  expect(report.states.at(-1)).toBe('ended');
  expect(report.transcript.map(({ role }) => role)).toEqual([
    'assistant',
    'user',
    'assistant',
    'user',
    'assistant',
    'user',
    'assistant',
  ]);
  const cut = report.transcript[2]!;
  expect(cut.method).toBe('estimated');
  expect(cut.heard.length).toBeLessThan(cut.generated.length);
  expect(cut.generated.startsWith(cut.heard)).toBe(true);
  expect(report.toolCalls).toEqual([{ name: 'check_order', ok: true }]);
  expect(report.turns).toHaveLength(3);
  for (const { latencyMs } of report.turns) expect(latencyMs).toBeGreaterThan(0);
  expect(report.bargeIns).toHaveLength(1);
  expect(report.bargeIns[0]).toMatchObject({ staleFrames: 0 });
  expect(report.bargeIns[0]!.reactionMs).toBeLessThan(100);
  expect(report.replay.equal).toBe(true);
  expect(report.replay.events).toBeGreaterThan(50);
  expect(report.spans.length).toBeGreaterThan(5);
  expect(report.spans.filter(({ ended }) => !ended)).toEqual([]);
  expect(report.spans.filter(({ parent }) => parent === null).map(({ name }) => name)).toEqual(['call']);
  expectFiles(report);
});

test('two processes with one seed leave the same log', async () => {
  const reports = await Promise.all([runDemo('one', '--seed', '7'), runDemo('two', '--seed', '7')]);
  const [one, two] = reports.map(({ log }) => readFileSync(log!, 'utf8'));
  expect(one).toBe(two);
});
