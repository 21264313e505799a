/**
 * @module Two processes with sockets between them and a test that listens to both: the telephone network and the
 * model in one, the agent in the other. What they report is kept; a test waits for facts and never for time.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { VoiceLanguage } from '../../src/testing/voices.ts';
import type { AgentReport, AgentSetup, Order, PlatformReport } from './messages.ts';

/** One process, with everything it has reported. */
export interface Part<Report extends { readonly type: string }, Given = Order> {
  readonly child: ChildProcess;
  readonly reports: readonly Report[];
  all<Type extends Report['type']>(type: Type): Extract<Report, { type: Type }>[];
  /** Resolves with the first report, past ones included, that `matches`. @throws Error if the process ends before */
  until(matches: (report: Report) => boolean): Promise<Report>;
  order(order: Given): void;
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
}

/** Starts a process from a file beside this one. */
export function startPart<Report extends { readonly type: string }, Given extends object = Order>(
  file: string,
  ...args: string[]
): Part<Report, Given> {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), args, { execArgv: [] });
  const reports: Report[] = [];
  const waits = new Set<(ended: boolean) => void>();
  const look = (ended: boolean): void => {
    for (const wait of waits) wait(ended);
  };
  child.on('message', (message) => {
    reports.push(message as Report);
    look(false);
  });
  const ended = once(child, 'exit').then(([code, signal]: (number | string | null)[]) => {
    look(true);
    return code ?? signal ?? '';
  });
  return {
    child,
    reports,
    ended,
    all: <Type extends Report['type']>(type: Type) =>
      reports.filter((report): report is Extract<Report, { type: Type }> => report.type === type),
    until: (matches) =>
      new Promise((resolve, reject) => {
        const wait = (over: boolean): void => {
          const found = reports.find(matches);
          if (!found && !over) return;
          waits.delete(wait);
          if (found) resolve(found);
          else reject(new Error(`${file} ended before it reported what was waited for`));
        };
        waits.add(wait);
        wait(false);
      }),
    order: (order) => void child.send(order),
  };
}

export interface Stage extends AsyncDisposable {
  readonly platform: Part<PlatformReport>;
  readonly agent: Part<AgentReport>;
  readonly directory: string;
}

/** Starts both, joined and ready for a call. */
export async function openStage(language: VoiceLanguage): Promise<Stage> {
  const directory = mkdtempSync(join(tmpdir(), 'offhook-realtime-'));
  const platform = startPart<PlatformReport>('./platform-process.ts', language);
  await platform.until(({ type }) => type === 'listening');
  const [{ exchangeUrl, modelUrl } = { exchangeUrl: '', modelUrl: '' }] = platform.all('listening');
  const setup: AgentSetup = { exchangeUrl, modelUrl, directory, language };
  const agent = startPart<AgentReport>('./agent-process.ts', JSON.stringify(setup));
  await agent.until(({ type }) => type === 'connected');
  return {
    platform,
    agent,
    directory,
    async [Symbol.asyncDispose]() {
      for (const { child } of [agent, platform]) child.kill('SIGKILL');
      await Promise.all([agent.ended, platform.ended]);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
