/**
 * @module What is started, in the form in which it is shipped: Offhook built, the bench's own programs with their types
 * taken off, so that no subject pays for that at its start. With `--source` everything runs as it is written.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Subject } from './subjects.ts';

const ROOT = new URL('..', import.meta.url).pathname;
/** Within the package, so that `offhook` and `ws` are found from there. */
const STRIPPED = join(ROOT, '.tmp', 'bench');
const TYPED = ['bridge.ts', 'offhook.ts', 'probe.ts', 'log-hook.ts'];

export interface Programs {
  /** The path of a program of the bench. */
  find(file: string): string;
  /** What a subject is started with, with further modules to load before it. */
  flags(subject: Subject, imports?: readonly string[]): string[];
}

/** @param nodeFlags what every subject's node is started with */
export function prepare(fromSource: boolean, nodeFlags: readonly string[] = []): Programs {
  if (!fromSource) build();
  const find = (file: string): string =>
    !fromSource && TYPED.includes(file) ? join(STRIPPED, stripped(file)) : join(ROOT, 'bench', file);
  const address = (module: string): string =>
    module.endsWith('.ts') || module.startsWith('/') ? pathToFileURL(module).href : module;
  return {
    find,
    flags: (subject, imports = []) => [
      ...nodeFlags,
      ...(fromSource ? ['--conditions=source'] : []),
      ...[
        ...(subject.imports ?? []).map((module) => (TYPED.includes(module) ? find(module) : module)),
        ...imports,
      ].flatMap((module) => ['--import', address(module)]),
    ],
  };
}

const stripped = (file: string): string => `${basename(file, '.ts')}.js`;

function build(): void {
  const { status } = spawnSync('npm', ['run', '--silent', 'build'], {
    cwd: ROOT,
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) throw new Error('the build failed; `npm run bench -- --source` does without it');
  mkdirSync(STRIPPED, { recursive: true });
  for (const file of TYPED) {
    const source = readFileSync(join(ROOT, 'bench', file), 'utf8');
    writeFileSync(join(STRIPPED, stripped(file)), stripTypeScriptTypes(source));
  }
}
