/**
 * @module Golden traces: a call's log as text a person can read and a test can compare. Ids are numbered in the order
 * in which they appear; hashes and the header are left out, since replay already holds those to the byte.
 * To accept a change: `UPDATE_GOLDEN=1 npx vitest run --project core test/e2e`, then read the diff.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

const ID = /\b(?:CA[0-9a-f]{32}|(?:item|call|resp|event|evt)_[A-Za-z0-9_]+)\b/g;

/** One line an event or order: `at chart < source  type {fields}`, or `>` for an order and whom it went to. */
export function renderTrace(log: string): string {
  const ids = new Map<string, string>();
  const named = (text: string): string =>
    text.replace(ID, (id) => {
      const known = ids.get(id) ?? `${id.split(/[_0-9]/, 1)[0]!.toLowerCase()}#${ids.size + 1}`;
      ids.set(id, known);
      return known;
    });
  const lines = log.trimEnd().split('\n').slice(1);
  return lines
    .map((line) => JSON.parse(line) as [number, string, string, unknown, unknown])
    .filter(([, , kind]) => kind !== '#')
    .map(([at, chart, source, third, fourth]) => {
      const order = source === 'order';
      const { type, ...fields } = (order ? fourth : third) as { type: string };
      const more = Object.keys(fields).length > 0 ? ` ${JSON.stringify(fields)}` : '';
      const whom = order ? `> ${String(third)}` : `< ${source}`;
      return named(
        `${String(Math.round(at)).padStart(6)} ${chart.padEnd(7)} ${whom.padEnd(13)} ${type}${more}\n`,
      );
    })
    .join('');
}

/** A stored text; written anew first where UPDATE_GOLDEN is set. */
export function readGolden(file: URL, actual: string): string {
  if (process.env['UPDATE_GOLDEN'] === '1') {
    mkdirSync(dirname(file.pathname), { recursive: true });
    writeFileSync(file, actual);
  }
  return readFileSync(file, 'utf8');
}
