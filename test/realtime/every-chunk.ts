/**
 * @module Calls at once in real time, the agent in one process and the load in another: what each end sent, held
 * millisecond by millisecond against what the other end was given.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  AgentReport,
  ChunkFigures,
  ChunkOrder,
  ChunkSetup,
  Lateness,
  LoadReport,
} from './every-chunk-messages.ts';
import type { Fate } from '../soak/marks.ts';
import { startPart } from './stage.ts';

export interface ChunkResult extends ChunkFigures {
  readonly lateness: { readonly load: Lateness; readonly agent: Lateness };
}

/** Makes `calls` calls of `seconds` each, a few ms apart. */
export async function playAtOnce(calls: number, seconds: number): Promise<ChunkResult> {
  const directory = mkdtempSync(join(tmpdir(), 'offhook-at-once-'));
  const load = startPart<LoadReport, ChunkOrder>(
    './every-chunk-load.ts',
    JSON.stringify({ calls, seconds, directory }),
  );
  let agent: ReturnType<typeof startPart<AgentReport, ChunkOrder>> | undefined;
  try {
    await load.until(({ type }) => type === 'listening');
    const setup: ChunkSetup = { ...load.all('listening')[0]!, calls, seconds, directory };
    agent = startPart<AgentReport, ChunkOrder>('./every-chunk-agent.ts', JSON.stringify(setup));
    await agent.until(({ type }) => type === 'connected');
    load.order({ type: 'dial' });
    await load.until(({ type }) => type === 'over');
    agent.order({ type: 'close' });
    await agent.ended;
    load.order({ type: 'judge' });
    await load.until(({ type }) => type === 'figures');
    load.order({ type: 'close' });
    const codes = await Promise.all([agent.ended, load.ended]);
    if (codes.some((code) => code !== 0)) throw new Error(`the processes ended with ${codes.join(' and ')}`);
    return {
      ...load.all('figures')[0]!.figures,
      lateness: { load: load.all('over')[0]!.lateness, agent: agent.all('lateness')[0]!.lateness },
    };
  } finally {
    agent?.child.kill('SIGKILL');
    load.child.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The result as one reads it. */
export function describeAtOnce(calls: number, seconds: number, result: ChunkResult): string {
  const { toModel, toCaller, ofCut, lateness } = result;
  const fate = ({ arrived, lost, early, late, repeated, foreign }: Fate, lostIs = 'lost'): string =>
    `${(arrived / 1_000).toFixed(1)} s arrived, ${lost} ms ${lostIs}` +
    (lost > 0 ? ` (${early} of them at the beginning, ${late} at the end)` : '') +
    `, ${repeated} ms repeated or late, ${foreign} ms foreign`;
  const behind = ({ p99, max }: Lateness): string => `p99 ${p99} ms, at most ${max} ms`;
  return [
    `${calls} calls of ${seconds} s, ${result.atOnce} of them at once, ${result.completed} to their end`,
    `caller to model: ${result.framesToModel} frames; ${fate(toModel)}`,
    `model to caller: ${result.chunksToCaller} chunks of ${result.replies} replies; ${fate(toCaller)}`,
    `  of the ${result.cut} that were cut: ${fate(ofCut, 'cut off')}`,
    `  after their clear: ${result.afterClear} ms; of the agent's own lines: ${result.linesMs} ms`,
    `timers came late (a short machine, not a loss): load ${behind(lateness.load)}; agent ${behind(lateness.agent)}`,
  ].join('\n');
}

/** Whether all that was to arrive arrived, once, in order and with its own call. */
export function isFlawless(calls: number, result: ChunkResult): boolean {
  const { toModel, toCaller, ofCut } = result;
  const flaws = [toModel, toCaller].reduce((sum, { lost }) => sum + lost, result.afterClear);
  const strays = [toModel, toCaller, ofCut].reduce(
    (sum, { repeated, foreign }) => sum + repeated + foreign,
    0,
  );
  return result.completed === calls && result.atOnce === calls && flaws + strays === 0;
}
