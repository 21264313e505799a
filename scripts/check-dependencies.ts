/**
 * @module Checks that docs/dependencies.md names every direct dependency as it is, and no other, and that nothing
 * which ships with Offhook is under a GPL licence. `node scripts/check-dependencies.ts [ROOT]`; exit code 1 if not.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const Versions = z.record(z.string(), z.string()).default({});
const Manifest = z.object({
  dependencies: Versions,
  devDependencies: Versions,
  peerDependencies: Versions,
  optionalDependencies: Versions,
});
const Lock = z.object({
  packages: z.record(
    z.string(),
    z.object({ dev: z.boolean().optional(), link: z.boolean().optional(), license: z.string().optional() }),
  ),
});
const Licensed = z.object({
  license: z.union([z.string(), z.object({ type: z.string() }).transform(({ type }) => type)]).optional(),
  licenses: z.array(z.object({ type: z.string() })).optional(),
});

/** A row of a table in the page: package, version, licence, reason. */
const ROW = /^\| `([^`]+)` \| ([^|]*?) \| ([^|]*?) \| ([^|]*?) \|$/gm;

/** Everything wrong, as sentences; empty if nothing is. */
export function checkDependencies(root: string): string[] {
  const manifest = Manifest.parse(readJson(root, 'package.json'));
  const page = readFileSync(join(root, 'docs/dependencies.md'), 'utf8');
  return [...checkPage(root, manifest, page), ...checkLicences(root)];
}

function checkPage(root: string, manifest: z.output<typeof Manifest>, page: string): string[] {
  const direct = {
    ...manifest.peerDependencies,
    ...manifest.optionalDependencies,
    ...manifest.dependencies,
    ...manifest.devDependencies,
  };
  const rows = new Map(Array.from(page.matchAll(ROW), (row) => [row[1]!, row] as const));
  const problems = [...rows.keys()]
    .filter((name) => !(name in direct))
    .map((name) => `docs/dependencies.md names ${name}, which package.json does not`);
  for (const [name, version] of Object.entries(direct)) {
    const [, , named, licence, reason] = rows.get(name) ?? [];
    if (named === undefined) problems.push(`docs/dependencies.md does not name ${name} ${version}`);
    else if (named !== version) problems.push(`docs/dependencies.md has ${name} ${named}, not ${version}`);
    else if (reason === '') problems.push(`docs/dependencies.md gives no reason for ${name}`);
    const actual = licenceOf(root, `node_modules/${name}`);
    if (named !== undefined && actual !== undefined && licence !== actual) {
      problems.push(`docs/dependencies.md has ${name} under ${licence}, its package says ${actual}`);
    }
  }
  return problems;
}

function checkLicences(root: string): string[] {
  const { packages } = Lock.parse(readJson(root, 'package-lock.json'));
  return Object.entries(packages)
    .filter(([path, { dev, link }]) => path.startsWith('node_modules/') && dev !== true && link !== true)
    .flatMap(([path, { license }]) => {
      // A binary for another platform is not installed here; the lock file knows its licence.
      const licence = licenceOf(root, path) ?? license;
      if (licence === undefined) return [`${path} ships and states no licence`];
      return isGpl(licence) ? [`${path} ships and is under ${licence}`] : [];
    });
}

/** True unless an `OR` in the expression offers another licence. */
function isGpl(expression: string): boolean {
  return expression.split(/\s+OR\s+/i).every((licence) => /GPL|GNU/i.test(licence));
}

function licenceOf(root: string, path: string): string | undefined {
  if (!existsSync(join(root, path, 'package.json'))) return undefined;
  const { license, licenses } = Licensed.parse(readJson(root, `${path}/package.json`));
  return license ?? licenses?.map(({ type }) => type).join(' OR ');
}

function readJson(root: string, path: string): unknown {
  return JSON.parse(readFileSync(join(root, path), 'utf8'));
}

if (import.meta.main) {
  const problems = checkDependencies(process.argv[2] ?? '.');
  for (const problem of problems) process.stdout.write(`${problem}\n`);
  process.stdout.write(
    `dependencies: ${problems.length === 0 ? 'nothing found' : `${problems.length} found`}\n`,
  );
  if (problems.length > 0) process.exitCode = 1;
}
