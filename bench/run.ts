/**
 * @module `npm run bench`: Offhook beside a bridge written by hand, and others, under the same load in the same run.
 * Rounds are interleaved, medians reported, disturbed ones marked. It reports and never fails.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { isPinned } from './children.ts';
import { measure, type Run } from './measure.ts';
import { InputError, type Options, readOptions } from './options.ts';
import { type Programs, prepare } from './programs.ts';
import type { Machine, Results } from './results.ts';
import { measureStages } from './stages/index.ts';
import { type ColdStart, measureStart } from './start.ts';
import { type Part, type Subject, SUBJECTS } from './subjects.ts';
import { tablesOf } from './tables.ts';
import { writePage } from './page.ts';

/** The number of calls at which the event log has a target. */
const LOG_CALLS = 200;

/** Half an hour of figures is not lost to an interruption: what there is by then is printed. */
let isInterrupted = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void (isInterrupted = true));

const note = (text: string): void => void process.stderr.write(`${text}\n`);

/** Every subject once per round, A B C A B C; one that fails is left out of that round and named. */
async function rounds<T>(
  name: string,
  count: number,
  subjects: readonly Subject[],
  work: (subject: Subject, round: number) => Promise<T>,
): Promise<T[]> {
  const done: T[] = [];
  for (let round = 1; round <= count; round += 1) {
    for (const subject of subjects) {
      if (isInterrupted) return done;
      note(`${name}, round ${round} of ${count}: ${subject.title}`);
      try {
        done.push(await work(subject, round));
      } catch (error) {
        note(`  left out: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }
  return done;
}

async function measureAll(options: Options): Promise<Results> {
  const machine = describeMachine(options);
  if (options.peers) installPeers();
  const programs = prepare(options.source, options.nodeFlags);
  const has = (chapter: Options['chapters'][number]): boolean => options.chapters.includes(chapter);
  const taking = (part: Part): Subject[] =>
    SUBJECTS.filter(({ name, parts }) => parts.includes(part) && options.subjects.includes(name));
  return {
    machine,
    runs: has('load') ? await measureLoad(options, taking('load'), programs) : [],
    logRuns: has('log') ? await measureLog(options, taking('log'), programs) : [],
    starts: has('start') ? await measureStarts(options, taking('start'), programs) : [],
    stages: has('stages') && !isInterrupted ? measureStages() : [],
  };
}

async function measureLoad(options: Options, subjects: Subject[], programs: Programs): Promise<Run[]> {
  const { window, profiles } = options;
  if (profiles) mkdirSync(profiles, { recursive: true });
  const runs: Run[] = [];
  for (const calls of options.calls) {
    runs.push(
      ...(await rounds(`${calls} calls`, options.repeat, subjects, (subject, round) =>
        measure({ subject, calls, round, window, profiles }, programs),
      )),
    );
  }
  return runs;
}

function measureLog(options: Options, subjects: Subject[], programs: Programs): Promise<Run[]> {
  return rounds(`event log, ${LOG_CALLS} calls`, options.repeat, subjects, (subject, round) =>
    measure({ subject, calls: LOG_CALLS, round, window: options.window }, programs),
  );
}

function measureStarts(options: Options, subjects: Subject[], programs: Programs): Promise<ColdStart[]> {
  return rounds('cold start', options.starts, subjects, (subject) => measureStart(subject, programs));
}

function describeMachine({ nodeFlags }: Options): Machine {
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: cpus()[0]?.model ?? 'an unknown processor',
    cores: availableParallelism(),
    node: [process.versions.node, ...nodeFlags].join(' '),
    pinned: isPinned(),
    loadBefore: loadavg()[0]!,
  };
}

function installPeers(): void {
  const { status } = spawnSync('npm', ['run', '--silent', 'bench:peers'], { stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error('the other runtimes could not be installed');
}

/** @throws InputError where the file is not there, or not what this bench writes */
function readResults(file: string): Results {
  try {
    const results = JSON.parse(readFileSync(file, 'utf8')) as Results;
    tablesOf(results);
    return results;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new InputError(`${file} is not what --json of this version writes: ${reason}`, { cause });
  }
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (!options) return;
  const results = options.from ? readResults(options.from) : await measureAll(options);
  const tables = tablesOf(results);
  process.stdout.write(options.json ? `${JSON.stringify(results)}\n` : `${tables}\n`);
  if (options.write) writePage(tables);
}

try {
  await main();
} catch (error) {
  if (!(error instanceof InputError)) throw error;
  note(`bench: ${error.message}\nSee: npm run bench -- --help`);
  process.exitCode = 2;
}
