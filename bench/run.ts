/**
 * @module `npm run bench`: Offhook beside a bridge written by hand, under the same load, in one run. Repetitions are
 * interleaved and the median is reported; a spread over 10 % is marked as noisy. It reports and never fails.
 */
import { type ChildProcess, fork, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measureStages } from './stages.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    calls: { type: 'string', default: '1,10,50,100,200,400' },
    seconds: { type: 'string', default: '12' },
    repeat: { type: 'string', default: '3' },
    warmup: { type: 'string', default: '6' },
    subjects: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(
    'npm run bench -- [--calls 1,10,50] [--seconds 12] [--repeat 3] [--warmup 6] [--subjects bridge,offhook] [--json]\nMeasures Offhook beside a bare ws bridge: CPU, memory, barge-in.\n',
  );
  process.exit(0);
}

interface Subject {
  readonly name: string;
  readonly file: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly path: string;
}

interface Run {
  readonly cpuMsPerCallSecond: number;
  readonly rssKbPerCall: number;
  readonly loopP99Ms: number;
  readonly reactionP50Ms: number;
  readonly reactionP99Ms: number;
  readonly stale: number;
  readonly lost: number;
  /** Share of its core the load needed. */
  readonly loadBusy: number;
}

const ALL: readonly Subject[] = [
  { name: 'bridge', file: 'bridge.ts', environment: {}, path: '' },
  { name: 'offhook', file: 'offhook.ts', environment: {}, path: '/media-stream' },
  {
    name: 'offhook+rec',
    file: 'offhook.ts',
    environment: { BENCH_RECORDING: '1' },
    path: '/media-stream',
  },
];

const wanted = values.subjects?.split(',');
const SUBJECTS = ALL.filter(({ name }) => !wanted || wanted.includes(name));

/** The subject has one core and the load the other, where there are two and a tool that can say so. */
const pins = cpus().length > 1 && spawnSync('taskset', ['-c', '0', 'true']).status === 0;
const start = (file: string, core: number, flags: readonly string[], env: NodeJS.ProcessEnv): ChildProcess =>
  pins
    ? fork(here(file), { execPath: 'taskset', execArgv: ['-c', `${core}`, process.execPath, ...flags], env })
    : fork(here(file), { execArgv: [...flags], env });

const here = (file: string): URL => new URL(file, import.meta.url);
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
const median = (numbers: readonly number[]): number =>
  quantile(
    [...numbers].sort((a, b) => a - b),
    0.5,
  );

function next<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    child.once('message', (message) => resolve(message as T));
    child.once('exit', (code) => reject(new Error(`a bench process ended early (${code})`)));
  });
}

/** One subject, one number of calls: connect, let it settle, measure for `seconds`. */
async function measure(subject: Subject, calls: number, seconds: number): Promise<Run> {
  const directory = mkdtempSync(join(tmpdir(), 'offhook-bench-'));
  const load = start('load.ts', 1, [], process.env);
  const { model } = await next<{ model: string }>(load);
  const child = start(subject.file, 0, ['--expose-gc', '--import', here('probe.ts').href], {
    ...process.env,
    ...subject.environment,
    OPENAI_BASE_URL: model,
    BENCH_DIRECTORY: directory,
  });
  try {
    const { ready } = await next<{ ready: number }>(child);
    child.send({ probe: 'read' });
    const idle = await next<{ rssKb: number }>(child);
    const step = 20;
    for (let from = 0; from < calls; from += step) {
      load.send({ call: `ws://127.0.0.1:${ready}${subject.path}`, from, to: Math.min(calls, from + step) });
      await wait(100);
    }
    await wait(Number(values.warmup) * 1_000);
    load.send({ reset: true });
    child.send({ probe: 'reset' });
    await wait(seconds * 1_000);
    child.send({ probe: 'read' });
    const probe = await next<{ cpuMs: number; rssKb: number; loopP99Ms: number }>(child);
    load.send({ read: true });
    const seen = await next<{ open: number; lost: number; reactions: number[]; stale: number; busy: number }>(
      load,
    );
    const reactions = seen.reactions.sort((a, b) => a - b);
    return {
      cpuMsPerCallSecond: probe.cpuMs / (seconds * calls),
      rssKbPerCall: (probe.rssKb - idle.rssKb) / calls,
      loopP99Ms: probe.loopP99Ms,
      reactionP50Ms: quantile(reactions, 0.5),
      reactionP99Ms: quantile(reactions, 0.99),
      stale: seen.stale,
      lost: seen.lost + calls - seen.open,
      loadBusy: seen.busy,
    };
  } finally {
    load.send({ stop: true });
    await wait(500);
    child.kill();
    load.kill();
    rmSync(directory, { recursive: true, force: true });
  }
}

interface Row extends Run {
  readonly subject: string;
  readonly calls: number;
  /** To the bridge of the same round, the median of them. */
  readonly ratio: number;
  readonly ratios: readonly number[];
  readonly noisy: boolean;
}

async function compare(calls: number, seconds: number, repeat: number): Promise<Row[]> {
  const runs = new Map<string, Run[]>(SUBJECTS.map(({ name }) => [name, []]));
  for (let round = 0; round < repeat; round += 1) {
    for (const subject of SUBJECTS) {
      process.stderr.write(`  ${calls} calls, round ${round + 1}/${repeat}: ${subject.name}\n`);
      runs.get(subject.name)!.push(await measure(subject, calls, seconds));
    }
  }
  const middle = (name: string, key: keyof Run): number => median(runs.get(name)!.map((run) => run[key]));
  return SUBJECTS.map(({ name }) => {
    const costs = runs.get(name)!.map((run) => run.cpuMsPerCallSecond);
    const base = runs.get('bridge')?.map((run) => run.cpuMsPerCallSecond) ?? [];
    const ratios = costs.map((cost, round) => cost / (base[round] ?? Number.NaN));
    const keys = [
      'cpuMsPerCallSecond',
      'rssKbPerCall',
      'loopP99Ms',
      'reactionP50Ms',
      'reactionP99Ms',
      'stale',
      'lost',
      'loadBusy',
    ] as const;
    const figures = Object.fromEntries(keys.map((key) => [key, middle(name, key)])) as unknown as Run;
    return {
      subject: name,
      calls,
      ...figures,
      ratio: median(ratios),
      ratios,
      noisy: (Math.max(...costs) - Math.min(...costs)) / median(costs) > 0.1,
    };
  });
}

const counts = values.calls.split(',').map(Number);
const rows: Row[] = [];
for (const calls of counts)
  rows.push(...(await compare(calls, Number(values.seconds), Number(values.repeat))));
const stages = wanted ? [] : measureStages();

if (values.json) {
  process.stdout.write(`${JSON.stringify({ rows, stages })}\n`);
} else {
  process.stdout.write(
    '\ncalls  subject              CPU ms per call-s  ratio   KB per call  barge-in p50/p99 ms  stale  lost  load  ratios\n',
  );
  for (const row of rows) {
    process.stdout.write(
      `${String(row.calls).padStart(5)}  ${row.subject.padEnd(20)} ${row.cpuMsPerCallSecond.toFixed(2).padStart(17)}` +
        ` ${row.ratio.toFixed(2).padStart(6)}  ${row.rssKbPerCall.toFixed(0).padStart(11)}` +
        `  ${row.reactionP50Ms.toFixed(1)}/${row.reactionP99Ms.toFixed(1)}`.padEnd(22) +
        ` ${String(row.stale).padStart(5)} ${String(row.lost).padStart(5)}  ${(row.loadBusy * 100).toFixed(0).padStart(3)}%  ${row.ratios.map((ratio) => ratio.toFixed(2)).join(' ')}${row.noisy ? '  noisy' : ''}\n`,
    );
  }
  process.stdout.write('\n');
  for (const { stage, ns, per } of stages) {
    process.stdout.write(`${stage.padEnd(36)} ${(ns / 1_000).toFixed(2).padStart(8)} µs per ${per}\n`);
  }
}
process.exit(0);
