/**
 * @module Checks that imports point one way and in no circle, that charts are pure, and that nothing in src or in the
 * tests of virtual time waits on the wall clock. `node scripts/check-imports.ts [ROOT]`; exit code 1 on a finding.
 */
import { areaOf, IMPORT_RULES } from './import-rules.ts';
import { type Finding, printFindings, readSources, type SourceFile } from './lib/files.ts';
import { findImports, resolveImport } from './lib/imports.ts';
import { findImpureChart, findRealTimeInTest, findUnscheduled } from './lib/time-rules.ts';

export interface ImportReport {
  readonly findings: readonly Finding[];
  /** Allowed imports across areas that leave no trace at run time: `machines -> audio` and how often. */
  readonly typeOnly: ReadonlyMap<string, number>;
}

interface Edge {
  readonly file: SourceFile;
  readonly line: number;
  readonly target: string;
  readonly kind: 'value' | 'type' | 'lazy';
  readonly typesByName: boolean;
}

/** Runs every check on the `src` and `test` folders of `root`. */
export function checkImports(root: string): ImportReport {
  const sources = readSources(root, 'src');
  const tests = readSources(root, 'test').filter(
    ({ path }) => !/^test\/(?:realtime|.*\/fixtures)\//.test(path),
  );
  const edges = sources.flatMap(edgesOf);
  const typeOnly = new Map<string, number>();
  const findings = [
    ...edges.flatMap((edge) => checkDirection(edge, typeOnly)),
    ...findCircles(edges),
    ...sources.filter(({ path }) => path.startsWith('src/machines/')).flatMap(findImpureChart),
    ...sources.flatMap(findUnscheduled),
    ...tests.flatMap(findRealTimeInTest),
  ];
  return { findings, typeOnly };
}

function edgesOf(file: SourceFile): Edge[] {
  return findImports(file).flatMap(({ specifier, line, kind, typesByName }) => {
    const target = resolveImport(file, specifier);
    return target === undefined ? [] : [{ file, line, target, kind, typesByName }];
  });
}

function checkDirection(edge: Edge, typeOnly: Map<string, number>): Finding[] {
  const from = areaOf(edge.file.path);
  const to = areaOf(edge.target);
  const { values, types } = IMPORT_RULES[from];
  if (from === to || values.includes(to)) return [];
  const asType = types.includes(to);
  if (asType && edge.kind === 'type') {
    const name = `${from} -> ${to}`;
    typeOnly.set(name, (typeOnly.get(name) ?? 0) + 1);
    return [];
  }
  const remedy = asType ? (edge.typesByName ? '; write `import type`' : ', except for its types') : '';
  return [at(edge, `${from} may not import ${to} (${edge.target})${remedy}`)];
}

/** One finding for each import that closes a circle of modules which load each other. */
function findCircles(edges: readonly Edge[]): Finding[] {
  const byFile = Map.groupBy(
    edges.filter(({ kind }) => kind === 'value'),
    ({ file }) => file.path,
  );
  const findings: Finding[] = [];
  const done = new Set<string>();
  const trail: string[] = [];
  const visit = (path: string): void => {
    trail.push(path);
    for (const edge of byFile.get(path) ?? []) {
      const start = trail.indexOf(edge.target);
      if (start !== -1) {
        findings.push(
          at(edge, `imports go in a circle: ${[...trail.slice(start), edge.target].join(' -> ')}`),
        );
      } else if (!done.has(edge.target)) visit(edge.target);
    }
    trail.pop();
    done.add(path);
  };
  for (const path of byFile.keys()) if (!done.has(path)) visit(path);
  return findings;
}

function at(edge: Edge, message: string): Finding {
  return { path: edge.file.path, line: edge.line, message };
}

if (import.meta.main) {
  const { findings, typeOnly } = checkImports(process.argv[2] ?? '.');
  const names = Array.from(typeOnly, ([name, count]) => `${name} ${count}`).sort();
  process.stdout.write(`type-only imports across folders: ${names.join(', ') || 'none'}\n`);
  printFindings('imports and time', findings);
  if (findings.length > 0) process.exitCode = 1;
}
