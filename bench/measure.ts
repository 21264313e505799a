/**
 * @module One run: one subject, one number of calls. They connect, settle, and are measured over a window; a second
 * window watches reaction and event loop, with instruments that would have weighed on the first.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChildProcess } from 'node:child_process';
import { answer, ask, CORE, start, stop, wait } from './children.ts';
import type { LoadAnswer, LoadOrder } from './load/main.ts';
import type { LoadReading } from './load/tally.ts';
import { isWithin, type Quiet, type QuietWatch, watchQuiet } from './quiet.ts';
import type { Programs } from './programs.ts';
import type { ProbeReading, WatchReading } from './probe.ts';
import type { Subject } from './subjects.ts';

export interface Window {
  /** Long enough for the hot paths to be compiled, in seconds. */
  readonly warmup: number;
  /** Of quiet, and how many times as long is waited for it. */
  readonly seconds: number;
  readonly watch: number;
  readonly patience: number;
}

/** What one run gave. Memory in KB, times in ms. */
export interface Run {
  readonly subject: string;
  readonly calls: number;
  readonly round: number;
  /** CPU of the whole process per second of one call. */
  readonly cpu: number;
  /** The same in quiet moments only, how long those were in all, and which share of the window. */
  readonly quiet: { readonly cpu: number; readonly ms: number; readonly share: number };
  readonly memory: { readonly rss: number; readonly heap: number; readonly external: number };
  /** The same before the first call. */
  readonly idle: { readonly rss: number; readonly heap: number; readonly external: number };
  /** Share of a core that the event log took; 0 where it was not timed. */
  readonly log: number;
  readonly load: LoadReading;
  readonly loopP99: number;
  readonly reactions: readonly number[];
  /** Those in quiet moments. */
  readonly quietReactions: readonly number[];
}

type Ready = { readonly kind: 'ready'; readonly port: number };
type Reading = Extract<LoadAnswer, { kind: 'reading' }>;

/** Calls are placed in groups, as fast as a busy service gets them. */
const GROUP = 10;
const GROUP_MS = 50;
const LONGEST_SETUP = 15_000;

const here = (file: string): string => new URL(file, import.meta.url).pathname;

/** Starts the load. @returns it, and the address of its model */
export async function startLoad(): Promise<{ load: ChildProcess; model: string }> {
  const flags = ['--max-semi-space-size=32'];
  const load = start({ file: here('load/main.ts'), core: CORE.load, flags });
  const { model } = await answer<Extract<LoadAnswer, { kind: 'ready' }>>(load, 'ready');
  return { load, model };
}

/** Runs `work` with a directory for what calls write, which is gone afterwards. */
export async function withDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'offhook-bench-'));
  try {
    return await work(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

export interface Task {
  readonly subject: Subject;
  readonly calls: number;
  readonly round: number;
  readonly window: Window;
  /** A directory for CPU profiles, one per run. They cost some CPU themselves. */
  readonly profiles?: string | undefined;
}

export function measure(task: Task, programs: Programs): Promise<Run> {
  const { subject, calls, round, profiles } = task;
  const profile = profiles && join(profiles, `${subject.name}-${calls}-${round}.cpuprofile`);
  return withDirectory(async (directory) => {
    const { load, model } = await startLoad();
    const child = start({
      file: programs.find(subject.file),
      core: CORE.subject,
      flags: ['--expose-gc', ...programs.flags(subject, [programs.find('probe.ts')])],
      environment: {
        ...subject.environment,
        OPENAI_BASE_URL: model,
        BENCH_DIRECTORY: directory,
        ...(profile ? { BENCH_PROFILE: profile } : {}),
      },
    });
    const watch = watchQuiet(child.pid!);
    try {
      return await observe(task, child, load, watch);
    } finally {
      watch.stop();
      load.send({ do: 'hangUp' } satisfies LoadOrder);
      await wait(300);
      await Promise.all([stop(child), stop(load)]);
    }
  });
}

/** Waits until every call has its connection, so that what setting up costs is not in the window; not for ever. */
async function allOpen(load: ChildProcess, calls: number): Promise<void> {
  for (let waited = 0; waited < LONGEST_SETUP; waited += GROUP_MS) {
    const { reading } = await ask<Reading>(load, { do: 'read', quiet: [] } satisfies LoadOrder, 'reading');
    if (reading.open === calls) return;
    await wait(GROUP_MS);
  }
}

async function observe(
  { subject, calls, round, window }: Task,
  child: ChildProcess,
  load: ChildProcess,
  watch: QuietWatch,
): Promise<Run> {
  const { port } = await answer<Ready>(child, 'ready');
  const idle = await ask<ProbeReading>(child, { probe: 'read' }, 'probe');
  const url = `http://127.0.0.1:${port}${subject.path}`;
  for (let from = 0; from < calls; from += GROUP) {
    load.send({ do: 'call', url, from, to: Math.min(calls, from + GROUP) } satisfies LoadOrder);
    await wait(GROUP_MS);
  }
  await allOpen(load, calls);
  await wait(window.warmup * 1_000);

  const collect = (seconds: number): Promise<Quiet> =>
    watch.collect(seconds * 1_000, seconds * 1_000 * window.patience);
  load.send({ do: 'reset' } satisfies LoadOrder);
  child.send({ probe: 'reset' });
  const quiet = await collect(window.seconds);
  child.send({ probe: 'close' });
  const readLoad = { do: 'read', quiet: quiet.spans } satisfies LoadOrder;
  const { reading } = await ask<Reading>(load, readLoad, 'reading');

  child.send({ probe: 'watch' });
  const { spans } = await collect(window.watch);
  const watched = await ask<WatchReading>(child, { probe: 'watched' }, 'watched');
  const probe = await ask<ProbeReading>(child, { probe: 'read' }, 'probe');
  // One who answers both orders at once was behind by the whole window.
  if (probe.ms < window.seconds * 500) throw new Error('the subject was too busy to be measured');
  const { ms, rss, heap, external } = probe;
  return {
    subject: subject.name,
    calls,
    round,
    cpu: probe.cpuMs / ((ms / 1_000) * calls),
    quiet: { cpu: quiet.cpuMs / ((quiet.ms / 1_000) * calls), ms: quiet.ms, share: quiet.ms / ms },
    memory: { rss, heap, external },
    idle: { rss: idle.rss, heap: idle.heap, external: idle.external },
    log: probe.logMs / ms,
    load: reading,
    loopP99: watched.loopP99,
    reactions: watched.reactions.map(([, took]) => took),
    quietReactions: watched.reactions.flatMap(([end, took]) => (isWithin(spans, end, took) ? [took] : [])),
  };
}
