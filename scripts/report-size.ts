/**
 * @module Prints the five longest files of src and inspect and every function over 40 lines, so that growth is seen
 * early. `node scripts/report-size.ts [ROOT]`; exit code 1 only for a file over 400 lines.
 */
import { closingBracket, lineAt } from './lib/code.ts';
import { type Finding, readSources, type SourceFile } from './lib/files.ts';

/** A file past this is split by concept. */
const LONGEST_FILE = 400;
/** A function past this is worth a look. */
const LONGEST_FUNCTION = 40;

export interface SizeReport {
  /** Longest first. */
  readonly files: readonly { readonly path: string; readonly lines: number }[];
  readonly tooLong: readonly string[];
  /** Functions over 40 lines, longest first; the message holds the length and the first line. */
  readonly functions: readonly Finding[];
}

/** Measures the sources under `root`. */
export function reportSize(root: string): SizeReport {
  const sources = [...readSources(root, 'src'), ...readSources(root, 'inspect')];
  const files = sources
    .map(({ path, text }) => ({ path, lines: text.split('\n').length - (text.endsWith('\n') ? 1 : 0) }))
    .sort((a, b) => b.lines - a.lines);
  const functions = sources
    .flatMap(findLongFunctions)
    .sort((a, b) => b.lines - a.lines)
    .map(({ path, line, message }) => ({ path, line, message }));
  const tooLong = files.filter(({ lines }) => lines > LONGEST_FILE).map(({ path }) => path);
  return { files, tooLong, functions };
}

function findLongFunctions(file: SourceFile): (Finding & { lines: number })[] {
  const { path, text, code } = file;
  const found: (Finding & { lines: number })[] = [];
  for (let open = code.indexOf('{'); open !== -1; open = code.indexOf('{', open + 1)) {
    const head = headOfFunction(code, open);
    if (head === undefined) continue;
    const line = lineAt(text, head);
    const lines = lineAt(text, closingBracket(code, open)) - line + 1;
    if (lines <= LONGEST_FUNCTION) continue;
    const first = text.split('\n')[line - 1]?.trim().slice(0, 80) ?? '';
    found.push({ path, line, lines, message: `${lines} lines: ${first}` });
  }
  return found;
}

/** Where the function begins whose body opens at `open`; undefined where the brace is no such body. */
function headOfFunction(code: string, open: number): number | undefined {
  const before = code.slice(Math.max(0, open - 2_000), open);
  const offset = open - before.length;
  const arrow = /=>\s*$/.exec(before);
  // A return type may stand between the parameters and the body.
  const close = arrow
    ? /\)\s*(?::[^;={}()]*)?=>\s*$/.exec(before)?.index
    : /\)\s*(?::[^;=()]*)?$/.exec(before)?.index;
  if (close === undefined) return arrow ? offset + arrow.index : undefined;
  const start = openingBracket(before, close);
  const name = /([\w$#]+)\s*(?:<[^()]*>)?\s*$/.exec(before.slice(0, start));
  if (!arrow && (!name || /^(?:if|for|while|switch|catch|with)$/.test(name[1]!))) return undefined;
  return offset + (arrow || !name ? start : name.index);
}

function openingBracket(code: string, close: number): number {
  let depth = 0;
  for (let at = close; at >= 0; at -= 1) {
    if (')]}'.includes(code[at]!)) depth += 1;
    else if ('([{'.includes(code[at]!)) {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  return 0;
}

if (import.meta.main) {
  const { files, tooLong, functions } = reportSize(process.argv[2] ?? '.');
  const say = (text: string): boolean => process.stdout.write(`${text}\n`);
  say('longest files:');
  for (const { path, lines } of files.slice(0, 5)) say(`  ${lines} ${path}`);
  say(`functions over ${LONGEST_FUNCTION} lines: ${functions.length === 0 ? 'none' : functions.length}`);
  for (const { path, line, message } of functions) say(`  ${path}:${line}: ${message}`);
  for (const path of tooLong) say(`over ${LONGEST_FILE} lines, split it: ${path}`);
  if (tooLong.length > 0) process.exitCode = 1;
}
