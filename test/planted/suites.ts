/**
 * @module Runs the tests of another test file as they are, one after the other, and stops at the first that fails. A
 * suite is so held against a faulty chart without a word of it changed for the purpose.
 */
import { format } from 'node:util';
import { vi } from 'vitest';

interface Scope {
  readonly name: string;
  readonly parent: Scope | undefined;
  readonly beforeAll: Work[];
  readonly beforeEach: Work[];
  readonly afterEach: Work[];
}

type Work = () => unknown;
type Body = (...row: readonly never[]) => unknown;

export interface CollectedTest {
  /** Names of its groups and its own. */
  readonly name: string;
  readonly run: Work;
  readonly scope: Scope;
}

export interface Failure {
  readonly test: string;
  readonly error: Error;
}

const scopesOf = (scope: Scope | undefined): readonly Scope[] =>
  scope ? [...scopesOf(scope.parent), scope] : [];

/** Titles are written as Vitest writes them; a row that is no list is a list of one. */
const titled = (title: string, row: readonly unknown[]): string => {
  const places = title.match(/%[sdij]/g)?.length ?? 0;
  return format(title, ...row.slice(0, places));
};

/** What a test file imports from `vitest`, with the parts that register something replaced. */
function createCollector(tests: CollectedTest[]): Record<string, unknown> {
  const root: Scope = { name: '', parent: undefined, beforeAll: [], beforeEach: [], afterEach: [] };
  let current = root;
  const enter = (name: string, body: Work): void => {
    const outer = current;
    current = { name, parent: outer, beforeAll: [], beforeEach: [], afterEach: [] };
    body();
    current = outer;
  };
  const add = (name: string, run: Work): void => {
    const scope = current;
    const names = [...scopesOf(scope).map((entry) => entry.name), name];
    tests.push({ name: names.filter(Boolean).join(' > '), run, scope });
  };
  const each =
    (register: (name: string, work: Work) => void) =>
    (rows: readonly unknown[]) =>
    (title: string, body: Body): void => {
      for (const entry of rows) {
        const row = Array.isArray(entry) ? (entry as readonly unknown[]) : [entry];
        register(titled(title, row), () => body(...(row as readonly never[])));
      }
    };
  const chained = (register: (name: string, work: Work) => void): object => {
    const skip = Object.assign(() => undefined, { each: () => () => undefined });
    const full = Object.assign(register, { each: each(register), skip });
    const choose = (isOn: boolean): object => (isOn ? full : skip);
    return Object.assign(full, { runIf: choose, skipIf: (isOff: boolean) => choose(!isOff) });
  };
  const test = chained(add);
  const note = (hook: 'beforeAll' | 'beforeEach' | 'afterEach') => (work: Work) => {
    current[hook].push(work);
  };
  return {
    it: test,
    test,
    describe: chained(enter),
    beforeAll: note('beforeAll'),
    beforeEach: note('beforeEach'),
    afterEach: note('afterEach'),
    // They report or tidy up after all of a file; the module goes away with its faulty chart.
    afterAll: () => undefined,
  };
}

const fresh = new Map<string, readonly CollectedTest[]>();
const lasting = new Map<string, readonly CollectedTest[]>();

/** Has what is imported from here on made of fresh modules; what was collected to last stays as it is. */
export function forgetModules(): void {
  vi.resetModules();
  fresh.clear();
}

/**
 * The tests of a file below `test/`.
 * @param lasts for suites that make their charts anew in every test: fresh modules would only make them slow.
 */
export async function collectTests(file: string, lasts = false): Promise<readonly CollectedTest[]> {
  const collected = lasts ? lasting : fresh;
  const known = collected.get(file);
  if (known) return known;
  const tests: CollectedTest[] = [];
  const real = await vi.importActual<Record<string, unknown>>('vitest');
  vi.doMock('vitest', () => ({ ...real, ...createCollector(tests) }));
  try {
    await import(/* @vite-ignore */ new URL(`../${file}`, import.meta.url).pathname);
  } finally {
    vi.doUnmock('vitest');
  }
  collected.set(file, tests);
  return tests;
}

/** Runs tests in their order; the first failure ends it. What they print is not printed. */
export async function findFailure(tests: readonly CollectedTest[]): Promise<Failure | undefined> {
  const begun = new Set<Scope>();
  const silenced = [
    vi.spyOn(process.stdout, 'write').mockReturnValue(true),
    vi.spyOn(console, 'warn').mockReturnValue(),
  ];
  try {
    for (const { name, run, scope } of tests) {
      const scopes = scopesOf(scope);
      try {
        for (const entry of scopes) {
          if (begun.has(entry)) continue;
          begun.add(entry);
          for (const hook of entry.beforeAll) await hook();
        }
        for (const hook of scopes.flatMap((entry) => entry.beforeEach)) await hook();
        await run();
      } catch (error) {
        return { test: name, error: error instanceof Error ? error : new Error(String(error)) };
      } finally {
        for (const hook of scopes.flatMap((entry) => entry.afterEach)) await hook();
      }
    }
    return undefined;
  } finally {
    for (const spy of silenced) spy.mockRestore();
  }
}
