/**
 * The agent's process is killed in the middle of a call, with SIGKILL and without a last word. What it had written
 * is whole: the log replays to its last line, and the recordings play up to about two seconds before the end.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fileNameOf as recordingNameOf } from '../../src/audio/recorder-files.ts';
import { readWav } from '../../src/audio/wav.ts';
import { fileNameOf as logNameOf } from '../../src/runtime/call-log.ts';
import { parseCallLog } from '../../src/runtime/log-parse.ts';
import { replayCallLog } from '../../src/runtime/replay.ts';
import { openStage } from './stage.ts';

/** The recorder is a second behind the line, hands on pieces of 200 ms, and the file is written once a second. */
const LOST_MS = 2_200;
/** What the two processes take to hear of each other. */
const SLACK_MS = 500;

test('a killed agent leaves a log that replays and recordings that play', async () => {
  await using stage = await openStage('en');
  const { platform, agent, directory } = stage;
  platform.order({ type: 'dial' });
  // Far enough that all three files have been written to several times, and the caller is speaking.
  await platform.until((report) => report.type === 'media' && report.ms >= 6_000);
  agent.child.kill('SIGKILL');
  expect(await agent.ended).toBe('SIGKILL');
  const killedAt = platform.all('media').at(-1)!.ms;
  const { id } = platform.all('ringing')[0]!;

  const text = readFileSync(join(directory, `${logNameOf(id)}.call.log`), 'utf8');
  const { equal, events, difference } = replayCallLog(text);
  expect(difference).toBeUndefined();
  expect(equal).toBe(true);
  expect(events).toBeGreaterThan(15);
  const log = parseCallLog(text);
  expect(log.lines.length).toBeGreaterThan(30);
  // The last thing that happened before the kill is in it: the caller had begun to speak.
  expect(log.lines.some(({ fact }) => fact?.event.type === 'voice.start')).toBe(true);

  const lengths = ['in', 'out', 'mix'].map((side) => {
    const { rate, channels } = readWav(readFileSync(join(directory, `${recordingNameOf(id)}_${side}.wav`)));
    return (channels[0]!.length / rate) * 1_000;
  });
  for (const ms of lengths) {
    expect(ms).toBeGreaterThan(killedAt - LOST_MS - SLACK_MS);
    expect(ms).toBeLessThanOrEqual(killedAt + SLACK_MS);
  }
  const { channels } = readWav(readFileSync(join(directory, `${recordingNameOf(id)}_out.wav`)));
  expect(channels[0]!.some((sample) => Math.abs(sample) > 1_000)).toBe(true);
});
