/**
 * The demo's call on the wall clock, over separate processes and over the command line: the same order of events and
 * the same words as in virtual time. Nothing here depends on how fast the machine is.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { DemoReport } from '../../src/cli/report.ts';
import { fileNameOf } from '../../src/runtime/call-log.ts';
import { replayCallLog } from '../../src/runtime/replay.ts';
import { demoScript } from '../../src/testing/demo-script.ts';
import { openStage } from './stage.ts';

const run = promisify(execFile);
const BIN = fileURLToPath(new URL('../../bin/offhook.js', import.meta.url));

/** The dialogue's way through the call: each after the one before, whatever the other regions do between them. */
const WAY = [
  'ringing.opening',
  'live.dialogue.greeting.open',
  'live.dialogue.conversing.listening',
  'live.floor.sounding.voiced',
  'live.dialogue.conversing.thinking.awaitingTools',
  'live.dialogue.conversing.speaking.generating',
  'live.floor.sounding.voiced',
  'live.dialogue.conversing.listening',
  'live.dialogue.conversing.speaking.generating',
  'live.dialogue.conversing.listening',
  'live.dialogue.conversing.speaking.generating',
  'closing.farewell',
  'closing.releasing',
  'ended',
];

/** The first stop of `way` that `states` does not come to, if any. */
function findMissing(states: readonly string[], way: readonly string[]): string | undefined {
  let from = 0;
  for (const stop of way) {
    const found = states.findIndex(
      (state, index) => index >= from && (state === stop || state.startsWith(`${stop}.`)),
    );
    if (found < 0) return stop;
    from = found + 1;
  }
  return undefined;
}

describe.concurrent('the demo call on the wall clock', () => {
  test('exchange and model in one process, agent in another', async ({ expect }) => {
    await using stage = await openStage('en');
    const { platform, agent } = stage;
    platform.order({ type: 'dial' });
    await platform.until(({ type }) => type === 'ended');
    await agent.until(({ type }) => type === 'ended');

    const states = agent.all('state').flatMap(({ entered }) => entered);
    expect(findMissing(states, WAY)).toBeUndefined();
    const said = agent.all('said');
    expect(said.map(({ generated, text }) => generated ?? text)).toEqual(
      demoScript('en').turns.map(({ clip }) => clip.text),
    );
    const [ended] = platform.all('ended');
    expect(ended).toMatchObject({ status: 'completed', bargeIns: 1, stale: 0 });
    expect(Math.abs(said[2]!.heardMs! - ended!.cutHeardMs)).toBeLessThanOrEqual(500);
    expect(agent.all('tool').map(({ name, ok }) => [name, ok])).toEqual([['check_order', true]]);
    expect(agent.all('ended')[0]!.outcome).toMatchObject({ status: 'completed', endedBy: 'agent' });

    const [{ id } = { id: '' }] = platform.all('ringing');
    const log = readFileSync(join(stage.directory, `${fileNameOf(id)}.call.log`), 'utf8');
    expect(replayCallLog(log)).toMatchObject({ equal: true, truncated: false });
    // Closed in order, both end by themselves: nothing holds them.
    for (const part of [agent, platform]) part.order({ type: 'close' });
    expect(await Promise.all([agent.ended, platform.ended])).toEqual([0, 0]);
  });

  test('npm start -- --json', async ({ expect }) => {
    const directory = mkdtempSync(join(tmpdir(), 'offhook-start-'));
    try {
      const args = [BIN, 'demo', '--json', '--language', 'ko', '--directory', directory];
      const { stdout } = await run(process.execPath, args);
      const report = JSON.parse(stdout) as DemoReport;
      expect(findMissing(report.states, WAY)).toBeUndefined();
      expect(report).toMatchObject({ outcome: 'completed', endedBy: 'agent', openAtEnd: 0 });
      expect(report.toolCalls).toEqual([{ name: 'check_order', ok: true }]);
      expect(report.bargeIns.map(({ staleFrames }) => staleFrames)).toEqual([0]);
      expect(report.replay.equal).toBe(true);
      expect(Math.abs(report.recording.driftMs!)).toBeLessThanOrEqual(20);
      expect(report.spans.filter(({ ended }) => !ended)).toEqual([]);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});

test('the way is looked for in order', () => {
  expect(findMissing(['a', 'x', 'b'], ['a', 'b'])).toBeUndefined();
  expect(findMissing(['a', 'b.c'], ['a', 'b'])).toBeUndefined();
  expect(findMissing(['b', 'a'], ['a', 'b'])).toBe('b');
});
