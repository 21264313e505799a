/**
 * The demo command itself: what it prints, that nothing of it is left open, and that one seed gives one call. The
 * conversation's own rights and wrongs have their tests elsewhere.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { decode } from '../../src/audio/g711.ts';
import { encodeWav } from '../../src/audio/wav.ts';
import { readCallerAudio } from '../../src/cli/caller-audio.ts';
import { main } from '../../src/cli/main.ts';
import type { DemoReport } from '../../src/cli/report.ts';
import { demoScript } from '../../src/testing/demo-script.ts';
import { voice } from '../../src/testing/voices.ts';
import { createFakeIo, type FakeIo } from './cli-io.ts';

const folder = mkdtempSync(join(tmpdir(), 'offhook-demo-'));
afterAll(() => rmSync(folder, { recursive: true }));

let runs = 0;

async function demo(
  ...args: string[]
): Promise<{ code: number; io: FakeIo; report: DemoReport | undefined }> {
  const io = createFakeIo();
  const directory = join(folder, `run-${(runs += 1)}`);
  const code = await main(['demo', '--fast', '--directory', directory, ...args], io);
  const last = io.outLines.at(-1) ?? '';
  return { code, io, report: last.startsWith('{') ? (JSON.parse(last) as DemoReport) : undefined };
}

test.each(['en', 'ko'])('the call in %s goes as planned and is reported in one line', async (language) => {
  const { code, io, report } = await demo('--json', '--language', language);
  expect(io.errLines).toEqual([]);
  expect(code).toBe(0);
  expect(io.outLines).toHaveLength(1);
  expect(report).toMatchObject({
    provider: 'local',
    outcome: 'completed',
    endedBy: 'agent',
    toolCalls: [{ name: 'check_order', ok: true }],
    bargeIns: [{ staleFrames: 0 }],
    replay: { equal: true },
    openAtEnd: 0,
  });
  expect(Math.abs(report?.recording.driftMs ?? Infinity)).toBeLessThanOrEqual(20);
  expect(report?.turns).toHaveLength(3);
  const said = report?.transcript.map(({ generated }) => generated).toSorted();
  expect(said).toEqual(
    demoScript(language as 'en' | 'ko')
      .turns.map(({ clip }) => clip.text)
      .toSorted(),
  );
});

test('live, the terminal shows states, what was cut, and the files that are left', async () => {
  const { code, io } = await demo();
  expect(code).toBe(0);
  const text = io.outLines.join('\n');
  expect(text).toMatch(/^00:00\.000 {2}ring/);
  expect(text).toMatch(/state +conversing\.listening \(barge-in/);
  expect(text).toMatch(/agent +“Thank you[^”]*✂ \(estimated\)\s+\[not heard: /);
  expect(text).toMatch(/barge-in agent stopped after \d+ ms/);
  expect(text).toMatch(/turn +answered after \d+ ms/);
  const files = text.match(/\S+\.(?:wav|log|json)$/gm) ?? [];
  expect(files).toHaveLength(5);
  for (const file of files) expect(readFileSync(file).length).toBeGreaterThan(100);
});

test('one seed leaves one log; another leaves another', async () => {
  const logs = [];
  for (const seed of ['5', '5', '6']) {
    const { report } = await demo('--json', '--seed', seed);
    logs.push(readFileSync(report?.log ?? '', 'utf8'));
  }
  expect(logs[1]).toBe(logs[0]);
  expect(logs[2]).not.toBe(logs[0]);
});

test("the user's own recording is the caller: it is heard, answered, and the caller hangs up", async () => {
  const clip = voice('en/caller-ask').audio;
  const path = join(folder, 'mine.wav');
  writeFileSync(path, encodeWav([decode('ulaw', clip)], 8000));
  expect(readCallerAudio(path)).toEqual(clip);
  const { code, io, report } = await demo('--json', '--caller', path);
  expect(io.errLines).toEqual([]);
  expect(code).toBe(0);
  expect(report).toMatchObject({ outcome: 'completed', endedBy: 'caller', openAtEnd: 0 });
  expect(report?.turns.length).toBeGreaterThan(0);
});

test('a recording in stereo at another rate comes out as long as it was', () => {
  const path = join(folder, 'studio.wav');
  const side = Int16Array.from({ length: 44_100 }, (_, index) => 8000 * Math.sin(index / 20));
  writeFileSync(path, encodeWav([side, side], 44_100));
  expect(readCallerAudio(path)).toHaveLength(8000);
});

test('a port that is taken ends the demo with its code, and nothing is left running', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? String(address.port) : '';
  const before = process.getActiveResourcesInfo().filter((kind) => kind === 'TCPServerWrap').length;
  const { code, io } = await demo('--port', port);
  expect(code).toBe(1);
  expect(io.errLines[0]).toMatch(/^OFFHOOK_PORT_IN_USE /);
  await new Promise((resolve) => setImmediate(resolve));
  const after = process.getActiveResourcesInfo().filter((kind) => kind === 'TCPServerWrap').length;
  expect(after).toBe(before);
  server.close();
});
