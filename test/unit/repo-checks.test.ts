/**
 * The pages and reports that are made from the sources: stale pages, GPL licences, long files and a CI run that
 * passes without a test have each gone unseen somewhere.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkDependencies } from '../../scripts/check-dependencies.ts';
import { makeErrorsPage } from '../../scripts/make-errors-page.ts';
import { reportSize } from '../../scripts/report-size.ts';
import { ERRORS } from '../../src/errors.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'offhook-repo-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function plant(path: string, content: string | object): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), typeof content === 'string' ? content : JSON.stringify(content));
}

describe('the size report', () => {
  const body = (lines: number): string => '  a();\n'.repeat(lines);

  test('names the files over 400 lines and no other', () => {
    plant('src/long.ts', 'a();\n'.repeat(401));
    plant('src/deep/right.ts', 'a();\n'.repeat(400));
    plant('inspect/short.ts', 'a();\n');
    const report = reportSize(root);
    expect(report.tooLong).toEqual(['src/long.ts']);
    expect(report.files.map(({ lines }) => lines)).toEqual([401, 400, 1]);
  });

  test('names functions over 40 lines, of every form', () => {
    plant(
      'src/a.ts',
      [
        `export function plain(a: { b: string }): void {\n${body(40)}}\n`,
        `const arrow = async (a: string): Promise<void> => {\n${body(41)}};\n`,
        `class A {\n  method<T>(\n    a: T,\n  ): T | undefined {\n${body(42)}  }\n}\n`,
        `const bare = a => {\n${body(43)}};\n`,
        `function short(): void {\n${body(38)}}\n`,
        `interface Big {\n${'  a: string;\n'.repeat(50)}}\n`,
        `if (a) {\n${body(50)}}\n`,
        `const text = \`function f() {\n${body(50)}}\`;\n`,
      ].join(''),
    );
    expect(reportSize(root).functions.map(({ line, message }) => `${line} ${message}`)).toEqual([
      '87 46 lines: method<T>(',
      '134 45 lines: const bare = a => {',
      '43 43 lines: const arrow = async (a: string): Promise<void> => {',
      '1 42 lines: export function plain(a: { b: string }): void {',
    ]);
  });
});

describe('the errors page', () => {
  test('has a section for every code, with what to do', () => {
    const page = makeErrorsPage(ERRORS);
    for (const [code, { hint }] of Object.entries(ERRORS)) {
      expect(page).toContain(`\n## ${code}\n`);
      expect(page).toContain(`](#${code.toLowerCase()})`);
      expect(page.replaceAll('\\', '')).toContain(hint);
    }
  });

  test('changes with the registry', () => {
    const entry = { message: 'A <b> *c*.', expected: '`<d>`', hint: 'e', retryable: true };
    const page = makeErrorsPage({ X: entry });
    expect(page).toContain(String.raw`A \<b\> \*c\*.`);
    expect(page).toContain('- Expected: `<d>`');
    expect(page).toContain('again as it is: yes');
    expect(makeErrorsPage({ X: { ...entry, retryable: false } })).not.toBe(page);
  });
});

describe('the dependency check', () => {
  function plantPackage(options: { page?: string; licence?: string; lock?: object } = {}): string[] {
    plant('package.json', { dependencies: { a: '1.0.0' }, devDependencies: { b: '2.0.0' } });
    plant('node_modules/a/package.json', { license: 'MIT' });
    plant('node_modules/deep/package.json', { license: options.licence ?? 'ISC' });
    plant('node_modules/b/package.json', { license: 'GPL-3.0' });
    const lock = { 'node_modules/a': {}, 'node_modules/deep': {}, 'node_modules/b': { dev: true }, '': {} };
    plant('package-lock.json', { packages: { ...lock, ...options.lock } });
    plant(
      'docs/dependencies.md',
      options.page ?? '| `a` | 1.0.0 | MIT | x |\n| `b` | 2.0.0 | GPL-3.0 | y |\n',
    );
    return checkDependencies(root);
  }

  test('finds nothing where page, versions and licences agree', () => {
    expect(plantPackage()).toEqual([]);
  });

  test.each([
    ['| `b` | 2.0.0 | GPL-3.0 | y |', 'does not name a 1.0.0'],
    ['| `a` | 1.0.1 | MIT | x |\n| `b` | 2.0.0 | GPL-3.0 | y |', 'has a 1.0.1, not 1.0.0'],
    ['| `a` | 1.0.0 | ISC | x |\n| `b` | 2.0.0 | GPL-3.0 | y |', 'has a under ISC, its package says MIT'],
    ['| `a` | 1.0.0 | MIT |  |\n| `b` | 2.0.0 | GPL-3.0 | y |', 'gives no reason for a'],
    ['| `a` | 1.0.0 | MIT | x |\n| `b` | 2.0.0 | GPL-3.0 | y |\n| `c` | 1 | MIT | z |', 'names c, which'],
  ])('finds a wrong page: %j', (page, problem) => {
    expect(plantPackage({ page })).toEqual([expect.stringContaining(problem)]);
  });

  test.each(['GPL-3.0-only', 'AGPL-3.0', 'LGPL-2.1-or-later', '(MIT AND GPL-2.0)'])(
    'finds %s in what ships, at any depth',
    (licence) => {
      expect(plantPackage({ licence })).toEqual([`node_modules/deep ships and is under ${licence}`]);
    },
  );

  test('a package not installed on this platform is judged by the lock file', () => {
    const lock = { 'node_modules/other': { license: 'GPL-3.0' }, 'node_modules/silent': {} };
    expect(plantPackage({ lock })).toEqual([
      'node_modules/other ships and is under GPL-3.0',
      'node_modules/silent ships and states no licence',
    ]);
  });

  test('the other licence of two may be taken', () => {
    expect(plantPackage({ licence: '(MIT OR GPL-3.0)' })).toEqual([]);
  });

  test('this repository passes', () => {
    expect(checkDependencies(join(import.meta.dirname, '../..'))).toEqual([]);
  });
});

describe('the CI run', () => {
  /** Runs it in an empty folder with an npm that prints `output` for `npm test` and ends as it is told. */
  function runCi(output: string, options: { status?: number; broken?: string } = {}) {
    plant('tests.txt', output);
    plant(
      'bin/npm',
      [
        '#!/bin/sh',
        'echo "npm $*" >> calls.txt',
        `case "$*" in`,
        `  test) cat tests.txt; exit ${options.status ?? 0};;`,
        `  "run ${options.broken ?? 'nothing'}") exit 2;;`,
        'esac',
      ].join('\n'),
    );
    chmodSync(join(root, 'bin/npm'), 0o755);
    mkdirSync(join(root, '.ci'), { recursive: true });
    copyFileSync(join(import.meta.dirname, '../../.ci/run'), join(root, '.ci/run'));
    const env = { ...process.env, PATH: `${join(root, 'bin')}:${process.env['PATH']}` };
    const result = spawnSync('bash', [join(root, '.ci/run')], { env, encoding: 'utf8' });
    const lines = result.stdout.trimEnd().split('\n');
    return { status: result.status, last: lines.at(-1), lines };
  }

  const closing = (counts: string): string =>
    ` ✓ a\n\n Test Files  2 passed (2)\n\u001b[2m      Tests \u001b[22m \u001b[32m${counts}\u001b[39m (9)\n   Duration  1.2s\n`;

  test('passes with the counts of the runner in its last line, after the runner’s own', () => {
    const { status, last, lines } = runCi(closing('9 passed'));
    expect(status).toBe(0);
    expect(last).toBe('9 passed, 0 failed');
    expect(lines.slice(-4, -1)).toEqual([
      ' Test Files  2 passed (2)',
      '      Tests  9 passed (9)',
      '   Duration  1.2s',
    ]);
  });

  test.each([
    ['a failed test', closing('2 failed | 7 passed'), { status: 1 }, '7 passed, 2 failed'],
    ['a failed test that npm hides', closing('2 failed | 7 passed'), {}, '7 passed, 2 failed'],
    ['two runs', closing('1 failed | 7 passed') + closing('3 passed'), { status: 1 }, '10 passed, 1 failed'],
    ['an error outside the tests', closing('9 passed'), { status: 1 }, '9 passed, 1 failed'],
    ['no test', closing('no tests'), {}, '0 passed, 1 failed'],
    ['no runner', 'vitest: not found\n', { status: 127 }, '0 passed, 1 failed'],
    ['only skipped tests', closing('9 skipped'), {}, '0 passed, 1 failed, 9 skipped'],
    ['a failed lint', closing('9 passed'), { broken: 'lint' }, '9 passed, 1 failed'],
    ['failed types', closing('9 passed'), { broken: 'types' }, '9 passed, 1 failed'],
    ['stale pages', closing('9 passed'), { broken: 'docs:check' }, '9 passed, 1 failed'],
  ])('fails for %s', (_title, output, options, line) => {
    const { status, last } = runCi(output, options);
    expect(last).toBe(line);
    expect(status).not.toBe(0);
  });

  test('counts skipped tests apart, and is not misled by what a test prints', () => {
    const noise = 'Tests  4 failed\n  the Tests  5 failed\n';
    expect(runCi(noise + closing('7 passed | 1 skipped | 1 todo'))).toMatchObject({
      status: 0,
      last: '7 passed, 0 failed, 2 skipped',
    });
  });
});
