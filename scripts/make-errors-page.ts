/**
 * @module Writes docs/errors.md from the registry in src/errors.ts. `node scripts/make-errors-page.ts [--check]`:
 * with `--check` nothing is written, and the exit code is 1 where the page is not what would be written.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { ERRORS } from '../src/errors.ts';

const PAGE = new URL('../docs/errors.md', import.meta.url);

type Registry = Readonly<
  Record<string, { message: string; expected: string; hint: string; retryable: boolean }>
>;

/** The page for a registry: one section per code, so that a code is an anchor. */
export function makeErrorsPage(errors: Registry): string {
  const codes = Object.keys(errors);
  const sections = Object.entries(errors).map(([code, { message, expected, hint, retryable }]) =>
    [
      `## ${code}`,
      '',
      escapeMarkdown(message),
      '',
      `- Expected: ${escapeMarkdown(expected)}`,
      `- What to do: ${escapeMarkdown(hint)}`,
      `- Worth trying again as it is: ${retryable ? 'yes' : 'no'}`,
      '',
    ].join('\n'),
  );
  return [
    '# Errors',
    '',
    '<!-- Made by `node scripts/make-errors-page.ts` from src/errors.ts. Change it there. -->',
    '',
    'Everything that Offhook throws or reports is an `OffhookError` with one of these codes in `code`. A code never',
    'changes its meaning: match on it, not on `message`. `expected` and `hint` say what would have been right and what to',
    'do; `retryable` is true where the same call may succeed later without a change; `cause` holds the original error',
    'where there is one, and `call` the id of the call.',
    '',
    ...codes.map((code) => `- [${code}](#${code.toLowerCase()})`),
    '',
    ...sections,
  ].join('\n');
}

/** Text outside code spans, safe from being read as HTML or emphasis. */
function escapeMarkdown(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part, index) => (index % 2 === 1 ? part : part.replace(/[<>*_]/g, String.raw`\$&`)))
    .join('');
}

function readPage(): string {
  try {
    return readFileSync(PAGE, 'utf8');
  } catch {
    return '';
  }
}

if (import.meta.main) {
  const page = makeErrorsPage(ERRORS);
  if (!process.argv.includes('--check')) writeFileSync(PAGE, page);
  else if (readPage() !== page) {
    process.stderr.write('docs/errors.md is stale: run node scripts/make-errors-page.ts\n');
    process.exitCode = 1;
  }
}
