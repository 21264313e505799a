/**
 * @module The matrix as a page of the docs: what it says of each cell, how to read it, and what has no cell.
 */
import type { Cell } from './cell.ts';
import { FAULTS } from './faults.ts';
import { allowances, endOf, ENDS } from './judge.ts';
import { PASSED_THROUGH, UNREACHED } from './scenes.ts';
import { REASONS, SHORT_MS } from './silence.ts';
import { STATES } from './states.ts';
import { KINDS, type WireKind } from './wires.ts';

/** The states that have cells. */
export const ROWS = STATES.filter(
  (state) => !(state in UNREACHED) && !(PASSED_THROUGH as readonly string[]).includes(state),
);
export const COLUMNS = ['none', ...FAULTS] as const;

/** Upper ends of the classes of bytes held, in kB; between the sums that rings of powers of two come to. */
const CLASSES = [50, 120, 190, 260, 380, 560, 800, 1_049];

const classOf = (bytes: number): string => `${CLASSES.find((most) => bytes <= most * 1_000) ?? 'more'}`;

/** One cell as text: end, longest silence with its reason, memory. */
export function textOf(cell: Cell): string {
  if (cell.struck === 'never') return '·';
  const { ms, reason } = cell.silence;
  const silence = `${(Math.floor(ms / 100) / 10).toFixed(1)}${ms > 0 ? reason.letter : '-'}`;
  return `${cell.struck === 'next' ? '+' : ''}${endOf(cell)} ${silence} ${classOf(cell.peak)}`;
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');

const begin = (kind: WireKind): string => `<!-- ${kind} -->`;
const END = '<!-- end -->';

/** The table of one socket. @param text of a cell, by state and column */
export function sectionOf(kind: WireKind, text: (state: string, column: string) => string): string {
  const rows = ROWS.map((state) => [`\`${state}\``, ...COLUMNS.map((column) => text(state, column))]);
  return `${begin(kind)}\n\n${table(['state', ...COLUMNS], rows)}\n\n${END}`;
}

/** The cells of one socket as the page has them: `state column` → text. */
export function readSection(page: string, kind: WireKind): ReadonlyMap<string, string> {
  const [, section = ''] = page.split(begin(kind));
  const cells = new Map<string, string>();
  for (const line of section.split(END)[0]!.split('\n')) {
    const [state, ...texts] = line
      .split('|')
      .slice(1, -1)
      .map((text) => text.trim());
    if (!state?.startsWith('`')) continue;
    for (const [index, column] of COLUMNS.entries())
      cells.set(`${state.slice(1, -1)} ${column}`, texts[index] ?? '');
  }
  return cells;
}

/** Puts a section in its place. */
export function writeSection(page: string, kind: WireKind, section: string): string {
  const start = page.indexOf(begin(kind));
  const end = page.indexOf(END, start) + END.length;
  return page.slice(0, start) + section + page.slice(end);
}

const list = (entries: Iterable<readonly [string, string]>): string =>
  [...entries].map(([name, text]) => `- \`${name}\`: ${text}`).join('\n');

const allowedEnds = (): string => table(['fault', 'may also end as', 'why'], allowances());

const seconds = (ms: number): string => (ms === Infinity ? 'as long as it lasts' : `${ms / 1_000} s`);

/** Everything but the tables. */
export function frameOf(): string {
  const reasons = Object.values(REASONS).map(({ letter, most, why }) => [letter, seconds(most), why]);
  return `# Faults

Every socket of a call, broken in every way, in every state of the charts. Written by \`test/matrix\`
(\`DEEP=1 UPDATE_FAULTS=1 vitest run --project core test/matrix --maxWorkers=1\`) and checked against it: all cells with
\`DEEP=1\`, one for each state otherwise. A cell is one call over real sockets, on a virtual clock: it is brought into
the state, the fault strikes, the caller waits a second and a half and asks until answered. Everything is measured from
outside: on what the caller heard, on the sockets, and on the buffers.

A cell reads: how the call ended, the longest silence (in seconds) in which the agent owed the caller something, with
the reason for it, and the most that was held in memory at any moment, in kB, rounded up. \`+\`: there was no such socket
in that state, and the fault met the next one. \`·\`: there was none and came none.

The faults: \`killed\` (a FIN without a close frame), \`reset\` (RST), \`stalled\` (TCP stays up, nothing moves, what we
write piles up here), \`half-open\` (the peer is gone without a FIN; what we write is lost), \`slow\` (a reader of a third
of what is sent), \`flooded\` (valid messages at once: 3,000 about unknown calls; 50 s of caller audio; three minutes of
the model's voice), \`malformed\` (60 bad messages of every kind), \`garbled\` (bytes that are no frames). Stalled,
half-open and slow stay so for the rest of that connection.

In every cell: the end is the scene's own (column \`none\`) or one listed below; sockets, timers, files, spans, model
sessions and calls are gone afterwards; the call's log replays; and of no silence more than ${SHORT_MS / 1_000} s is unexplained.

${list(Object.entries(ENDS))}

${allowedEnds()}

Silence is explained by a wait that the charts declare, as long as that wait may be (counted from the beginning of
the silence); what is left over may be ${SHORT_MS / 1_000} s.

${table(['reason', 'at most', 'why'], reasons)}

## No cell

${list(Object.entries(UNREACHED))}
${list(PASSED_THROUGH.map((state) => [state, 'left in the step that enters it'] as const))}
`;
}

const TITLES: Readonly<Record<WireKind, string>> = {
  control: 'The control socket',
  media: 'The media socket',
  model: "The model's socket",
};

/** A page with empty tables. */
export const emptyPage = (): string =>
  `${frameOf()}${KINDS.map((kind) => `\n## ${TITLES[kind]}\n\n${begin(kind)}\n${END}\n`).join('')}`;
