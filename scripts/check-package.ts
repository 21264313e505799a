/**
 * @module Installs Offhook as a stranger would, packed and with `openai` beside it in an empty folder, and uses it
 * there: commands, the front page's program, a call, types. `node scripts/check-package.ts`; exit code 1 on a failure.
 */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decode } from '../src/audio/g711.ts';
import { encodeWav } from '../src/audio/wav.ts';
import { createSystemClock } from '../src/runtime/clock.ts';
import { demoScript } from '../src/testing/demo-script.ts';
import { createOpenAIStandIn } from '../src/testing/openai/index.ts';
import { AGENT, CONSUMER, CONSUMER_CONFIG, NAMES } from './lib/package-files.ts';
import { type Finished, type Place, run, start } from './lib/processes.ts';

interface Manifest {
  readonly version: string;
  readonly exports: Readonly<Record<string, string | { readonly source: string }>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest;
const KEY = 'sk-local';

/** What the model at this machine must be called with, and the exchange's own defaults. */
const ACCOUNT = { CLAWOPS_API_KEY: 'sk_test_local', CLAWOPS_ACCOUNT_ID: 'AC_local', OPENAI_API_KEY: KEY };

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** @throws Error with what it printed, unless it ended well and printed every one of `expected` */
function expectOutput(
  what: string,
  { code, output }: Finished,
  expected: readonly RegExp[],
  wanted = 0,
): void {
  const missing = expected.filter((pattern) => !pattern.test(output));
  if (code === wanted && missing.length === 0) return say(`  ok  ${what}`);
  throw new Error(`${what}: exit code ${code}, missing ${missing.join(' ') || 'nothing'}\n${output}`);
}

/** An environment without the clone: its Node alone comes first, its programs and settings are not there. */
function strangersEnv(folder: string): NodeJS.ProcessEnv {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  symlinkSync(process.execPath, join(bin, 'node'));
  const path = (process.env['PATH'] ?? '').split(delimiter).filter((part) => !/node_modules[/\\]/.test(part));
  const foreign =
    /^(?:npm_(?:package|lifecycle|command|execpath|node|config_local_prefix)|INIT_CWD|NODE_|OFFHOOK_|OPENAI_|CLAWOPS_|OTEL_)/i;
  const kept = Object.entries(process.env).filter(([name]) => !foreign.test(name));
  return {
    ...Object.fromEntries(kept),
    PATH: [bin, ...path].join(delimiter),
    NO_COLOR: '1',
    npm_config_fund: 'false',
    npm_config_audit: 'false',
    npm_config_update_notifier: 'false',
  };
}

/** Builds and packs the clone. @returns the tarball */
async function pack(folder: string): Promise<string> {
  // Whatever an earlier build left would be packed as well.
  rmSync(join(ROOT, 'dist'), { recursive: true, force: true });
  try {
    const packed = await run('npm', ['pack', '--pack-destination', folder], { cwd: ROOT, env: process.env });
    expectOutput('npm pack (builds first)', packed, []);
  } finally {
    rmSync(join(ROOT, 'dist'), { recursive: true, force: true });
  }
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  if (tarball === undefined) throw new Error('npm pack made no tarball');
  return join(folder, tarball);
}

async function install(tarball: string, place: Place): Promise<void> {
  writeFileSync(
    join(place.cwd, 'package.json'),
    '{ "name": "stranger", "private": true, "type": "module" }\n',
  );
  const openai = `openai@${manifest.devDependencies['openai'] ?? 'latest'}`;
  const args = ['install', '--no-package-lock', '--prefer-offline', '--omit=dev', tarball, openai];
  expectOutput(
    `npm install offhook-${manifest.version}.tgz ${openai}`,
    await run('npm', args, place, 120_000),
    [],
  );
}

async function checkNames(place: Place): Promise<void> {
  writeFileSync(join(place.cwd, 'names.mjs'), NAMES);
  const targets = Object.entries(manifest.exports).flatMap(([path, target]) =>
    typeof target === 'string' ? [] : [[path, target.source] as const],
  );
  const paths = targets.map(([path]) => path);
  const finished = await run('node', ['names.mjs', JSON.stringify(paths)], place);
  expectOutput('every sub-path loads', finished, [/^\{/]);
  const found = JSON.parse(finished.output) as Record<string, string[]>;
  for (const [path, source] of targets) {
    const names = Object.keys((await import(join(ROOT, source))) as object).sort();
    if (found[path]?.join() !== names.join()) throw new Error(`${path} exports ${found[path]?.join(', ')}`);
  }
  say('  ok  and exports what its source does');
}

async function checkTypes(place: Place): Promise<void> {
  const { cwd } = place;
  writeFileSync(join(cwd, 'consumer.ts'), CONSUMER);
  writeFileSync(join(cwd, 'tsconfig.json'), CONSUMER_CONFIG(join(ROOT, 'node_modules/@types')));
  const tsc = join(createRequire(import.meta.url).resolve('typescript/package.json'), '../bin/tsc');
  expectOutput('a strict consumer type-checks', await run('node', [tsc, '-p', '.'], place), []);
}

async function checkCommands(place: Place): Promise<void> {
  const npx = (...args: string[]): Promise<Finished> =>
    run('npx', ['--no-install', 'offhook', ...args], place);
  expectOutput('npx offhook --help', await npx('--help'), [
    /\bdemo\b/,
    /\bexchange\b/,
    /\bdial\b/,
    /\brun\b/,
  ]);
  expectOutput('npx offhook --version', await npx('--version'), [new RegExp(`^${manifest.version}$`, 'm')]);
  expectOutput('npx offhook demo --fast', await npx('demo', '--fast', '--json'), [/^\{.*\}$/m]);
  const log = readdirSync(join(place.cwd, 'calls')).find((name) => name.endsWith('.call.log'));
  if (log === undefined) throw new Error('the demo wrote no log');
  expectOutput('npx offhook replay', await npx('replay', join('calls', log), '--json'), [/^\{.*\}$/m]);
}

/** The lines of the front page: an exchange, the agent, a caller. The model is the stand-in, in this process. */
async function checkCall(place: Place): Promise<void> {
  const standIn = createOpenAIStandIn({
    clock: createSystemClock(),
    key: KEY,
    script: () => ({ greeting: '네, 여보세요?', otherwise: '네, 알겠습니다.' }),
  });
  const { url: model } = await standIn.listen();
  const ask = demoScript('ko').turns.find((turn) => turn.by === 'caller');
  if (!ask) throw new Error('the demo has no caller');
  writeFileSync(join(place.cwd, 'some.wav'), encodeWav([decode('ulaw', ask.clip.audio)], 8000));
  const npx = ['--no-install', 'offhook'];
  const exchange = start('npx', [...npx, 'exchange', '--port', '0'], place);
  try {
    const url = (await exchange.until(/CLAWOPS_BASE_URL=(\S+)/))[1]!;
    const env = { ...place.env, ...ACCOUNT, CLAWOPS_BASE_URL: url, OPENAI_BASE_URL: model };
    const agent = start('npx', [...npx, 'run', 'agent.ts'], { ...place, env });
    try {
      await agent.until(/^Serving agent\.ts/m);
      say('  ok  npx offhook exchange, npx offhook run agent.ts');
      const dial = [...npx, 'dial', '07012341234', '--wav', 'some.wav', '--url', url, '--patience', '800'];
      expectOutput('npx offhook dial 07012341234 --wav some.wav', await run('npx', dial, place), []);
    } finally {
      const { output } = await agent.stop();
      expectOutput('the agent told of the call and stopped', { code: 0, output }, [
        / → 07012341234/,
        /\[assistant\] /,
        /Stopped\./,
      ]);
    }
    const recordings = readdirSync(join(place.cwd, 'recordings')).filter((name) => name.endsWith('.wav'));
    if (recordings.length !== 3) throw new Error(`${recordings.length} recordings instead of 3`);
    say('  ok  and recorded it');
  } finally {
    await exchange.stop();
    await standIn.close();
  }
}

async function checkMissing(place: Place): Promise<void> {
  rmSync(join(place.cwd, 'node_modules/openai'), { recursive: true });
  const finished = await run('npx', ['--no-install', 'offhook', 'demo', '--fast'], place);
  const said = [/OFFHOOK_DEPENDENCY_MISSING/, /npm install openai/];
  expectOutput('without openai: which command to run', finished, said, 1);
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'offhook-package-'));
  const cwd = join(folder, 'empty');
  mkdirSync(cwd);
  const place: Place = { cwd, env: strangersEnv(folder) };
  try {
    await install(await pack(folder), place);
    writeFileSync(join(cwd, 'agent.ts'), AGENT);
    await checkNames(place);
    await checkTypes(place);
    await checkCommands(place);
    await checkCall(place);
    await checkMissing(place);
    say('package: works as installed');
  } catch (error) {
    say(`package: FAILED\n${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
