/**
 * A hundred calls in real time, over sockets, two networks and three processes, no two of them alike: every log they
 * leave replays to itself, byte for byte, and a chart that has changed is found at the first line it decided otherwise.
 * `SEED=n` draws other calls.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type * as Guards from '../../src/machines/call/guards.ts';
import { parseCallLog, type ParsedLog } from '../../src/runtime/log-parse.ts';
import { replayCallLog, type ReplayResult } from '../../src/runtime/replay.ts';
import type { HundredOrder, HundredReport, HundredSetup } from './hundred-calls-messages.ts';
import { startPart } from './stage.ts';

const CALLS = 100;
const SEED = Number(process.env['SEED'] ?? 20_260_102);

let directory = '';
let texts: readonly string[] = [];
let logs: readonly ParsedLog[] = [];

beforeAll(async () => {
  console.log(`a hundred calls with SEED=${SEED}`);
  directory = mkdtempSync(join(tmpdir(), 'offhook-hundred-'));
  await playHundredCalls();
  const files = readdirSync(directory).filter((file) => file.endsWith('.call.log'));
  texts = files.map((file) => readFileSync(join(directory, file), 'utf8'));
  logs = texts.map((text) => parseCallLog(text));
}, 300_000);
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function playHundredCalls(): Promise<void> {
  const given = { seed: SEED, count: CALLS };
  const platform = startPart<HundredReport, HundredOrder>(
    './hundred-calls-platform.ts',
    JSON.stringify(given),
  );
  let agent: typeof platform | undefined;
  try {
    await platform.until(({ type }) => type === 'listening');
    const setup: HundredSetup = { ...platform.all('listening')[0]!, ...given, directory };
    agent = startPart('./hundred-calls-agent.ts', JSON.stringify(setup));
    await agent.until(({ type }) => type === 'connected');
    const placing = agent;
    platform.child.on('message', (report: HundredReport) => {
      if (report.type === 'due') placing.order({ type: 'place', index: report.index });
    });
    platform.order({ type: 'dial', twilioUrl: agent.all('connected')[0]!.twilioUrl });
    for (const part of [platform, agent]) await part.until(() => part.all('over').length === CALLS);
    for (const part of [agent, platform]) part.order({ type: 'close' });
    expect(await Promise.all([agent.ended, platform.ended])).toEqual([0, 0]);
  } finally {
    for (const part of [agent, platform]) part?.child.kill('SIGKILL');
  }
}

type Fields = Readonly<Record<string, unknown>>;
const holds = (event: Fields, wanted: Fields): boolean =>
  Object.entries(wanted).every(([name, value]) => event[name] === value);

/** In how many of the calls a chart was told of such an event. */
const countCalls = (wanted: Fields): number =>
  logs.filter(({ lines }) => lines.some(({ fact }) => fact && holds(fact.event, wanted))).length;

describe('a hundred calls made in real time', () => {
  test('are a mix of what calls are made of', () => {
    const mix = {
      // Where only one of the two can take a caller back.
      'over the second network': logs.filter(({ input }) => !input.policy.returnAfterFailure).length,
      'to the agent': logs.filter(({ input }) => input.direction === 'inbound').length,
      'by the agent': logs.filter(({ input }) => input.direction === 'outbound').length,
      'turned away': countCalls({ type: 'screen.done', accept: false }),
      'answers cut short': countCalls({ type: 'playout.cut' }),
      'interrupted by voice': logs.filter(({ lines }) =>
        lines.some(({ text }) => text.includes('"type":"flush"') && text.includes('"by":"voice"')),
      ).length,
      'tools that worked': countCalls({ type: 'tool.done', ok: true }),
      'tools that failed': countCalls({ type: 'tool.done', ok: false }),
      'lines of a tool': countCalls({ type: 'say.requested' }),
      'keys pressed': countCalls({ type: 'digits.key' }),
      'keys asked for': countCalls({ type: 'digits.collect' }),
      'sessions lost': countCalls({ type: 'session.lost' }),
      'ended by the caller': countCalls({ type: 'leg.hangup', by: 'caller' }),
      'ended by the agent': countCalls({ type: 'leg.hangup', by: 'agent' }),
      'ended by the platform': countCalls({ type: 'leg.hangup', by: 'platform' }),
    };
    console.log(mix);
    expect(logs).toHaveLength(CALLS);
    for (const [what, calls] of Object.entries(mix)) expect(calls, what).toBeGreaterThanOrEqual(5);
  });

  test('replay byte-equal, all of them, to their last line', () => {
    const results = texts.map((text) => replayCallLog(text));
    expect(results.flatMap(({ difference }) => difference ?? [])).toEqual([]);
    expect(results.filter(({ equal, truncated }) => !equal || truncated)).toEqual([]);
    const lines = results.reduce(
      (sum, { events, orders, snapshots }) => sum + events + orders + snapshots,
      0,
    );
    expect(lines).toBe(logs.reduce((sum, log) => sum + log.lines.length, 0));
    console.log(`${results.length} logs of ${lines} lines replayed byte-equal`);
  });

  test.each([
    ['nobody is turned away', 'accepted', true, /screen\.done.*false/],
    ['hang_up ends no call', 'endsTheCall', false, /tool\.call.*hang_up/],
    ['no number of keys is enough', 'entryFull', false, /digits\.(?:key|collect)/],
  ] as const)(
    'under a chart in which %s they differ at the first such event',
    async (_what, guard, answer, wanted) => {
      const replayChanged = await loadReplay({ [guard]: () => answer });
      let found = 0;
      for (const [index, text] of texts.entries()) {
        const { equal, difference } = replayChanged(text);
        if (equal) continue;
        found += 1;
        // A line after its event: the snapshot that it led to.
        const { lines } = logs[index]!;
        const at = lines.findIndex(({ line }) => line === difference!.line);
        expect(difference).toMatchObject({ expected: lines[at]!.text, chart: 'call' });
        expect(lines[at - 1]!.text).toMatch(wanted);
      }
      console.log(`${found} of ${texts.length} logs have a line that such a chart decides otherwise`);
      expect(found).toBeGreaterThanOrEqual(5);
    },
  );
});

/** A replay whose call chart has other guards. */
async function loadReplay(change: Partial<typeof Guards.guards>): Promise<(text: string) => ReplayResult> {
  vi.resetModules();
  vi.doMock('../../src/machines/call/guards.ts', async (load) => {
    const real = await load<typeof Guards>();
    return { ...real, guards: { ...real.guards, ...change } };
  });
  const changed = await import('../../src/runtime/replay.ts');
  vi.doUnmock('../../src/machines/call/guards.ts');
  return changed.replayCallLog;
}
