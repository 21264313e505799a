/**
 * @module Files that a script makes from the sources: written, or with `--check` held against what would be written.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Path from the root, and what the file has to hold. */
export type GeneratedFiles = ReadonlyMap<string, string>;

/**
 * Finds the files that are not what they should be.
 * @param folder holds made files only: what else lies there is stale
 */
export function findStale(root: string, files: GeneratedFiles, folder?: string): string[] {
  const stale = [...files]
    .filter(([path, content]) => read(join(root, path)) !== content)
    .map(([path]) => path);
  return [...stale, ...findLeft(root, files, folder)];
}

/** Writes them all, and removes what is left over in `folder`. */
export function writeGenerated(root: string, files: GeneratedFiles, folder?: string): void {
  for (const [path, content] of files) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  for (const path of findLeft(root, files, folder)) rmSync(join(root, path));
}

/** What a script's command line does. Sets exit code 1 where `--check` finds a stale file. */
export function finish(
  files: GeneratedFiles,
  options: { readonly remake: string; readonly folder?: string },
): void {
  const root = join(import.meta.dirname, '../..');
  if (!process.argv.includes('--check')) {
    writeGenerated(root, files, options.folder);
    return;
  }
  for (const path of findStale(root, files, options.folder)) {
    process.stderr.write(`${path} is stale: run ${options.remake}\n`);
    process.exitCode = 1;
  }
}

function findLeft(root: string, files: GeneratedFiles, folder: string | undefined): string[] {
  if (folder === undefined || !existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder))
    .map((name) => `${folder}/${name}`)
    .filter((path) => !files.has(path))
    .sort();
}

function read(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}
