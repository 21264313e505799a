/**
 * The check of imports and time finds what is planted, at its line, and leaves alone what only looks like it: a rule
 * that nobody enforces is the first thing a hurried change breaks.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkImports } from '../../scripts/check-imports.ts';
import { maskCode } from '../../scripts/lib/code.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'offhook-check-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function plant(files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

/** The findings of a tree with these files, as `path:line: message`. */
function findings(files: Record<string, string>): string[] {
  plant(files);
  return checkImports(root).findings.map(({ path, line, message }) => `${path}:${line}: ${message}`);
}

describe('the direction of imports', () => {
  test.each([
    ['src/machines/a.ts', '../providers/stt/b.ts', 'machines may not import providers'],
    ['src/machines/a.ts', '../runtime/assemble/leg.ts', 'machines may not import assemble'],
    ['src/audio/a.ts', '../transport/contract.ts', 'audio may not import contracts'],
    ['src/runtime/a.ts', '../providers/openai.ts', 'runtime may not import providers'],
    ['src/runtime/a.ts', './assemble/leg.ts', 'runtime may not import assemble'],
    ['src/providers/llm/a.ts', '../../transport/clawops/b.ts', 'providers may not import transport'],
    ['src/transport/clawops/a.ts', '../../agent.ts', 'transport may not import root'],
    ['src/tools/a.ts', '../machines/call/index.ts', 'tools may not import machines'],
    ['src/exchange/a.ts', '../transport/clawops/wire.ts', 'exchange may not import transport'],
    ['src/agent.ts', './testing/kit.ts', 'root may not import testing'],
    ['src/runtime/assemble/a.ts', '../../exchange/b.ts', 'assemble may not import exchange'],
    ['src/testing/a.ts', '../cli/main.ts', 'testing may not import cli'],
    ['src/errors.ts', './env.ts', 'errors may not import env'],
    ['src/audio/a.ts', '../../inspect/hub.ts', 'audio may not import outside'],
  ])('%s importing %s is found', (path, target, message) => {
    for (const line of [
      `import { a } from '${target}';`,
      `export * from '${target}';`,
      `import '${target}';`,
      `const a = await import('${target}');`,
      `import def, {\n  a,\n  b as c,\n} from '${target}';`,
      `export type * as A from '${target}';`,
      `import type A from "${target}";`,
    ]) {
      expect(findings({ [path]: `// first\n${line}\n` }), line).toEqual([
        expect.stringContaining(`${path}:2: ${message} (`),
      ]);
    }
  });

  test('what the table allows is not', () => {
    const allowed = {
      'src/machines/call/a.ts': "import { b } from './b.ts';\nimport { c } from '../link/c.ts';",
      'src/audio/a.ts': "import { OffhookError } from '../errors.ts';",
      'src/providers/llm/a.ts': "import { link } from '../../machines/link/index.ts';",
      'src/agent.ts': "import { a } from './runtime/assemble/leg.ts';",
      'src/testing/a.ts': "import { e } from '../exchange/e.ts';",
      'src/cli/a.ts': "import { e } from '../testing/e.ts';\nimport { h } from '../../inspect/hub.ts';",
    };
    expect(findings(allowed)).toEqual([]);
  });

  test('types may be imported where the table says so, and are counted apart', () => {
    plant({
      'src/machines/a.ts':
        "import type { Chunk } from '../audio/chunk.ts';\nimport type { Leg } from '../transport/contract.ts';\nexport type { Clock } from '../runtime/clock.ts';",
    });
    const { findings: found, typeOnly } = checkImports(root);
    expect(found).toEqual([]);
    expect(Object.fromEntries(typeOnly)).toEqual({
      'machines -> audio': 1,
      'machines -> contracts': 1,
      'machines -> runtime': 1,
    });
  });

  test('where only types may be imported, a value is found', () => {
    const text = "import { g711 } from '../audio/g711.ts';";
    expect(findings({ 'src/machines/a.ts': text })).toEqual([
      'src/machines/a.ts:1: machines may not import audio (src/audio/g711.ts), except for its types',
    ]);
  });

  test('a type imported by name still loads the module, and the remedy is told', () => {
    const text = "import { type Chunk } from '../audio/chunk.ts';";
    expect(findings({ 'src/machines/a.ts': text })).toEqual([expect.stringContaining('write `import type`')]);
  });

  test('words in comments, strings, templates and patterns are no imports', () => {
    const text = [
      "// import { a } from '../agent.ts';",
      "/* import '../agent.ts'; */",
      'const s = "import { a } from \'../agent.ts\'";',
      "const t = `import { a } from '../agent.ts' ${`${1}`} import('../agent.ts')`;",
      "const r = /['\"`] from '..\\/agent.ts'/;",
      "const from = x.import('../agent.ts') / 2 / 3;",
    ].join('\n');
    expect(findings({ 'src/audio/a.ts': text })).toEqual([]);
  });
});

describe('circles', () => {
  test('are found once, by the modules they go through', () => {
    expect(
      findings({
        'src/audio/a.ts': "import { b } from './b.ts';",
        'src/audio/b.ts': "export { c } from './c.ts';",
        'src/audio/c.ts': "import './a.ts';",
      }),
    ).toEqual([
      'src/audio/c.ts:1: imports go in a circle: src/audio/a.ts -> src/audio/b.ts -> src/audio/c.ts -> src/audio/a.ts',
    ]);
  });

  test('of types, or through a lazy import, are none', () => {
    expect(
      findings({
        'src/audio/a.ts': "import type { B } from './b.ts';",
        'src/audio/b.ts': "import { c } from './c.ts';",
        'src/audio/c.ts': "const a = () => import('./b.ts');\nimport { a } from './a.ts';",
      }),
    ).toEqual([]);
  });
});

describe('charts', () => {
  test.each([
    "import { readFileSync } from 'node:fs';",
    "import type { Socket } from 'node:net';",
    "import { randomUUID } from 'crypto';",
    'const now = Date.now();',
    'const now = new Date();',
    'const chance = Math.random();',
    'setTimeout(() => {}, 1);',
    'globalThis.setTimeout(() => {}, 1);',
    'const arm = flag ? setInterval : undefined;',
    'const now = performance.now();',
    'const id = crypto.randomUUID();',
  ])('may not have: %s', (line) => {
    expect(findings({ 'src/machines/call/a.ts': `\n\n${line}\n` })).toEqual([
      expect.stringMatching(/^src\/machines\/call\/a\.ts:3: .*chart/),
    ]);
  });

  test('may speak of time that they are given', () => {
    const text = [
      "import { assign } from 'xstate';",
      'const handle = clock.setTimeout(run, 1);',
      '// Date.now() is not for charts',
      "const name = 'Math.random';",
      'interface Timers { setTimeout(run: () => void, delay: number): number; performance: string }',
      'const own = { setTimeout(run: () => void) { run(); }, setInterval: undefined };',
      'const date = new Date(at);',
    ].join('\n');
    expect(findings({ 'src/machines/call/a.ts': text })).toEqual([]);
  });
});

describe('RxJS time', () => {
  test.each([
    ['debounceTime', 'a.pipe(debounceTime(500))'],
    ['interval', 'interval(20)'],
    ['timer', 'timer(1, 2)'],
    ['delay', 'a.pipe(map((x) => f(x, 1)), delay(10))'],
    ['timeout', 'a.pipe(timeout({ first: 5 }))'],
    ['bufferTime', 'a.pipe(\n  bufferTime(5, 10),\n)'],
    ['auditTime', 'a.pipe(auditTime<number>(5))'],
    ['throttleTime', 'a.pipe(throttleTime(5))'],
    ['retry', 'a.pipe(retry({ count: 2, delay: 500 }))'],
  ])('%s without a scheduler is found', (name, call) => {
    const file = 'src/audio/a.ts';
    expect(findings({ [file]: `import { map, ${name} } from 'rxjs';\n${call};` })).toHaveLength(1);
    const renamed = call.replace(name, 'later');
    expect(
      findings({ [file]: `import { ${name} as later } from 'rxjs/operators';\n${renamed};` }),
    ).toHaveLength(1);
    const spaced = call.replace(name, `rx.${name}`);
    expect(findings({ [file]: `import * as rx from 'rxjs';\n${spaced};` })).toHaveLength(1);
  });

  test('with one, or under the same name from elsewhere, is not', () => {
    const text = [
      "import { debounceTime, retry, timeout, timer } from 'rxjs';",
      "import { delay } from './delay.ts';",
      'a.pipe(debounceTime(500, clock.scheduler), timeout({ first: 5, scheduler }));',
      'timer(1, clock.scheduler); clock.timer(5); delay(5);',
      'a.pipe(retry({ delay: () => timer(5, scheduler) }), retry(2));',
    ].join('\n');
    expect(findings({ 'src/audio/a.ts': text })).toEqual([]);
  });

  test('with its own real one is found', () => {
    expect(findings({ 'src/audio/a.ts': "import { asyncScheduler } from 'rxjs';" })).toHaveLength(1);
  });
});

describe('tests in virtual time', () => {
  const real = [
    'await new Promise((resolve) => setTimeout(resolve, 5));',
    'setInterval(tick, 5);',
    'const now = Date.now();',
    'const now = performance.now();',
    "import { setTimeout as sleep } from 'node:timers/promises';",
  ];

  test.each(real)('may not have: %s', (line) => {
    const found = findings({ 'test/unit/a.test.ts': `\n${line}` });
    expect(found).not.toEqual([]);
    for (const each of found) expect(each).toMatch(/^test\/unit\/a\.test\.ts:2: /);
  });

  test('the realtime suite may', () => {
    expect(findings({ 'test/realtime/a.test.ts': real.join('\n') })).toEqual([]);
  });
});

describe('the mask', () => {
  test('keeps every position and line', () => {
    const source = "a /* b\n */ + 'c\\'d' + `e${f('g')}h\n` / i / 2; // j\nreturn /[/'\"]`/.test(k);";
    const masked = maskCode(source);
    expect(masked).toHaveLength(source.length);
    expect(masked.replace(/ +/g, ' ')).toBe("a \n + ' ' + ` ${f(' ')} \n` / i / 2; \nreturn .test(k);");
  });

  test('comes back from templates inside templates', () => {
    expect(maskCode('`a${`b${c}d` + { e: 1 }.e}f`; g')).toBe('` ${` ${c} ` + { e: 1 }.e} `; g');
  });
});
