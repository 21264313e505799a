/** @module Which files a check looks at, and how it names them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { maskCode } from './code.ts';

export interface SourceFile {
  /** From the root, with slashes: `src/audio/g711.ts`. */
  readonly path: string;
  readonly text: string;
  /** `text` without its words; see `maskCode`. */
  readonly code: string;
}

/** Every TypeScript file under `folder` of `root`, sorted; none where there is no such folder. */
export function readSources(root: string, folder: string): SourceFile[] {
  const base = join(root, folder);
  if (!existsSync(base)) return [];
  return readdirSync(base, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((file) => {
      const text = readFileSync(file, 'utf8');
      const path = relative(root, file).split(sep).join('/');
      return { path, text, code: maskCode(text) };
    });
}

/** One line that breaks a rule. */
export interface Finding {
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

/** Prints findings as `path:line: message`, and says how many there are. */
export function printFindings(title: string, findings: readonly Finding[]): void {
  for (const { path, line, message } of findings) process.stdout.write(`${path}:${line}: ${message}\n`);
  process.stdout.write(`${title}: ${findings.length === 0 ? 'nothing found' : `${findings.length} found`}\n`);
}
