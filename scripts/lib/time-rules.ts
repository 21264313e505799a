/**
 * @module Finds time and chance that no test can hold still: wall-clock calls, randomness, and RxJS time operators
 * without a scheduler.
 */
import { closingBracket, lineAt } from './code.ts';
import type { Finding, SourceFile } from './files.ts';
import { findImports, type Import } from './imports.ts';

/** A bare global, or one named through globalThis; a member of something else (`clock.setTimeout`) is not it. */
const GLOBAL = String.raw`(?:(?<![\w$.#])|\bglobalThis\s*\.\s*)`;

interface Pattern {
  readonly find: RegExp;
  readonly message: string;
}

function pattern(source: string, message: string): Pattern {
  return { find: new RegExp(GLOBAL + source, 'g'), message };
}

const TIMERS = [
  pattern(String.raw`(?:setTimeout|setInterval)\b`, 'a real timer'),
  pattern(String.raw`Date\s*\.\s*now\b`, 'Date.now reads the wall clock'),
];

const IN_CHARTS: readonly Pattern[] = [
  ...TIMERS,
  pattern(String.raw`setImmediate\b`, 'a real timer'),
  pattern(String.raw`new\s+Date\s*\(\s*\)`, 'new Date() reads the wall clock'),
  pattern(String.raw`performance\b(?!\s*[:?])`, 'performance reads the wall clock'),
  pattern(String.raw`Math\s*\.\s*random\b`, 'Math.random cannot be repeated'),
  pattern(String.raw`crypto\s*\.\s*(?:randomUUID|getRandomValues)\b`, 'randomness cannot be repeated'),
];

const IN_TESTS: readonly Pattern[] = [
  ...TIMERS,
  pattern(String.raw`performance\s*\.\s*now\b`, 'performance.now reads the wall clock'),
];

const NODE_BUILTIN =
  /^(?:node:|(?:fs|net|http|https|os|path|crypto|timers|events|stream|child_process)(?:\/|$))/;
const NODE_TIMERS = /^(?:node:)?timers(?:\/|$)/;

/** What a chart may not touch: Node, time and chance. */
export function findImpureChart(file: SourceFile): Finding[] {
  const imports = findImports(file).filter(({ specifier }) => NODE_BUILTIN.test(specifier));
  return [
    ...imports.map((found) => finding(file, found.line, `a chart imports ${found.specifier}`)),
    ...findPatterns(file, IN_CHARTS, 'in a chart'),
  ];
}

/** What a test in virtual time may not touch: the wall clock and its timers. */
export function findRealTimeInTest(file: SourceFile): Finding[] {
  const imports = findImports(file).filter(({ specifier }) => NODE_TIMERS.test(specifier));
  return [
    ...imports.map((found) => finding(file, found.line, `a test in virtual time imports ${found.specifier}`)),
    ...findPatterns(file, IN_TESTS, 'in a test in virtual time'),
  ];
}

function findPatterns(file: SourceFile, patterns: readonly Pattern[], where: string): Finding[] {
  return patterns.flatMap(({ find, message }) =>
    [...file.code.matchAll(find)]
      .filter((match) => !isDeclaration(file.code, match.index, match.index + match[0].length))
      .map((match) => finding(file, lineAt(file.text, match.index), `${message}, ${where}`)),
  );
}

/** `setTimeout(run, delay) {`, `setTimeout: ...` and the like: somebody implements a clock. */
function isDeclaration(code: string, from: number, end: number): boolean {
  if (/^\s*\??\s*:/.test(code.slice(end)) && !/\?[^;\n]*$/.test(code.slice(0, from))) return true;
  if (!/^\s*\(/.test(code.slice(end)) || !/(?:^|[{};,\n])\s*$/.test(code.slice(0, from))) return false;
  const close = closingBracket(code, code.indexOf('(', end));
  return /^\s*[{:]/.test(code.slice(close + 1));
}

const TIME_OPERATORS = new Set([
  'auditTime',
  'bufferTime',
  'debounceTime',
  'delay',
  'interval',
  'sampleTime',
  'throttleTime',
  'timeInterval',
  'timeout',
  'timeoutWith',
  'timer',
  'timestamp',
  'windowTime',
]);

/** These wait on a timer only where they are given a delay. */
const WITH_DELAY = new Set(['retry', 'repeat']);

const REAL_SCHEDULERS = new Set([
  'asyncScheduler',
  'asapScheduler',
  'animationFrameScheduler',
  'async',
  'asap',
]);

/** RxJS time operators that run on the wall clock because no argument names a scheduler. */
export function findUnscheduled(file: SourceFile): Finding[] {
  return findImports(file)
    .filter(({ specifier, kind }) => /^rxjs(?:\/|$)/.test(specifier) && kind === 'value')
    .flatMap((found) => [
      ...found.names.flatMap((name) => checkBinding(file, found, name)),
      ...(found.namespace === undefined ? [] : checkNamespace(file, found.namespace)),
    ]);
}

function checkBinding(file: SourceFile, found: Import, binding: string): Finding[] {
  const [name = '', local = name] = binding.split(/\s+as\s+/);
  if (REAL_SCHEDULERS.has(name)) return [finding(file, found.line, `${name} runs on the wall clock`)];
  return checkCalls(file, name, String.raw`(?<![\w$.])${local.replaceAll('$', String.raw`\$`)}`);
}

function checkNamespace(file: SourceFile, namespace: string): Finding[] {
  return [...TIME_OPERATORS, ...WITH_DELAY].flatMap((name) =>
    checkCalls(file, name, String.raw`(?<![\w$.])${namespace}\s*\.\s*${name}`),
  );
}

function checkCalls(file: SourceFile, name: string, callee: string): Finding[] {
  if (!TIME_OPERATORS.has(name) && !WITH_DELAY.has(name)) return [];
  const call = new RegExp(String.raw`${callee}\s*(?:<[^()]*>\s*)?\(`, 'g');
  return [...file.code.matchAll(call)]
    .filter((match) => {
      const open = match.index + match[0].length - 1;
      const given = file.code.slice(open, closingBracket(file.code, open));
      // retry({ delay: () => timer(...) }) is judged by the timer inside.
      if (WITH_DELAY.has(name)) return /\bdelay\s*:\s*[\d_\w.]+\s*[,}]/.test(given);
      return !/scheduler/i.test(given);
    })
    .map((match) => finding(file, lineAt(file.text, match.index), `${name} of RxJS without a scheduler`));
}

function finding(file: SourceFile, line: number, message: string): Finding {
  return { path: file.path, line, message };
}
