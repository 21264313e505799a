/** @module Finds what a source file imports: statically, lazily or only for its types. */
import { posix } from 'node:path';
import { lineAt } from './code.ts';
import type { SourceFile } from './files.ts';

export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** `type` leaves no trace at run time; `lazy` is `import()`. */
  readonly kind: 'value' | 'type' | 'lazy';
  /** Named bindings as written, `a as b` included, without `type`. */
  readonly names: readonly string[];
  /** The `x` of `import * as x`. */
  readonly namespace: string | undefined;
  /** Only types by name, yet the module is loaded: `import { type A } from`. */
  readonly typesByName: boolean;
}

const STATIC =
  /(?<![\w$.])(import|export)(\s+type(?=\s*[{*]|\s+[\w$]+\s+from\b))?\s*(?:[\w$]+\s*,?\s*)?(?:\*(?:\s*as\s+([\w$]+))?|\{([^{}]*)\})?\s*(?:\bfrom)?\s*(['"])( *)\5/g;
const LAZY = /(?<![\w$.])import\s*\(\s*(['"])( *)\1/g;

/** Every import and re-export of `file`, in order of kind and place. */
export function findImports({ text, code }: SourceFile): Import[] {
  const found: Import[] = [];
  for (const match of code.matchAll(STATIC)) {
    const [whole, keyword, type, namespace, braces, , inside = ''] = match;
    if (keyword === 'export' && !/\bfrom\s*['"] *['"]$/.test(whole)) continue;
    const names = (braces ?? '').split(',').map((name) => name.trim());
    const named = names.filter((name) => name !== '');
    found.push({
      specifier: specifierAt(text, match.index + whole.length, inside),
      line: lineAt(text, match.index),
      kind: type === undefined ? 'value' : 'type',
      names: named.map((name) => name.replace(/^type\s+/, '')),
      namespace,
      typesByName:
        type === undefined &&
        named.length > 0 &&
        named.every((name) => /^type\s/.test(name)) &&
        /^\w+\s*\{/.test(whole),
    });
  }
  for (const match of code.matchAll(LAZY)) {
    const specifier = specifierAt(text, match.index + match[0].length, match[2] ?? '');
    const line = lineAt(text, match.index);
    found.push({ specifier, line, kind: 'lazy', names: [], namespace: undefined, typesByName: false });
  }
  return found;
}

function specifierAt(text: string, end: number, inside: string): string {
  return text.slice(end - 1 - inside.length, end - 1);
}

/** The path from the root that a relative specifier means; undefined for a package. */
export function resolveImport(file: SourceFile, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  return posix.normalize(posix.join(posix.dirname(file.path), specifier));
}
