/**
 * @module Reads a CPU profile that `npm run bench -- --profile` kept: what each package or folder took of the time the
 * process worked, and the functions that took most. `node bench/profile.ts FILE...`
 */
import { readFileSync } from 'node:fs';

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
}

interface Profile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const MOST_FUNCTIONS = 25;

/** Whose code it is: a package, a folder of ours, Node, or the engine itself. */
function ownerOf({ functionName, url }: ProfileNode['callFrame']): string {
  if (url.startsWith('node:')) return 'node';
  if (url === '') return functionName.startsWith('(') ? functionName : 'native code';
  const dependency = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  if (dependency) return dependency;
  return /\/(?:src|dist)\/(.*)\/[^/]*$/.exec(url)?.[1]?.replace(/^/, 'offhook/') ?? url.replace(/.*\//, '');
}

function print(title: string, times: ReadonlyMap<string, number>, whole: number, most: number): void {
  process.stdout.write(`\n${title}\n`);
  const largest = [...times].sort(([, a], [, b]) => b - a).slice(0, most);
  for (const [name, time] of largest) {
    process.stdout.write(`${((time / whole) * 100).toFixed(1).padStart(6)} %  ${name}\n`);
  }
}

for (const path of process.argv.slice(2)) {
  const profile = JSON.parse(readFileSync(path, 'utf8')) as Profile;
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const owners = new Map<string, number>();
  const functions = new Map<string, number>();
  const add = (to: Map<string, number>, name: string, time: number): void =>
    void to.set(name, (to.get(name) ?? 0) + time);
  let whole = 0;
  for (const [index, id] of profile.samples.entries()) {
    const frame = frames.get(id)!;
    const time = profile.timeDeltas[index] ?? 0;
    if (frame.functionName === '(idle)') continue;
    whole += time;
    const owner = ownerOf(frame);
    add(owners, owner, time);
    const file = frame.url.replace(/.*\//, '');
    add(
      functions,
      `${frame.functionName || '(anonymous)'}  ${file === '' ? '' : `${file}:${frame.lineNumber + 1}`}`,
      time,
    );
  }
  process.stdout.write(`${path}: ${(whole / 1_000).toFixed(0)} ms of work\n`);
  print('Whose', owners, whole, MOST_FUNCTIONS);
  print('Which function, itself', functions, whole, MOST_FUNCTIONS);
}
